//! `GET /api/events` and `GET /pro/api/events`: received messages as server-sent events.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{Response, sse::Event},
};
use mayfly_proto::mailbox::MessageReceived;
use mayfly_rpc::Failure;
use utoipa::IntoParams;

use crate::{
    app::{App, stream::message_id, zoned_query::ZonedQuery},
    dialects::shared::{
        events::{LastEventId, follow},
        responses,
        views::message_received::{MessageReceivedEvent, ServerSentEvent},
    },
    edge::{
        auth::{Follower, MailboxFollower, ProFollower},
        client_address::ClientAddress,
        failure::FailureResponse,
        search_query::understood,
    },
};

/// The filter, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
struct Filter {
    /// A query, as of a search: docs/SEARCH.md. Other messages are left out.
    #[param(max_length = 512)]
    q: Option<String>,
    /// The IANA time zone of days in `q`, such as `Europe/Berlin`; UTC by default.
    #[param(max_length = 64)]
    tz: Option<String>,
}

/// Reads the filter of a stream.
fn filter(parameters: &str) -> Result<Option<ZonedQuery>, Failure> {
    let value = |wanted: &str| {
        let mut parameters = form_urlencoded::parse(parameters.as_bytes());
        let found = parameters.find(|(name, value)| name == wanted && !value.is_empty());
        found.map(|(_, value)| value).unwrap_or_default()
    };
    understood(&value("q"), &value("tz"))
}

/// Follows one mailbox. `Last-Event-ID` replays the messages after a message.
#[utoipa::path(get, path = "/events", tag = "messages", operation_id = "follow_messages",
    security(("mailbox" = []), ("ticket" = [])),
    params(LastEventId, Filter),
    responses((status = 200, body = ServerSentEvent, content_type = "text/event-stream",
        description = "Events `new_email`; their `id` is the message's. The schema is of one event"), responses::Bearer, responses::Always))]
pub(crate) async fn of_mailbox(
    State(app): State<App>,
    client: ClientAddress,
    MailboxFollower(follower): MailboxFollower,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, FailureResponse> {
    let Follower { feed, bearer } = follower;
    let query = filter(query.as_deref().unwrap_or_default())?;
    follow(&app, client, feed, Some(bearer), &headers, query, event).await
}

/// Follows all mailboxes of the user. `Last-Event-ID` replays the messages after a message.
#[utoipa::path(get, path = "/events", tag = "pro", operation_id = "follow_all_messages",
    security(("pro" = ["messages:read"]), ("ticket" = [])),
    params(LastEventId, Filter),
    responses((status = 200, body = ServerSentEvent, content_type = "text/event-stream",
        description = "Events `new_email`; their `id` is the message's. The schema is of one event"), responses::Bearer, responses::Always))]
pub(crate) async fn of_user(
    State(app): State<App>,
    client: ClientAddress,
    ProFollower(follower): ProFollower,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, FailureResponse> {
    let Follower { feed, bearer } = follower;
    let query = filter(query.as_deref().unwrap_or_default())?;
    follow(&app, client, feed, Some(bearer), &headers, query, event).await
}

fn event(message: MessageReceived) -> Result<Event, axum::Error> {
    let id = message_id(&message).to_owned();
    Event::default()
        .event("new_email")
        .id(id)
        .json_data(MessageReceivedEvent::from(message))
}
