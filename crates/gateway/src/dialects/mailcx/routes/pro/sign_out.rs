//! `DELETE /pro/api/sessions`

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use mayfly_proto::auth::SignOutUserRequest;
use mayfly_rpc::Failure;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::auth::{ProPrincipal, needs::WholeUser},
    edge::failure::FailureResponse,
};

/// Signs the user out everywhere: no request begun after this answer is accepted with an earlier JWT, that of the call
/// included.
#[utoipa::path(delete, path = "/sessions", tag = "pro", operation_id = "sign_out_everywhere", security(("pro" = [])),
    params(("tokens" = Option<bool>, Query, description = "Whether API tokens are revoked too; `false` by default")),
    responses((status = 204, description = "The tokens are void"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WholeUser>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, FailureResponse> {
    let request = SignOutUserRequest {
        user_id: principal.pro.user_id,
        revoke_tokens: tokens(query.as_deref().unwrap_or_default())?,
    };
    app.auth().sign_out_user(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tokens(query: &str) -> Result<bool, Failure> {
    match form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "tokens") {
        Some((_, tokens)) => tokens
            .parse()
            .map_err(|_| Failure::invalid_request("tokens: must be true or false")),
        None => Ok(false),
    }
}
