//! `GET /api/events` and `GET /pro/api/events`: received messages as server-sent events.

use std::time::Duration;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::StreamExt;
use mayfly_proto::mailbox::MessageReceived;
use mayfly_rpc::Failure;
use mayfly_types::MessageId;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use crate::dialects::mailcx::responses;
use crate::{
    app::{
        App,
        stream::{MessageStream, message_id},
    },
    dialects::mailcx::views::message_received::{MessageReceivedEvent, ServerSentEvent},
    edge::{
        auth::{Follower, MailboxFollower, ProFollower},
        client_address::ClientAddress,
        failure::FailureResponse,
        search_query::understood,
    },
};

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The reconnection time of browsers.
const RETRY: Duration = Duration::from_secs(2);

/// The cursor, for the document.
#[derive(IntoParams)]
#[into_params(names("Last-Event-ID"), parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
struct LastEventId(
    /// The last message seen; empty counts as absent.
    #[param(value_type = String, required = false, pattern = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$")]
    Option<String>,
);

/// The filter, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
struct Filter {
    /// A query, as of a search: docs/SEARCH.md. Other messages are left out.
    #[param(max_length = 512)]
    q: Option<String>,
}

/// Reads the filter of a stream.
fn filter(parameters: &str) -> Result<Option<String>, Failure> {
    let mut parameters = form_urlencoded::parse(parameters.as_bytes());
    let query = parameters.find(|(name, value)| name == "q" && !value.is_empty());
    query.map(|(_, query)| understood(&query)).transpose()
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
    stream(app, client, follower, &headers, query).await
}

/// Follows all mailboxes of the user. `Last-Event-ID` replays the messages after a message.
#[utoipa::path(get, path = "/events", tag = "pro", operation_id = "follow_all_messages",
    security(("pro" = []), ("ticket" = [])),
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
    stream(app, client, follower, &headers, query).await
}

/// The cursor of a client that reconnects.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Reads the cursor of a client that reconnects.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Result<Option<MessageId>, Failure> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    match value.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Failure::invalid_request("Last-Event-ID: is no id of a message")),
        Err(_) => Err(Failure::invalid_request("Last-Event-ID: is no id of a message")),
    }
}

async fn stream(
    app: App,
    client: ClientAddress,
    follower: Follower,
    headers: &HeaderMap,
    parameters: Option<String>,
) -> Result<Response, FailureResponse> {
    let since = last_event_id(headers)?;
    let query = filter(parameters.as_deref().unwrap_or_default())?;
    let stream = app
        .stream(follower.topic, follower.bearer, since, client.0, query)
        .await?;
    Ok(respond(stream, event))
}

/// Answers with a stream, whose messages are shown as events.
pub(crate) fn respond(
    stream: MessageStream,
    event: fn(MessageReceived) -> Result<Event, axum::Error>,
) -> Response {
    // The cursor first: a client that loses the connection before the first message continues from here.
    let hello = Event::default().id(stream.cursor.to_string()).retry(RETRY);
    let permit = stream.permit;
    let events = ReceiverStream::new(stream.messages).map(move |message| {
        let _permit = &permit;
        event(message)
    });
    let events = futures_util::stream::once(async { Ok(hello) }).chain(events);
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // A proxy that buffers responses would delay events.
    ([("x-accel-buffering", "no")], events).into_response()
}

fn event(message: MessageReceived) -> Result<Event, axum::Error> {
    let id = message_id(&message).to_owned();
    Event::default()
        .event("new_email")
        .id(id)
        .json_data(MessageReceivedEvent::from(message))
}
