//! Waiting for mail, as several tools do: stored mail first, the newest before older, then what arrives.

use std::time::Duration;

use mayfly_follow::Topic;
use mayfly_proto::mailbox::{
    GetMailboxRequest, ListMessagesAfterRequest, MessageReceived, MessageReference, Scope,
    SearchMessagesRequest, list_messages_after_request::Following,
};
use mayfly_rpc::Failure;
use mayfly_types::MessageId;

use super::{
    caller::{Identity, account_id},
    tools::Call,
};
use crate::{
    app::{stream::message_id, wait::Wanted, zoned_query::ZonedQuery},
    edge::search_query::understood,
};

/// The time-out of a call that names none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// Many load balancers end a request after 60 s without an answer.
const MAX_TIMEOUT_SECS: u32 = 55;
/// How many of the newest stored messages are examined.
const MAX_STORED: u32 = 30;
/// Finds every message.
const EVERYTHING: &str = "*";

/// What a caller waits for.
pub(super) struct Waiting<'a> {
    pub(super) mailbox_id: Option<&'a str>,
    pub(super) q: Option<&'a str>,
    /// Messages behind this one count; without it those that are stored, too.
    pub(super) since: Option<&'a str>,
    pub(super) timeout_s: Option<u32>,
}

/// How a wait ended.
pub(super) struct Arrived {
    /// Newest first; empty after a time-out.
    pub(super) messages: Vec<MessageReceived>,
    /// The cursor of the next wait.
    pub(super) since: String,
}

/// Waits for messages that a filter selects.
///
/// # Errors
/// `NotFound` when the caller has no such mailbox; `RateLimited` above the waits of a token.
pub(super) async fn wait(
    call: Call<'_>,
    waiting: Waiting<'_>,
    mut wanted: Wanted,
) -> Result<Arrived, Failure> {
    wanted.query = understood(waiting.q.unwrap_or_default(), "")?;
    wanted.timeout = timeout(waiting.timeout_s)?;
    let scope = call.caller.mailbox(waiting.mailbox_id)?;
    let _share = call.limits.begin_wait(&call.caller.limit_key())?;
    check(call, &scope).await?;
    let account_id = account_id(&scope)?;
    wanted.since = Some(match waiting.since {
        Some(since) => {
            let since = since.parse();
            since.map_err(|_| Failure::invalid_request("since: must be the `since` of an answer"))?
        }
        None => {
            // First the cursor: what arrives while stored mail is examined is behind it.
            let now = cursor(call, &scope).await?;
            let messages = stored(call, &scope, &account_id, &wanted).await?;
            if !messages.is_empty() {
                let since = now.to_string();
                return Ok(Arrived { messages, since });
            }
            now
        }
    });
    let caller = call.caller;
    let waited = call
        .app
        .wait(
            Topic::mailbox(&account_id)?.into(),
            &caller.bearer,
            &wanted,
            caller.client,
        )
        .await;
    match waited {
        Ok(waited) => Ok(Arrived {
            messages: waited.messages.unwrap_or_default(),
            since: waited.since.to_string(),
        }),
        Err(failure) => {
            // The mailbox of a Pro user can be gone while the credential is valid.
            if failure.refuses_credential() && matches!(caller.identity, Identity::Pro(_)) {
                check(call, &scope).await?;
            }
            Err(failure)
        }
    }
}

fn timeout(secs: Option<u32>) -> Result<Duration, Failure> {
    match secs {
        None => Ok(DEFAULT_TIMEOUT),
        Some(secs) if secs <= MAX_TIMEOUT_SECS => Ok(Duration::from_secs(secs.into())),
        Some(_) => Err(Failure::invalid_request("timeout_s: must be from 0 to 55")),
    }
}

/// Checks that the caller has the mailbox.
async fn check(call: Call<'_>, scope: &Scope) -> Result<(), Failure> {
    let request = GetMailboxRequest {
        scope: Some(scope.clone()),
    };
    call.app.mailbox().get_mailbox(request).await?;
    Ok(())
}

/// Returns the cursor of this moment.
async fn cursor(call: Call<'_>, scope: &Scope) -> Result<MessageId, Failure> {
    let request = ListMessagesAfterRequest {
        following: Some(Following::Mailbox(scope.clone())),
        after_message_id: None,
        limit: 1,
    };
    let answer = call.app.mailbox().list_messages_after(request).await?;
    let cursor = answer.into_inner().cursor.parse();
    cursor.map_err(|_| Failure::internal("a cursor is no id of a message"))
}

/// Returns those of the newest stored messages that are selected.
async fn stored(
    call: Call<'_>,
    scope: &Scope,
    account_id: &str,
    wanted: &Wanted,
) -> Result<Vec<MessageReceived>, Failure> {
    let listed = call.app.list_messages(scope.clone(), 1, MAX_STORED).await?;
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let query = wanted.query.clone().unwrap_or_else(|| ZonedQuery {
        text: EVERYTHING.to_owned(),
        time_zone: String::new(),
    });
    let reference = |message_id: String| MessageReference {
        account_id: account_id.to_owned(),
        message_id,
    };
    let request = SearchMessagesRequest {
        scope: Some(scope.clone()),
        query: query.text,
        time_zone: query.time_zone,
        after_message_id: None,
        limit: MAX_STORED,
        only: listed
            .into_iter()
            .map(|message| reference(message.message_id))
            .collect(),
    };
    let found = call.app.mailbox().search_messages(request).await?.into_inner();
    Ok(found
        .messages
        .into_iter()
        .filter_map(|message| wanted.select(message))
        .collect())
}

/// Returns when a message arrived, in Unix seconds, with its id.
pub(super) fn reference(message: &MessageReceived) -> (String, i64) {
    let summary = message.summary.as_ref();
    let arrived = summary.map_or(0, |summary| summary.created_at);
    (message_id(message).to_owned(), arrived)
}
