//! `get_link`

use std::time::Duration;

use mayfly_proto::mailbox;
use mayfly_rpc::Failure;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call, wait_for_mail::Status};
use crate::{
    app::wait::{LinkFilter, Wanted},
    dialects::shared::views::timestamp,
    mcp::arrivals::{self, Waiting, reference},
};

pub(super) const DESCRIPTION: &str = "Waits for a mail with a link of a kind and returns the link, which nothing here opens. Mail that is \
    stored already counts, the newest first, unless `since` is passed.";

/// Where to look for a link, and how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The mailbox, as create_mailbox named it. Only the token of a single mailbox needs none.
    mailbox_id: Option<String>,
    /// What the link is for. Left out, verify.
    kind: Option<Kind>,
    /// A query that the mail must fulfil, such as `from:shop`.
    q: Option<String>,
    /// The `since` of an earlier answer: only later mail counts.
    since: Option<String>,
    /// Seconds, 0 to 55; 30 when left out.
    timeout_s: Option<u32>,
}

/// What a link is for: `verify` also means to sign in with.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(rename_all = "snake_case")]
enum Kind {
    Verify,
    Reset,
    Unsubscribe,
    Other,
    Any,
}

impl Kind {
    fn filter(self) -> LinkFilter {
        match self {
            Self::Verify => LinkFilter::Kind(mailbox::LinkKind::Verify),
            Self::Reset => LinkFilter::Kind(mailbox::LinkKind::Reset),
            Self::Unsubscribe => LinkFilter::Kind(mailbox::LinkKind::Unsubscribe),
            Self::Other => LinkFilter::Kind(mailbox::LinkKind::Other),
            Self::Any => LinkFilter::Any,
        }
    }
}

impl From<mailbox::LinkKind> for Kind {
    fn from(kind: mailbox::LinkKind) -> Self {
        match kind {
            mailbox::LinkKind::Verify => Self::Verify,
            mailbox::LinkKind::Reset => Self::Reset,
            mailbox::LinkKind::Unsubscribe => Self::Unsubscribe,
            mailbox::LinkKind::Other | mailbox::LinkKind::Unspecified => Self::Other,
        }
    }
}

/// The link.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Output {
    status: Status,
    /// The mail with the link; null after a time-out.
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
    /// `http` or `https`; null after a time-out.
    url: Option<String>,
    kind: Option<Kind>,
    from: Option<String>,
    subject: Option<String>,
}

/// Waits for a link.
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
    let filter = input.kind.unwrap_or(Kind::Verify).filter();
    let wanted = Wanted {
        link: Some(filter),
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
    let links = message.findings.unwrap_or_default().links;
    let link = links
        .into_iter()
        .find(|link| filter.matches(link))
        .unwrap_or_default();
    let summary = message.summary.unwrap_or_default();
    Answer::of(&Output {
        status: Status::Found,
        message_id: Some(message_id),
        received_at: Some(timestamp(received_at)),
        since: arrived.since,
        untrusted: Found {
            kind: Some(link.kind().into()),
            url: Some(link.url),
            from: summary.from,
            subject: summary.subject,
        },
    })
}
