//! `GET /pro/api/sandbox`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::sandbox::DefaultSandbox,
    edge::auth::{ProPrincipal, needs::SandboxRead},
    edge::failure::FailureResponse,
};

/// Shows the sandbox that the user's API tokens send to, and where an application sends its mail.
#[utoipa::path(get, path = "/sandbox", tag = "pro", operation_id = "get_default_sandbox", security(("pro" = ["sandbox:read"])),
    responses((status = 200, body = DefaultSandbox, description = "The sandbox"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<SandboxRead>,
) -> Result<Json<DefaultSandbox>, FailureResponse> {
    let sandbox = app.default_sandbox(principal.owner()).await?;
    Ok(Json(DefaultSandbox::new(sandbox.as_ref(), &app.submission)))
}
