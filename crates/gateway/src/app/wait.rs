//! Waiting for messages that match a filter.

use std::{
    collections::{HashSet, VecDeque},
    net::IpAddr,
    ops::RangeInclusive,
    time::Duration,
};

use mayfly_follow::{Ending, Feed, StreamKind, Subscription};
use mayfly_proto::mailbox::{Code, Link, LinkKind, MarkMessageReadRequest, MessageReceived};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, MessageId, SecretKey};
use regex::Regex;
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use super::{App, search_messages::scope_of, stream::message_id, zoned_query::ZonedQuery};

/// How long reading the stored messages may take, whatever the time-out.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Which messages are waited for, and how long.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Messages behind this one count too.
    pub(crate) since: Option<MessageId>,
    pub(crate) timeout: Duration,
    /// How many messages are waited for.
    pub(crate) count: usize,
    /// A part of the From header or of the envelope's sender, in lower case.
    pub(crate) from: Option<String>,
    /// A part of the mailbox's address or of a recipient of the envelope, in lower case.
    pub(crate) to: Option<String>,
    pub(crate) subject: Option<SubjectFilter>,
    pub(crate) has_code: bool,
    /// What the code must be like; other codes are left out of the answer.
    pub(crate) code: CodeFilter,
    /// A link of this kind.
    pub(crate) link: Option<LinkFilter>,
    pub(crate) is_unread: bool,
    /// A query as of a search.
    pub(crate) query: Option<ZonedQuery>,
    /// Each message is marked as read, and returned only if this call marked it.
    pub(crate) is_claimed: bool,
}

/// What a link must be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkFilter {
    Any,
    Kind(LinkKind),
}

impl LinkFilter {
    pub(crate) fn matches(self, link: &Link) -> bool {
        match self {
            Self::Any => true,
            Self::Kind(kind) => link.kind() == kind,
        }
    }
}

/// What a code must be like.
#[derive(Debug, Default)]
pub(crate) struct CodeFilter {
    /// How many characters it has.
    pub(crate) length: Option<RangeInclusive<usize>>,
    /// It matches as a whole.
    pub(crate) pattern: Option<Regex>,
}

impl CodeFilter {
    fn is_any(&self) -> bool {
        self.length.is_none() && self.pattern.is_none()
    }

    fn matches(&self, code: &Code) -> bool {
        let length = code.value.chars().count();
        self.length
            .as_ref()
            .is_none_or(|lengths| lengths.contains(&length))
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(&code.value))
    }

    /// Leaves other codes out of a message.
    fn keep(&self, message: &mut MessageReceived) {
        if let Some(findings) = &mut message.findings
            && !self.is_any()
        {
            findings.codes.retain(|code| self.matches(code));
        }
    }
}

/// What a subject must be like.
#[derive(Debug)]
pub(crate) enum SubjectFilter {
    /// It contains this, in lower case.
    Contains(String),
    Matches(Regex),
}

impl Wanted {
    /// Any message, for a time.
    pub(crate) fn any(timeout: Duration) -> Self {
        Self {
            since: None,
            timeout,
            count: 1,
            from: None,
            to: None,
            subject: None,
            has_code: false,
            code: CodeFilter::default(),
            link: None,
            is_unread: false,
            query: None,
            is_claimed: false,
        }
    }

    /// Returns a message that matches, without the codes that are not wanted. The query is not part of it.
    pub(crate) fn select(&self, mut message: MessageReceived) -> Option<MessageReceived> {
        if !self.matches(&message) {
            return None;
        }
        self.code.keep(&mut message);
        Some(message)
    }

    pub(crate) fn matches(&self, message: &MessageReceived) -> bool {
        let Some(summary) = &message.summary else {
            return false;
        };
        let has = |part: &Option<String>, texts: &[&str]| {
            part.as_ref()
                .is_none_or(|part| texts.iter().any(|text| text.to_lowercase().contains(part)))
        };
        let title = summary.subject.as_deref().unwrap_or_default();
        let has_code = || {
            let findings = message.findings.as_ref();
            findings.is_some_and(|findings| findings.codes.iter().any(|code| self.code.matches(code)))
        };
        let has_link = |wanted: LinkFilter| {
            let findings = message.findings.as_ref();
            findings.is_some_and(|findings| findings.links.iter().any(|link| wanted.matches(link)))
        };
        let needs_code = self.has_code || !self.code.is_any();
        (!needs_code || has_code())
            && self.link.is_none_or(has_link)
            && !(self.is_unread && summary.is_read)
            && has(
                &self.from,
                &[summary.from.as_deref().unwrap_or_default(), &summary.sender],
            )
            && (has(&self.to, &[&message.address])
                || message
                    .recipients
                    .iter()
                    .any(|recipient| has(&self.to, &[recipient])))
            && match &self.subject {
                None => true,
                Some(SubjectFilter::Contains(part)) => title.to_lowercase().contains(part),
                Some(SubjectFilter::Matches(regex)) => regex.is_match(title),
            }
    }
}

/// How a wait ended.
pub(crate) struct Waited {
    /// The messages, if there were enough before the time-out.
    pub(crate) messages: Option<Vec<MessageReceived>>,
    /// The cursor of the next wait.
    pub(crate) since: MessageId,
}

