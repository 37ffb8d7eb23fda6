//! `GET /pro/api/audit`

use axum::{
    Json,
    extract::{RawQuery, State},
};
use mayfly_proto::auth::{AuditEvent, ListAuditEventsRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dialects::shared::{responses, views::timestamp};
use crate::{
    app::App,
    edge::{
        auth::{ProPrincipal, needs::AuditRead},
        failure::FailureResponse,
    },
};

/// Events of a page.
const PAGE_SIZE: usize = 100;

/// A change, or a refusal. Reads are counted by token, and not listed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = DateTime)]
    at: String,
    /// The token that acted; null is the user, by password or by JWT.
    #[schema(required, format = Uuid)]
    token_id: Option<String>,
    /// Such as `mailbox.deleted`; of a refusal the method and the route.
    action: String,
    /// The id of the object, the number of objects, or the scope that was missing.
    object: String,
    /// The network of the client, such as `203.0.113.0/24`.
    #[schema(required)]
    client: Option<String>,
    /// `done`, `refused` or `failed`.
    outcome: String,
}

impl From<AuditEvent> for Event {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.event_id,
            at: timestamp(event.at_ms.div_euclid(1000)),
            token_id: event.token_id,
            action: event.action,
            object: event.object,
            client: event.client_prefix,
            outcome: event.outcome,
        }
    }
}

/// A page of events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    events: Vec<Event>,
    /// The cursor of the next page; null on the last.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Lists what was changed and refused in the last 90 days, newest first: by tokens, and by the user. A token with limits sees its
/// own events.
#[utoipa::path(get, path = "/audit", tag = "pro", operation_id = "list_audit_events", security(("pro" = ["audit:read"])),
    params(("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before; empty counts as absent")),
    responses((status = 200, body = EventPage, description = "A page of events"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<AuditRead>,
    RawQuery(query): RawQuery,
) -> Result<Json<EventPage>, FailureResponse> {
    let query = query.unwrap_or_default();
    let cursor = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "cursor");
    let cursor = cursor.map(|(_, cursor)| cursor.into_owned());
    let request = ListAuditEventsRequest {
        user_id: principal.pro.user_id,
        before_event_id: cursor.filter(|cursor| !cursor.is_empty()),
        limit: u32::try_from(PAGE_SIZE).unwrap_or(u32::MAX),
        token_id: principal.pro.token_id.filter(|_| principal.pro.limits.is_some()),
    };
    let listed = app.auth().list_audit_events(request).await?.into_inner().events;
    let last = listed.last().filter(|_| listed.len() == PAGE_SIZE);
    Ok(Json(EventPage {
        next_cursor: last.map(|event| event.event_id.clone()),
        events: listed.into_iter().map(Into::into).collect(),
    }))
}
