//! `GET /pro/api/me`

use axum::{Json, extract::State};
use mayfly_proto::{auth::GetUserRequest, mailbox::GetUsageRequest};

use crate::dialects::mailcx::responses;
use crate::{
    app::App,
    dialects::mailcx::views::{pro::ProMe, timestamp},
    edge::auth::ProPrincipal,
    edge::failure::FailureResponse,
};

/// Tells about the Pro user that asks.
#[utoipa::path(get, path = "/me", tag = "pro", operation_id = "get_pro_me", security(("pro" = [])),
    responses((status = 200, body = ProMe, description = "The Pro user"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal,
) -> Result<Json<ProMe>, FailureResponse> {
    let (mut auth, mut mailbox) = (app.auth(), app.mailbox());
    let user = auth.get_user(GetUserRequest {
        user_id: principal.user_id.clone(),
    });
    let usage = mailbox.get_usage(GetUsageRequest {
        owner_user_id: principal.user_id.clone(),
    });
    let (user, usage) = tokio::try_join!(user, usage)?;
    let (user, usage) = (user.into_inner(), usage.into_inner());
    Ok(Json(ProMe {
        id: user.user_id,
        email: user.email,
        plan: "pro",
        role: "user",
        status: "active",
        max_accounts: usage.max_accounts,
        account_count: usage.account_count,
        max_domains: usage.max_domains,
        domain_count: usage.domain_count,
        created_at: timestamp(user.created_at),
    }))
}
