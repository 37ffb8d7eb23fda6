//! `wait_for_mail`

use std::time::Duration;

use mayfly_rpc::Failure;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Call,
    page::{Item, Listed, items},
};
use crate::{
    app::wait::Wanted,
    mcp::arrivals::{self, Waiting},
};

pub(super) const DESCRIPTION: &str = "Waits for mail in a mailbox. Mail that is stored already counts, the newest first, unless `since` is \
    passed. After a time-out, call again with the `since` of the answer: no mail is missed.";

/// What to wait for, and how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The mailbox, as create_mailbox named it. Only the token of a single mailbox needs none.
    mailbox_id: Option<String>,
    /// A query that the mail must fulfil, such as `from:shop subject:"your order"`.
    q: Option<String>,
    /// The `since` of an earlier answer: only later mail counts.
    since: Option<String>,
    /// Seconds, 0 to 55; 30 when left out.
    timeout_s: Option<u32>,
}

/// Whether mail came in time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Found,
    Timeout,
}

impl Status {
    /// The status of a wait that found something, or nothing.
    pub(super) fn of(has_found: bool) -> Self {
        if has_found { Self::Found } else { Self::Timeout }
    }
}

/// The mail that came.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Output {
    status: Status,
    messages: Vec<Item>,
    /// Pass it to the next call, so that only later mail counts.
    since: String,
    untrusted: Listed,
}

/// Waits for mail. Nothing is marked as read.
///
/// # Errors
/// As [`arrivals::wait`].
pub(super) async fn run(call: Call<'_>, input: Input) -> Result<Answer, Failure> {
    let waiting = Waiting {
        mailbox_id: input.mailbox_id.as_deref(),
        q: input.q.as_deref(),
        since: input.since.as_deref(),
        timeout_s: input.timeout_s,
    };
    let arrived = arrivals::wait(call, waiting, Wanted::any(Duration::ZERO)).await?;
    let is_found = !arrived.messages.is_empty();
    let (messages, untrusted) = items(arrived.messages);
    Answer::of(&Output {
        status: Status::of(is_found),
        messages,
        since: arrived.since,
        untrusted,
    })
}