impl App {
    /// Waits until enough messages match, the time is over, or the process stops.
    ///
    /// # Errors
    /// `InvalidToken` when the credential ends or the mailbox is deleted; `Unavailable` when no stream permit is left or
    /// the credential cannot be validated.
    pub(crate) async fn wait(
        &self,
        feed: Feed,
        bearer: &SecretString,
        wanted: &Wanted,
        client: IpAddr,
    ) -> Result<Waited, Failure> {
        let deadline = Instant::now() + wanted.timeout;
        let _permit = self.follow.permit(client)?;
        let mut subscription = self.follow.subscribe(feed.clone(), wanted.since).await?;
        let _open = self.follow.metrics().open(StreamKind::Wait);
        let mut found = Found::new(subscription.cursor());
        let mut credential = self.follow.watch(bearer);
        let stopping = self.tasks.stopping();
        let is_enough = tokio::select! {
            is_enough = self.collect(&feed, &mut subscription, wanted, &mut found, deadline) => is_enough?,
            // The client continues at another gateway, with the cursor.
            () = stopping.cancelled() => false,
            ending = credential.ended() => return Err(match ending {
                Ending::Refused => Failure::invalid_token(),
                Ending::Unknown => Failure::unavailable("the token cannot be validated"),
            }),
        };
        let Found { messages, since, .. } = found;
        if !is_enough {
            return Ok(Waited {
                messages: None,
                since,
            });
        }
        for message in &messages {
            let metrics = self.follow.metrics();
            metrics.delivered(StreamKind::Wait, message_id(message), &self.clock);
        }
        Ok(Waited {
            messages: Some(messages),
            since,
        })
    }
}

/// Returns an id for one call that marks a message, so that the transport can repeat it.
pub(crate) fn claim_id() -> String {
    SecretKey::random().to_hex()
}

/// What was found so far.
struct Found {
    /// Read and not yet compared.
    arrived: VecDeque<MessageReceived>,
    /// Those of `arrived` that do not fulfil the query.
    unwanted: HashSet<String>,
    messages: Vec<MessageReceived>,
    /// Behind the last message of those that are enough; before the first of those that are not.
    since: MessageId,
}

impl Found {
    fn new(since: MessageId) -> Self {
        Self {
            arrived: VecDeque::new(),
            unwanted: HashSet::new(),
            messages: Vec::new(),
            since,
        }
    }

    /// Takes the messages that match. Returns true once there are enough; the rest stays.
    fn take(&mut self, wanted: &Wanted) -> bool {
        while let Some(message) = self.arrived.pop_front() {
            let id = message_id(&message).parse().ok();
            if !self.unwanted.remove(message_id(&message)) {
                self.messages.extend(wanted.select(message));
            }
            let is_enough = self.messages.len() >= wanted.count;
            if let Some(id) = id
                && (is_enough || self.messages.is_empty())
            {
                self.since = id;
            }
            if is_enough {
                return true;
            }
        }
        false
    }
}

impl App {
    /// Returns true once there are enough, false at the deadline. Stored messages are read even when no time is left.
    async fn collect(
        &self,
        feed: &Feed,
        subscription: &mut Subscription,
        wanted: &Wanted,
        found: &mut Found,
        deadline: Instant,
    ) -> Result<bool, Failure> {
        let read_until = deadline.max(Instant::now() + READ_TIMEOUT);
        let mut has_caught_up = false;
        loop {
            while found.take(wanted) {
                if !wanted.is_claimed || self.claim(feed, found).await? {
                    return Ok(true);
                }
            }
            let arrived = if has_caught_up {
                timeout_at(deadline, subscription.next()).await
            } else {
                timeout_at(read_until, subscription.catch_up()).await
            };
            let Ok(arrived) = arrived else {
                return Ok(false);
            };
            let arrived = arrived.map_err(|_| Failure::invalid_token())?;
            has_caught_up |= arrived.is_empty();
            if let Some(query) = &wanted.query {
                let matching = self.matching(feed, query, &arrived).await?;
                let ids = arrived.iter().map(|message| message_id(message).to_owned());
                found.unwanted.extend(ids.filter(|id| !matching.contains(id)));
            }
            found.arrived.extend(arrived);
        }
    }

    /// Marks the message that was found as read. Drops it and returns false if another call marked it first.
    async fn claim(&self, feed: &Feed, found: &mut Found) -> Result<bool, Failure> {
        let Some(message) = found.messages.first() else {
            return Ok(false);
        };
        let request = MarkMessageReadRequest {
            scope: Some(scope_of(feed)),
            message_id: message_id(message).to_owned(),
            claim_id: claim_id(),
            is_unread: false,
        };
        let is_ours = match self
            .mailbox()
            .mark_message_read(request)
            .await
            .map_err(Failure::from)
        {
            Ok(marked) => marked.into_inner().has_changed,
            // Deleted meanwhile.
            Err(failure) if failure.code == ErrorCode::NotFound => false,
            Err(failure) => return Err(failure),
        };
        if !is_ours {
            found.messages.clear();
        }
        Ok(is_ours)
    }
}
