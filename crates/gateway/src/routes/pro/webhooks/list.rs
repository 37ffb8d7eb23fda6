//! `GET /pro/api/webhooks`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListWebhooksRequest;

use crate::{auth::ProPrincipal, error::ApiError, state::Gateway, views::webhook::WebhookList};

/// Lists the user's webhooks, without their secrets.
#[utoipa::path(get, path = "/webhooks", tag = "pro", operation_id = "list_webhooks", security(("pro" = [])),
    responses((status = 200, body = WebhookList)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
) -> Result<Json<WebhookList>, ApiError> {
    let request = ListWebhooksRequest {
        owner_user_id: principal.user_id,
    };
    let answer = gateway.mailbox().list_webhooks(request).await?.into_inner();
    Ok(Json(WebhookList {
        webhooks: answer.webhooks.into_iter().map(Into::into).collect(),
    }))
}
