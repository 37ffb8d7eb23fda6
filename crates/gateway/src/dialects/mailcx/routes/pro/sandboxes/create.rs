//! `POST /pro/api/sandboxes`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::CreateSandboxRequest;
use mayfly_rpc::Failure;
use mayfly_runtime::config::ConfigDuration;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::sandbox::NewSandbox,
    edge::auth::{ProPrincipal, needs::SandboxWrite},
    edge::failure::FailureResponse,
    edge::json::JsonBody,
};

/// A new sandbox.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SandboxRequest {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// 1000 by default; more than these remove the oldest.
    #[schema(minimum = 1, maximum = 10000)]
    max_messages: Option<u32>,
    /// How long messages are kept: `7d` by default, at least `1m`, at most as long as the server keeps mail.
    retention: Option<String>,
    /// Recipients that are mailboxes of the user get the mail too; true by default.
    deliver_to_own: Option<bool>,
}

/// Reads a duration such as `7d`.
pub(super) fn retention_secs(text: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(text) = text else {
        return Ok(None);
    };
    let duration: ConfigDuration = text
        .parse()
        .map_err(|_| Failure::invalid_request("retention: must be a duration such as 7d or 12h"))?;
    Ok(Some(i64::try_from(duration.0.as_secs()).unwrap_or(i64::MAX)))
}

/// Creates a sandbox. Its password is in this answer and nowhere else.
#[utoipa::path(post, path = "/sandboxes", tag = "pro", operation_id = "create_sandbox", security(("pro" = ["sandbox:write"])),
    request_body = SandboxRequest, responses((status = 201, body = NewSandbox, description = "The sandbox and its password"), responses::JsonBody, responses::Bearer, responses::NewSandbox, responses::OutsideLimits, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<SandboxWrite>,
    JsonBody(body): JsonBody<SandboxRequest>,
) -> Result<(StatusCode, Json<NewSandbox>), FailureResponse> {
    let request = CreateSandboxRequest {
        name: body.name,
        max_messages: body.max_messages,
        retention_secs: retention_secs(body.retention.as_deref())?,
        deliver_to_own: body.deliver_to_own,
        ..CreateSandboxRequest::default()
    };
    let created = app.create_sandbox(principal.owner(), request).await?;
    let body = NewSandbox::new(created, &app.submission);
    Ok((StatusCode::CREATED, Json(body)))
}
