//! `POST /pro/api/webhooks/{id}/rotate`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::RotateWebhookSecretRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::webhook::RotatedSecret,
    edge::auth::{ProPrincipal, needs::WebhooksWrite},
    edge::failure::FailureResponse,
    edge::idempotency_key::IdempotencyKey,
    edge::segments::Segments,
};

/// Replaces the secret of a webhook and activates it. The old secret also signs for a day.
#[utoipa::path(post, path = "/webhooks/{id}/rotate", tag = "pro", operation_id = "rotate_webhook_secret",
    security(("pro" = ["webhooks:write"])), params(("id" = String, Path, description = "The webhook"), IdempotencyKey),
    responses((status = 200, body = RotatedSecret, description = "The new secret"), responses::Bearer, responses::Missing, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksWrite>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Segments(webhook_id): Segments<String>,
) -> Result<Json<RotatedSecret>, FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = RotateWebhookSecretRequest {
        owner_user_id,
        limited_owner,
        webhook_id: webhook_id.clone(),
        idempotency_key,
    };
    let rotated = app.mailbox().rotate_webhook_secret(request).await?;
    Ok(Json(RotatedSecret {
        id: webhook_id,
        secret: rotated.into_inner().secret,
    }))
}
