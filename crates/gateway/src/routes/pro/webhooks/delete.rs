//! `DELETE /pro/api/webhooks/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteWebhookRequest;

use crate::{auth::ProPrincipal, error::ApiError, segments::Segments, state::Gateway};

/// Deletes a webhook. What waits for it is dropped.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "pro", operation_id = "delete_webhook", security(("pro" = [])),
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    Segments(webhook_id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    let request = DeleteWebhookRequest {
        owner_user_id: principal.user_id,
        webhook_id,
    };
    gateway.mailbox().delete_webhook(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
