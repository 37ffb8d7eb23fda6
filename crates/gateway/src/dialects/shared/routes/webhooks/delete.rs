//! `DELETE /pro/api/webhooks/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteWebhookRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::auth::{ProPrincipal, needs::WebhooksWrite},
    edge::client_address::ClientAddress,
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Deletes a webhook. What waits for it is dropped.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "pro", operation_id = "delete_webhook", security(("pro" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 204, description = "It is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksWrite>,
    client: ClientAddress,
    Segments(webhook_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let changer = principal.changer(client.0);
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = DeleteWebhookRequest {
        owner_user_id,
        limited_owner,
        webhook_id: webhook_id.clone(),
    };
    app.mailbox().delete_webhook(request).await?;
    app.report_change(changer, "webhook.deleted", webhook_id).await;
    Ok(StatusCode::NO_CONTENT)
}
