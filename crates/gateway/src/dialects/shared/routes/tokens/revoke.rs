//! `DELETE /pro/api/tokens/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::auth::RevokeTokenRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::auth::{ProPrincipal, needs::Tokens},
    edge::client_address::ClientAddress,
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Revokes an API token: no request begun after this answer is accepted with it.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "pro", operation_id = "revoke_token", security(("pro" = [])),
    params(("id" = String, Path, description = "The token")),
    responses((status = 204, description = "The token is void"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<Tokens>,
    client: ClientAddress,
    Segments(token_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let request = RevokeTokenRequest {
        actor: Some(principal.pro.actor(client.0)),
        user_id: principal.pro.user_id,
        token_id,
    };
    app.auth().revoke_token(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
