//! Server-sent events: the cursor of a client that reconnects, and the answer around a stream.

use std::time::Duration;

use axum::{
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt, stream};
use mayfly_follow::Feed;
use mayfly_proto::mailbox::MessageReceived;
use mayfly_rpc::Failure;
use mayfly_types::MessageId;
use secrecy::SecretString;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use crate::{
    app::{App, zoned_query::ZonedQuery},
    edge::{client_address::ClientAddress, failure::FailureResponse},
};

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The reconnection time of browsers.
const RETRY: Duration = Duration::from_secs(2);

/// The cursor of a client that reconnects.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The cursor, for the document.
#[derive(IntoParams)]
#[into_params(names("Last-Event-ID"), parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct LastEventId(
    /// The last message seen; empty counts as absent.
    #[param(value_type = String, required = false, pattern = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$")]
    Option<String>,
);

/// Follows mail: with a bearer token until the token ends, without one until the client leaves. Each message that fulfils the
/// query, if there is one, becomes one event. `Last-Event-ID` replays the messages after a message.
pub(crate) async fn follow(
    app: &App,
    client: ClientAddress,
    feed: Feed,
    bearer: Option<SecretString>,
    headers: &HeaderMap,
    query: Option<ZonedQuery>,
    event: fn(MessageReceived) -> Result<Event, axum::Error>,
) -> Result<Response, FailureResponse> {
    let since = last_event_id(headers)?;
    let stream = app.stream(feed, bearer, since, client.0, query).await?;
    // The cursor first: a client that loses the connection before the first message continues from here.
    let hello = Event::default().id(stream.cursor.to_string()).retry(RETRY);
    let permit = stream.permit;
    let events = ReceiverStream::new(stream.messages).map(move |message| {
        let _permit = &permit;
        event(message)
    });
    Ok(respond(stream::once(async { Ok(hello) }).chain(events)))
}

/// Reads the cursor of a client that reconnects.
fn last_event_id(headers: &HeaderMap) -> Result<Option<MessageId>, Failure> {
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

/// Answers with a stream of events, and a comment where none was sent for a while.
pub(crate) fn respond(events: impl Stream<Item = Result<Event, axum::Error>> + Send + 'static) -> Response {
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // A proxy that buffers responses would delay events.
    ([("x-accel-buffering", "no")], events).into_response()
}
