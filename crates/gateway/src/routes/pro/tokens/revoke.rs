//! `DELETE /pro/api/tokens/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::auth::RevokeTokenRequest;

use crate::{auth::ProPrincipal, error::ApiError, segments::Segments, state::Gateway};

/// Revokes an API token: no request begun after this answer is accepted with it.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "pro", operation_id = "revoke_token", security(("pro" = [])),
    params(("id" = String, Path, description = "The token")),
    responses((status = 204, description = "The token is void")))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    Segments(token_id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    let request = RevokeTokenRequest {
        user_id: principal.user_id,
        token_id,
    };
    gateway.auth().revoke_token(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
