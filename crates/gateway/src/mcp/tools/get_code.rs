//! `get_code`

use std::{sync::LazyLock, time::Duration};

use mayfly_rpc::Failure;
use regex::Regex;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call, wait_for_mail::Status};
use crate::{
    app::wait::{CodeFilter, Wanted},
    dialects::shared::views::timestamp,
    mcp::arrivals::{self, Waiting, reference},
};

pub(super) const DESCRIPTION: &str = "Waits for a mail with a one-time code and returns the code. Mail that is stored already counts, the newest \
    first, unless `since` is passed: pass the `since` of the last answer when a second code is expected.";

/// The codes that are returned: too narrow for instructions.
static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[0-9A-Z-]{4,12}$").ok());

/// Where to look for a code, and how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The mailbox, as create_mailbox named it. Only the token of a single mailbox needs none.
    mailbox_id: Option<String>,
    /// A query that the mail must fulfil, such as `from:shop`.
    q: Option<String>,
    /// The `since` of an earlier answer: only later mail counts.
    since: Option<String>,
    /// Seconds, 0 to 55; 30 when left out.
    timeout_s: Option<u32>,
}

/// The code.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Output {
    status: Status,
    /// The mail with the code; null after a time-out.
    message_id: Option<String>,
    received_at: Option<String>,
    /// Pass it to the next call, so that only later mail counts.
    since: String,
    untrusted: Found,
}

/// What the sender wrote.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Found {
    /// 4 to 12 digits, capital letters or hyphens; null after a time-out.
    code: Option<String>,
    from: Option<String>,
    subject: Option<String>,
}

/// Waits for a code.
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
    let pattern = CODE.clone();
    let wanted = Wanted {
        has_code: true,
        code: CodeFilter {
            pattern: Some(pattern.ok_or_else(|| Failure::internal("a pattern is wrong"))?),
            ..CodeFilter::default()
        },
        ..Wanted::any(Duration::ZERO)
    };
    let arrived = arrivals::wait(call, waiting, wanted).await?;
    let Some(message) = arrived.messages.into_iter().next() else {
        return Answer::of(&Output {
            status: Status::Timeout,
            message_id: None,
            received_at: None,
            since: arrived.since,
            untrusted: Found::default(),
        });
    };
    let (message_id, received_at) = reference(&message);
    let codes = message.findings.unwrap_or_default().codes;
    let summary = message.summary.unwrap_or_default();
    Answer::of(&Output {
        status: Status::Found,
        message_id: Some(message_id),
        received_at: Some(timestamp(received_at)),
        since: arrived.since,
        untrusted: Found {
            code: codes.into_iter().next().map(|code| code.value),
            from: summary.from,
            subject: summary.subject,
        },
    })
}
