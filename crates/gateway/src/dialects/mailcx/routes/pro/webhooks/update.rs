//! `PUT /pro/api/webhooks/{id}`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::UpdateWebhookRequest;
use mayfly_rpc::Failure;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::webhook::Webhook,
    edge::auth::{ProPrincipal, needs::WebhooksWrite},
    edge::json::JsonBody,
    edge::search_query::{Rejected, understood_filter},
    edge::segments::Segments,
};

/// What is to be changed of a webhook.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WebhookChange {
    /// A query, as of a search: docs/SEARCH.md. Null or empty removes it.
    #[schema(required, max_length = 512)]
    // A missing field is an error; without this, serde reads it as null.
    #[serde(deserialize_with = "Option::deserialize")]
    filter: Option<String>,
}

/// Sets the filter of a webhook. It applies to messages that arrive later.
#[utoipa::path(put, path = "/webhooks/{id}", tag = "pro", operation_id = "update_webhook", security(("pro" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook")), request_body = WebhookChange,
    responses((status = 200, body = Webhook, description = "The webhook"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksWrite>,
    Segments(webhook_id): Segments<String>,
    JsonBody(body): JsonBody<WebhookChange>,
) -> Result<Json<Webhook>, Rejected> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = UpdateWebhookRequest {
        owner_user_id,
        limited_owner,
        webhook_id,
        filter: understood_filter(body.filter)?,
    };
    let updated = app.mailbox().update_webhook(request).await?.into_inner();
    let webhook = updated
        .webhook
        .ok_or_else(|| Rejected::Other(Failure::internal("a webhook is missing")))?;
    Ok(Json(webhook.into()))
}
