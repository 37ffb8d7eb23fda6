//! `GET /pro/api/me`

use axum::{Json, extract::State};

use crate::dialects::mailcx::responses;
use crate::{
    app::{App, get_user::ProUser},
    dialects::mailcx::views::{pro::ProMe, timestamp},
    edge::auth::ProPrincipal,
    edge::failure::FailureResponse,
};

/// Returns the Pro user.
#[utoipa::path(get, path = "/me", tag = "pro", operation_id = "get_pro_me", security(("pro" = [])),
    responses((status = 200, body = ProMe, description = "The Pro user"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal,
) -> Result<Json<ProMe>, FailureResponse> {
    let ProUser { user, usage } = app.get_user(principal.user_id).await?;
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
