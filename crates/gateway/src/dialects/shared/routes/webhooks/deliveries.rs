//! `GET /pro/api/webhooks/{id}/deliveries`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListWebhookDeliveriesRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::webhook::DeliveryList,
    edge::auth::{ProPrincipal, needs::WebhooksRead},
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Lists the newest 20 delivery attempts of a webhook.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "pro", operation_id = "list_webhook_deliveries",
    security(("pro" = ["webhooks:read"])), params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, body = DeliveryList, description = "The deliveries"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksRead>,
    Segments(webhook_id): Segments<String>,
) -> Result<Json<DeliveryList>, FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = ListWebhookDeliveriesRequest {
        owner_user_id,
        limited_owner,
        webhook_id,
    };
    let answer = app.mailbox().list_webhook_deliveries(request).await?;
    let deliveries = answer.into_inner().deliveries;
    Ok(Json(DeliveryList {
        deliveries: deliveries.into_iter().map(Into::into).collect(),
    }))
}
