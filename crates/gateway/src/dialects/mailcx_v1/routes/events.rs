//! `/v1/sse`: received mail as server-sent events, without an event name.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{Response, sse::Event},
};
use mayfly_follow::Feed;
use mayfly_proto::mailbox::MessageReceived;
use mayfly_rpc::Failure;

use crate::{
    app::{App, stream::message_id},
    dialects::{
        mailcx_v1::{
            credential::{Caller, Follower},
            responses,
            views::{EmailReceived, StreamedEmail},
        },
        shared::events::{self, LastEventId},
    },
    edge::{auth::needs::MessagesRead, client_address::ClientAddress, failure::FailureResponse},
};

/// Follows one inbox. `Last-Event-ID` replays the mail after a mail.
#[utoipa::path(get, path = "/sse/addr", tag = "inbox", operation_id = "follow_inbox", security((), ("token" = ["messages:read"]), ("ticket" = [])),
    params(("address" = String, Query, description = "The address"), LastEventId),
    responses((status = 200, body = StreamedEmail, content_type = "text/event-stream",
        description = "Events without a name; their `id` is the mail's. The schema is of one event"), responses::Inbox, responses::Cursor, responses::Always))]
pub(crate) async fn of_inbox(
    State(app): State<App>,
    client: ClientAddress,
    Follower(caller): Follower,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, FailureResponse> {
    let query = query.unwrap_or_default();
    let address = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "address");
    let address = address.map_or_else(String::new, |(_, address)| address.into_owned());
    let inbox = app.inbox(&address, caller.owner()).await?;
    follow(&app, client, inbox.topic.into(), caller, &headers).await
}

/// Follows all mailboxes of the Pro user. `Last-Event-ID` replays the mail after a mail.
#[utoipa::path(get, path = "/sse/user", tag = "pro", operation_id = "follow_user", security(("token" = ["messages:read"]), ("ticket" = [])),
    params(LastEventId),
    responses((status = 200, body = StreamedEmail, content_type = "text/event-stream",
        description = "Events without a name; their `id` is the mail's. The schema is of one event"), responses::Cursor, responses::Always))]
pub(crate) async fn of_user(
    State(app): State<App>,
    client: ClientAddress,
    Follower(caller): Follower,
    headers: HeaderMap,
) -> Result<Response, FailureResponse> {
    let feed = caller.owner().ok_or_else(Failure::invalid_token)?.feed()?;
    follow(&app, client, feed, caller, &headers).await
}

async fn follow(
    app: &App,
    client: ClientAddress,
    feed: Feed,
    caller: Caller<MessagesRead>,
    headers: &HeaderMap,
) -> Result<Response, FailureResponse> {
    let bearer = caller.0.map(|pro| pro.bearer);
    events::follow(app, client, feed, bearer, headers, None, event).await
}

fn event(message: MessageReceived) -> Result<Event, axum::Error> {
    let id = message_id(&message).to_owned();
    Event::default().id(id).json_data(EmailReceived::from(message))
}
