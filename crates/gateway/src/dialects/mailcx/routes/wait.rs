//! `GET /api/messages/wait` and `GET /pro/api/messages/wait`: long polls for messages that match a filter.

mod filter;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use mayfly_follow::{Feed, Topic};
use mayfly_rpc::Failure;
use secrecy::SecretString;

use crate::dialects::shared::responses;
use crate::{
    app::{App, authenticate::pro_feed},
    dialects::shared::views::message_received::Waited,
    edge::{
        auth::{AnyPrincipal, MailboxStream, needs::MessagesRead},
        client_address::ClientAddress,
        failure::FailureResponse,
    },
};

/// The cursor of the next wait, on an answer without messages.
pub(crate) const SINCE: HeaderName = HeaderName::from_static("x-mayfly-since");

/// Waits for messages of one mailbox: 200 with messages, 204 without. Both name the cursor of the next wait.
#[utoipa::path(get, path = "/messages/wait", tag = "messages", operation_id = "wait_for_messages",
    security(("mailbox" = [])), params(filter::WaitQuery),
    responses((status = 200, body = Waited, description = "The messages"),
        (status = 204, description = "No message arrived in time; continue with the cursor in the header", headers(("X-Mayfly-Since" = String))), responses::Bearer, responses::Always))]
pub(crate) async fn of_mailbox(
    State(app): State<App>,
    client: ClientAddress,
    caller: MailboxStream,
    RawQuery(query): RawQuery,
) -> Result<Response, FailureResponse> {
    let feed = Topic::mailbox(&caller.account_id)?.into();
    wait(app, feed, client, &caller.bearer, query).await
}

/// Waits for messages of any of the user's mailboxes.
#[utoipa::path(get, path = "/messages/wait", tag = "pro", operation_id = "wait_for_any_messages",
    security(("pro" = ["messages:read"])), params(filter::WaitQuery),
    responses((status = 200, body = Waited, description = "The messages"),
        (status = 204, description = "No message arrived in time; continue with the cursor in the header", headers(("X-Mayfly-Since" = String))), responses::Bearer, responses::Always))]
pub(crate) async fn of_user(
    State(app): State<App>,
    client: ClientAddress,
    caller: AnyPrincipal<MessagesRead>,
    RawQuery(query): RawQuery,
) -> Result<Response, FailureResponse> {
    let feed = pro_feed(&caller.principal)?;
    wait(app, feed, client, &caller.bearer, query).await
}

async fn wait(
    app: App,
    feed: Feed,
    client: ClientAddress,
    bearer: &SecretString,
    query: Option<String>,
) -> Result<Response, FailureResponse> {
    let wanted = filter::parse(query.as_deref().unwrap_or_default())?;
    let waited = app.wait(feed, bearer, &wanted, client.0).await?;
    let since = waited.since.to_string();
    let Some(messages) = waited.messages else {
        let since =
            HeaderValue::try_from(since).map_err(|_| Failure::internal("a cursor is not a header value"))?;
        return Ok((StatusCode::NO_CONTENT, [(SINCE, since)]).into_response());
    };
    let messages = messages.into_iter().map(Into::into).collect();
    Ok(Json(Waited { messages, since }).into_response())
}
