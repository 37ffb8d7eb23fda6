//! `POST /pro/api/webhooks/{id}/test`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::TestWebhookRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::webhook::QueuedEvent,
    edge::auth::{ProPrincipal, needs::WebhooksWrite},
    edge::failure::FailureResponse,
    edge::idempotency_key::IdempotencyKey,
    edge::segments::Segments,
};

/// Sends a sample event. Its attempts are listed as deliveries.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "pro", operation_id = "test_webhook", security(("pro" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook"), IdempotencyKey),
    responses((status = 202, body = QueuedEvent, description = "The event is queued"), responses::Bearer, responses::Missing, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksWrite>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Segments(webhook_id): Segments<String>,
) -> Result<(StatusCode, Json<QueuedEvent>), FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = TestWebhookRequest {
        owner_user_id,
        limited_owner,
        webhook_id,
        idempotency_key,
    };
    let event_id = app.mailbox().test_webhook(request).await?.into_inner().event_id;
    Ok((StatusCode::ACCEPTED, Json(QueuedEvent { event_id })))
}
