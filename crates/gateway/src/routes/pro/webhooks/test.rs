//! `POST /pro/api/webhooks/{id}/test`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::TestWebhookRequest;

use crate::{
    auth::ProPrincipal, error::ApiError, idempotency_key::IdempotencyKey, segments::Segments, state::Gateway,
    views::webhook::QueuedEvent,
};

/// Has a sample event told. How it went is among the deliveries.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "pro", operation_id = "test_webhook", security(("pro" = [])),
    params(("id" = String, Path, description = "The webhook"), IdempotencyKey),
    responses((status = 202, body = QueuedEvent)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Segments(webhook_id): Segments<String>,
) -> Result<(StatusCode, Json<QueuedEvent>), ApiError> {
    let request = TestWebhookRequest {
        owner_user_id: principal.user_id,
        webhook_id,
        idempotency_key,
    };
    let event_id = gateway
        .mailbox()
        .test_webhook(request)
        .await?
        .into_inner()
        .event_id;
    Ok((StatusCode::ACCEPTED, Json(QueuedEvent { event_id })))
}
