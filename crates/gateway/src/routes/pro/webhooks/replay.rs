//! `POST /pro/api/webhooks/{id}/deliveries/{delivery_id}/replay`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::ReplayWebhookDeliveryRequest;

use crate::{
    auth::ProPrincipal, error::ApiError, idempotency_key::IdempotencyKey, segments::Segments, state::Gateway,
    views::webhook::QueuedEvent,
};

/// Has the event of a delivery told again, with the same id.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery_id}/replay", tag = "pro",
    operation_id = "replay_webhook_delivery", security(("pro" = [])),
    params(("id" = String, Path, description = "The webhook"), ("delivery_id" = String, Path, description = "The delivery"), IdempotencyKey),
    responses((status = 202, body = QueuedEvent)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Segments((webhook_id, delivery_id)): Segments<(String, String)>,
) -> Result<(StatusCode, Json<QueuedEvent>), ApiError> {
    let request = ReplayWebhookDeliveryRequest {
        owner_user_id: principal.user_id,
        webhook_id,
        delivery_id,
        idempotency_key,
    };
    let answer = gateway.mailbox().replay_webhook_delivery(request).await?;
    let event_id = answer.into_inner().event_id;
    Ok((StatusCode::ACCEPTED, Json(QueuedEvent { event_id })))
}
