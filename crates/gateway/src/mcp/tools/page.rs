//! A page of messages, as several tools show one.

use mayfly_proto::mailbox::{MessageReceived, Scope, scope::Caller};
use mayfly_rpc::Failure;
use mayfly_types::MessageId;
use rmcp::schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Call};
use crate::{
    app::zoned_query::ZonedQuery,
    dialects::shared::views::{message::PAGE_SIZE, timestamp},
};

/// A message in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Item {
    message_id: String,
    mailbox_id: String,
    received_at: String,
    is_read: bool,
    size_bytes: i64,
}

/// What senders wrote, in the order of the messages.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Listed {
    messages: Vec<ListedItem>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct ListedItem {
    message_id: String,
    from: Option<String>,
    subject: Option<String>,
}

/// A page of messages.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Page {
    messages: Vec<Item>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
    untrusted: Listed,
}

impl Page {
    pub(super) fn new(messages: Vec<MessageReceived>, next: Option<String>) -> Self {
        let (messages, untrusted) = items(messages);
        Self {
            messages,
            next,
            untrusted,
        }
    }
}

/// Finds mail in a scope.
pub(super) async fn search(
    call: Call<'_>,
    scope: Scope,
    query: ZonedQuery,
    cursor: Option<String>,
) -> Result<Answer, Failure> {
    check_cursor(cursor.as_deref())?;
    let found = call.app.search_messages(scope, query, cursor, PAGE_SIZE).await?;
    Answer::of(&Page::new(found.messages, found.next))
}

/// The mailbox that is named, or all of the caller.
pub(super) fn scope(call: Call<'_>, mailbox_id: Option<&str>) -> Result<Scope, Failure> {
    match mailbox_id {
        Some(mailbox_id) => call.caller.mailbox(Some(mailbox_id)),
        None => call.caller.messages(),
    }
}

pub(super) fn is_one_mailbox(scope: &Scope) -> bool {
    matches!(scope.caller, Some(Caller::AccountId(_) | Caller::Owned(_)))
}

/// Checks a cursor.
///
/// # Errors
/// `InvalidRequest` when it is none of an answer.
fn check_cursor(cursor: Option<&str>) -> Result<(), Failure> {
    match cursor.map(str::parse::<MessageId>) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(_)) => Err(Failure::invalid_request(
            "cursor: must be the `next` of an answer",
        )),
    }
}

/// Splits messages into what this server knows and what their senders wrote.
pub(super) fn items(messages: Vec<MessageReceived>) -> (Vec<Item>, Listed) {
    let mut listed = Listed::default();
    let mut items = Vec::with_capacity(messages.len());
    for message in messages {
        let summary = message.summary.unwrap_or_default();
        listed.messages.push(ListedItem {
            message_id: summary.message_id.clone(),
            from: summary.from,
            subject: summary.subject,
        });
        items.push(Item {
            message_id: summary.message_id,
            mailbox_id: message.account_id,
            received_at: timestamp(summary.created_at),
            is_read: summary.is_read,
            size_bytes: summary.size_bytes,
        });
    }
    (items, listed)
}
