//! `GET /pro/api/sandboxes`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListSandboxesRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::sandbox::{Sandbox, SandboxList},
    edge::auth::{ProPrincipal, needs::SandboxRead},
    edge::failure::FailureResponse,
};

/// Lists the user's sandboxes, oldest first, without their passwords.
#[utoipa::path(get, path = "/sandboxes", tag = "pro", operation_id = "list_sandboxes", security(("pro" = ["sandbox:read"])),
    responses((status = 200, body = SandboxList, description = "The sandboxes"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<SandboxRead>,
) -> Result<Json<SandboxList>, FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = ListSandboxesRequest {
        owner_user_id,
        limited_owner,
    };
    let listed = app.mailbox().list_sandboxes(request).await?.into_inner();
    let sandboxes = listed.sandboxes.into_iter();
    Ok(Json(SandboxList {
        sandboxes: sandboxes
            .map(|sandbox| Sandbox::new(sandbox, &app.submission))
            .collect(),
    }))
}
