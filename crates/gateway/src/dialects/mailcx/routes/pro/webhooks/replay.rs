//! `POST /pro/api/webhooks/{id}/deliveries/{delivery_id}/replay`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::ReplayWebhookDeliveryRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::webhook::QueuedEvent,
    edge::auth::{ProPrincipal, needs::WebhooksWrite},
    edge::failure::FailureResponse,
    edge::idempotency_key::IdempotencyKey,
    edge::segments::Segments,
};

/// Sends the event of a delivery again, with the same id.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery_id}/replay", tag = "pro",
    operation_id = "replay_webhook_delivery", security(("pro" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook"), ("delivery_id" = String, Path, description = "The delivery"), IdempotencyKey),
    responses((status = 202, body = QueuedEvent, description = "The event is queued"), responses::Bearer, responses::Missing, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksWrite>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Segments((webhook_id, delivery_id)): Segments<(String, String)>,
) -> Result<(StatusCode, Json<QueuedEvent>), FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = ReplayWebhookDeliveryRequest {
        owner_user_id,
        limited_owner,
        webhook_id,
        delivery_id,
        idempotency_key,
    };
    let answer = app.mailbox().replay_webhook_delivery(request).await?;
    let event_id = answer.into_inner().event_id;
    Ok((StatusCode::ACCEPTED, Json(QueuedEvent { event_id })))
}
