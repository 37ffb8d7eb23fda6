//! `GET /.well-known/mercure`: the changes of a mailbox as server-sent events.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{Response, sse::Event},
};
use futures_util::{StreamExt, stream};
use mayfly_types::MessageId;
use secrecy::SecretString;
use serde::Serialize;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    app::{
        App,
        follow_mailbox::{Change, Followed},
    },
    dialects::{
        mailtm::{
            responses,
            views::{
                account::Account,
                message::{MessageItem, Owner},
                node::{self, Resource},
            },
        },
        shared::events::{LAST_EVENT_ID, respond},
    },
    edge::{auth::MailboxStream, client_address::ClientAddress, failure::FailureResponse},
};

/// Follows the mailbox of the token. Every event is an object in JSON-LD, whatever `Accept` says.
#[utoipa::path(get, path = "/.well-known/mercure", tag = "events", operation_id = "follow_account", security(("mailbox" = [])),
    params(("topic" = Option<String>, Query, description = "`/accounts/{id}`, of the mailbox of the token; others are silent. It can repeat"),
        ("Last-Event-ID" = Option<String>, Header, description = "Replays the messages that arrived after this one"),
        ("lastEventID" = Option<String>, Query, description = "The same")),
    responses((status = 200, content_type = "text/event-stream", body = String,
        description = "Events without a name: the Account and the Message for a new message, whose `id` is the event's; the Message when it is marked; the Message with `isDeleted` and the Account when it is deleted; the Account with `isDeleted`, and the end"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    MailboxStream { account_id, bearer }: MailboxStream,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, FailureResponse> {
    let query = query.unwrap_or_default();
    let followed = followed(account_id.clone(), bearer, &headers, &query);
    let stream = app.follow_mailbox(followed, client.0).await?;
    let permit = stream.permit;
    let frames = ReceiverStream::new(stream.changes).flat_map(move |change| {
        let _permit = &permit;
        stream::iter(frames(change))
    });
    // At once, so that a client knows that the stream is open.
    let hello = stream::once(async { Event::default().comment("") });
    Ok(respond(hello.chain(frames).map(Ok)))
}

/// Reads what to follow. A cursor that is no id of a message is ignored: a client that sends one would never connect.
fn followed(account_id: String, bearer: SecretString, headers: &HeaderMap, query: &str) -> Followed {
    let parameters = || form_urlencoded::parse(query.as_bytes());
    let topic = format!("/accounts/{account_id}");
    let of_query = parameters()
        .find(|(name, _)| matches!(&**name, "lastEventID" | "Last-Event-ID"))
        .map(|(_, value)| value.into_owned());
    let of_header = headers
        .get(LAST_EVENT_ID)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let cursor = of_header.or(of_query);
    Followed {
        has_changes: parameters().any(|(name, value)| name == "topic" && value == topic),
        account_id,
        bearer,
        since: cursor.and_then(|cursor| cursor.trim().parse::<MessageId>().ok()),
    }
}

/// The events of a change, in the order that clients expect.
fn frames(change: Change) -> Vec<Event> {
    match change {
        Change::Received(mailbox, received) => {
            let summary = received.summary.unwrap_or_default();
            let id = summary.message_id.clone();
            let message = MessageItem::received(
                summary,
                Owner {
                    account_id: &mailbox.account_id,
                    address: &mailbox.address,
                },
            );
            vec![frame(&Account::from(mailbox)), frame(&message).id(id)]
        }
        Change::Marked(mailbox, summary) => {
            let owner = Owner {
                account_id: &mailbox.account_id,
                address: &mailbox.address,
            };
            vec![frame(&MessageItem::new(*summary, owner))]
        }
        Change::Deleted(mailbox, id) => {
            let message = MessageItem::deleted(
                id,
                Owner {
                    account_id: &mailbox.account_id,
                    address: &mailbox.address,
                },
            );
            vec![frame(&message), frame(&Account::from(mailbox))]
        }
        Change::AccountDeleted(mailbox) => vec![frame(&Account::deleted(mailbox))],
    }
}

fn frame<T: Resource + Serialize>(object: &T) -> Event {
    // Objects of these types always encode.
    Event::default()
        .json_data(node::json_ld(object))
        .unwrap_or_default()
}
