//! `DELETE /pro/api/webhooks/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteWebhookRequest;

use crate::dialects::shared::responses;
use crate::{app::App, edge::auth::ProPrincipal, edge::failure::FailureResponse, edge::segments::Segments};

/// Deletes a webhook. What waits for it is dropped.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "pro", operation_id = "delete_webhook", security(("pro" = [])),
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 204, description = "It is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal,
    Segments(webhook_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteWebhookRequest {
        owner_user_id: principal.user_id,
        webhook_id,
    };
    app.mailbox().delete_webhook(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
