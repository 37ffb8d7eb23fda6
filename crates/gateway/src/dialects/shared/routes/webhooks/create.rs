//! `POST /pro/api/webhooks`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::CreateWebhookRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use mayfly_rpc::Failure;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::webhook::{EventType, NewWebhook},
    edge::auth::{ProPrincipal, needs::WebhooksWrite},
    edge::idempotency_key::IdempotencyKey,
    edge::json::JsonBody,
    edge::search_query::{Rejected, understood_filter},
};

/// Where to send what.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WebhookTarget {
    /// Begins with https://, and leads to a public address.
    url: String,
    /// Absent, null or empty means all: `email.received`.
    #[schema(value_type = Option<Vec<EventType>>)]
    events: Option<Vec<String>>,
    /// A query, as of a search: docs/SEARCH.md. Only messages that fulfil it are sent. Absent, null or empty: all.
    #[schema(max_length = 512)]
    filter: Option<String>,
}

/// Creates a webhook. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/webhooks", tag = "pro", operation_id = "create_webhook", security(("pro" = ["webhooks:write"])),
    params(IdempotencyKey), request_body = WebhookTarget, responses((status = 201, body = NewWebhook, description = "The webhook and its secret"), responses::JsonBody, responses::Bearer, responses::NewWebhook, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WebhooksWrite>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(body): JsonBody<WebhookTarget>,
) -> Result<(StatusCode, Json<NewWebhook>), Rejected> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = CreateWebhookRequest {
        owner_user_id,
        limited_owner,
        url: body.url,
        events: body.events.unwrap_or_default(),
        filter: understood_filter(body.filter)?,
        idempotency_key,
    };
    let created = app.mailbox().create_webhook(request).await?.into_inner();
    let webhook = created
        .webhook
        .ok_or_else(|| Rejected::Other(Failure::internal("a webhook is missing")))?;
    let body = NewWebhook {
        webhook: webhook.into(),
        secret: created.secret,
    };
    Ok((StatusCode::CREATED, Json(body)))
}
