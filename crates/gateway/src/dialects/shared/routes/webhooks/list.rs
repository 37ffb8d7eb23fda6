//! `GET /pro/api/webhooks`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListWebhooksRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::webhook::WebhookList,
    edge::auth::{ProPrincipal, needs::WebhooksRead},
    edge::failure::FailureResponse,
};

/// Lists the user's webhooks, without their secrets.
#[utoipa::path(get, path = "/webhooks", tag = "pro", operation_id = "list_webhooks", security(("pro" = ["webhooks:read"])),
    responses((status = 200, body = WebhookList, description = "The webhooks"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksRead>,
) -> Result<Json<WebhookList>, FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = ListWebhooksRequest {
        owner_user_id,
        limited_owner,
    };
    let answer = app.mailbox().list_webhooks(request).await?.into_inner();
    Ok(Json(WebhookList {
        webhooks: answer.webhooks.into_iter().map(Into::into).collect(),
    }))
}
