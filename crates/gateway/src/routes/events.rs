//! `GET /api/events` and `GET /pro/api/events`: new mail as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::StreamExt;
use mayfly_proto::mailbox::NewMessage;
use mayfly_types::MessageId;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    auth::{Follower, MailboxFollower, ProFollower},
    error::ApiError,
    state::Gateway,
    streams::{Follow, Kind, until_invalid},
    views::new_mail::NewMailEvent,
};

/// Events that wait for a slow reader.
const QUEUE: usize = 16;
/// How long a reader may leave them unread.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// When a browser comes back after the stream ended.
const RETRY: Duration = Duration::from_secs(2);

type Events = mpsc::Sender<Result<Event, Infallible>>;

/// Follows one mailbox. `Last-Event-ID` replays what came after a message.
#[utoipa::path(get, path = "/events", tag = "messages", operation_id = "follow_messages",
    security(("mailbox" = []), ("ticket" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The last message seen")),
    responses((status = 200, body = String, content_type = "text/event-stream",
        description = "Events `new_email`; their `id` is the message's")))]
pub(crate) async fn of_mailbox(
    State(gateway): State<Gateway>,
    MailboxFollower(follower): MailboxFollower,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    stream(gateway, follower, &headers).await
}

/// Follows all mailboxes of the user. `Last-Event-ID` replays what came after a message.
#[utoipa::path(get, path = "/events", tag = "pro", operation_id = "follow_all_messages",
    security(("pro" = []), ("ticket" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The last message seen")),
    responses((status = 200, body = String, content_type = "text/event-stream",
        description = "Events `new_email`; their `id` is the message's")))]
pub(crate) async fn of_user(
    State(gateway): State<Gateway>,
    ProFollower(follower): ProFollower,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    stream(gateway, follower, &headers).await
}

/// Where a client that comes back says what it has seen.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Reads the cursor that a client comes back with.
fn last_event_id(headers: &HeaderMap) -> Result<Option<MessageId>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    match value.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(text) => text
            .parse()
            .map(Some)
            .map_err(|_| ApiError::invalid_request("Last-Event-ID: is no id of a message")),
        Err(_) => Err(ApiError::invalid_request("Last-Event-ID: is no id of a message")),
    }
}

async fn stream(gateway: Gateway, follower: Follower, headers: &HeaderMap) -> Result<Response, ApiError> {
    let since = last_event_id(headers)?;
    let place = gateway.streams.place()?;
    let mut follow = Follow::begin(&gateway, follower.topic, since).await?;
    let (events, receiver) = mpsc::channel(QUEUE);
    let tasks = gateway.streams.tasks.clone();
    let stopping = tasks.stopping();
    tasks.spawn(async move {
        let _open = gateway.streams.metrics.open(Kind::Events);
        tokio::select! {
            () = tell(&gateway, &mut follow, &events) => {}
            _ = until_invalid(&gateway, &follower.bearer) => {}
            () = events.closed() => {}
            () = stopping.cancelled() => {}
        }
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    // Proxies that gather answers before they pass them on would hold events back.
    let at_once = [("x-accel-buffering", "no")];
    // The place is free once the connection has let go of the events: that of a reader who takes none may keep them for long.
    let events = ReceiverStream::new(receiver).map(move |event| {
        let _place = &place;
        event
    });
    let events = Sse::new(events).keep_alive(keep_alive);
    Ok((at_once, events).into_response())
}

async fn tell(gateway: &Gateway, follow: &mut Follow, events: &Events) {
    // The cursor first: a client that loses the connection before any mail came goes on from here.
    let hello = Event::default().id(follow.cursor().to_string()).retry(RETRY);
    if events.send(Ok(hello)).await.is_err() {
        return;
    }
    while let Ok(messages) = follow.next().await {
        for message in messages {
            let Some((id, event)) = event(message) else { return };
            if events.send_timeout(Ok(event), SEND_TIMEOUT).await.is_err() {
                return;
            }
            gateway.streams.metrics.told(Kind::Events, &id, &gateway.clock);
        }
    }
}

fn event(message: NewMessage) -> Option<(String, Event)> {
    let id = message.summary.as_ref()?.message_id.clone();
    let event = Event::default()
        .event("new_email")
        .id(&id)
        .json_data(NewMailEvent::from(message));
    event.ok().map(|event| (id, event))
}
