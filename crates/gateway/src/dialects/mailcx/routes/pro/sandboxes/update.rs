//! `PATCH /pro/api/sandboxes/{id}`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::UpdateSandboxRequest;
use mayfly_rpc::Failure;
use serde::Deserialize;
use utoipa::ToSchema;

use super::create::retention_secs;
use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::sandbox::Sandbox,
    edge::auth::{ProPrincipal, needs::SandboxWrite},
    edge::failure::FailureResponse,
    edge::json::JsonBody,
    edge::segments::Segments,
};

/// Settings to change; absent and null ones stay.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SandboxChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(minimum = 1, maximum = 10000)]
    max_messages: Option<u32>,
    /// Such as `7d` or `12h`.
    retention: Option<String>,
    deliver_to_own: Option<bool>,
}

/// Changes the settings of a sandbox.
#[utoipa::path(patch, path = "/sandboxes/{id}", tag = "pro", operation_id = "update_sandbox", security(("pro" = ["sandbox:write"])),
    params(("id" = String, Path, description = "The sandbox")), request_body = SandboxChange,
    responses((status = 200, body = Sandbox, description = "The sandbox"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<SandboxWrite>,
    Segments(sandbox_id): Segments<String>,
    JsonBody(body): JsonBody<SandboxChange>,
) -> Result<Json<Sandbox>, FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = UpdateSandboxRequest {
        owner_user_id,
        limited_owner,
        sandbox_id,
        name: body.name,
        max_messages: body.max_messages,
        retention_secs: retention_secs(body.retention.as_deref())?,
        deliver_to_own: body.deliver_to_own,
    };
    let updated = app.mailbox().update_sandbox(request).await?.into_inner();
    let sandbox = updated
        .sandbox
        .ok_or_else(|| Failure::internal("a sandbox is missing"))?;
    Ok(Json(Sandbox::new(sandbox, &app.submission)))
}
