//! `POST /pro/api/sandboxes/{id}/rotate`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::sandbox::NewSandbox,
    edge::auth::{ProPrincipal, needs::SandboxWrite},
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Replaces the password of a sandbox. The old one is refused from then on, also in open sessions.
#[utoipa::path(post, path = "/sandboxes/{id}/rotate", tag = "pro", operation_id = "rotate_sandbox", security(("pro" = ["sandbox:write"])),
    params(("id" = String, Path, description = "The sandbox")),
    responses((status = 200, body = NewSandbox, description = "The sandbox and its new password"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<SandboxWrite>,
    Segments(sandbox_id): Segments<String>,
) -> Result<Json<NewSandbox>, FailureResponse> {
    let rotated = app.rotate_sandbox(principal.owner(), sandbox_id).await?;
    Ok(Json(NewSandbox::new(rotated, &app.submission)))
}
