//! `DELETE /pro/api/sandboxes/{id}`

use axum::{extract::State, http::StatusCode};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::auth::{ProPrincipal, needs::SandboxWrite},
    edge::client_address::ClientAddress,
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Deletes a sandbox with its mail. Its login is refused from then on, also in open sessions.
#[utoipa::path(delete, path = "/sandboxes/{id}", tag = "pro", operation_id = "delete_sandbox", security(("pro" = ["sandbox:write"])),
    params(("id" = String, Path, description = "The sandbox")),
    responses((status = 204, description = "It is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<SandboxWrite>,
    client: ClientAddress,
    Segments(sandbox_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let changer = principal.changer(client.0);
    app.delete_sandbox(principal.owner(), sandbox_id.clone()).await?;
    app.report_change(changer, "sandbox.deleted", sandbox_id).await;
    Ok(StatusCode::NO_CONTENT)
}
