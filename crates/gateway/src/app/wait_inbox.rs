//! Waiting for mail of an inbox: stored messages count, and what is there at the end of the hold is the answer.

use std::{collections::VecDeque, net::IpAddr, sync::Arc, time::Duration};

use mayfly_follow::{Ending, Feed, StreamKind, Subscription, Topic};
use mayfly_proto::mailbox::{MessageReceived, Scope};
use mayfly_rpc::Failure;
use mayfly_runtime::shares::{Bounds, Exceeded, Share, Shares};
use mayfly_types::{AccountId, ErrorCode, MessageId, Reason};
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

use super::{App, stream::message_id};

/// How long a call is held.
const HOLD: Duration = Duration::from_secs(25);
/// How long reading the stored messages may take when no time is left.
const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// Waits for one address at one time in a process.
const MAX_WAITS_PER_ADDRESS: u64 = 16;
/// Waits of one Pro user, or of one client address without a token, at one time in a process.
const MAX_WAITS_PER_CALLER: u64 = 256;
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The waits of a process.
#[derive(Debug)]
pub(crate) struct InboxWaits {
    addresses: Arc<Shares<AccountId>>,
    callers: Arc<Shares<String>>,
}

/// A place among the waits; dropping it makes room for another.
struct WaitPermit {
    _address: Option<Share<AccountId>>,
    _caller: Share<String>,
}

impl InboxWaits {
    pub(crate) fn new(max_streams: u32) -> Self {
        let bounds = |share| Bounds {
            total: u64::from(max_streams),
            share,
            reserve: 0,
            small: 0,
        };
        Self {
            addresses: Shares::new(bounds(MAX_WAITS_PER_ADDRESS)),
            callers: Shares::new(bounds(MAX_WAITS_PER_CALLER)),
        }
    }

    fn acquire(&self, topic: Topic, caller: String) -> Result<WaitPermit, Failure> {
        let address = match topic {
            Topic::Mailbox(id) => {
                let share = self.addresses.take(id, 1);
                Some(share.map_err(|exceeded| busy(exceeded, Reason::AddressBusy))?)
            }
            Topic::Owner(_) => None,
        };
        let caller = self.callers.take(caller, 1);
        Ok(WaitPermit {
            _address: address,
            _caller: caller.map_err(|exceeded| busy(exceeded, Reason::CredentialBusy))?,
        })
    }
}

fn busy(exceeded: Exceeded, reason: Reason) -> Failure {
    match exceeded {
        Exceeded::Share => {
            let mut failure = Failure::new(ErrorCode::RateLimited, reason, "too many calls wait at once");
            failure.retry_after = Some(RETRY_AFTER);
            failure
        }
        Exceeded::Pool => Failure::unavailable("too many calls wait"),
    }
}

/// Which messages of an inbox are waited for.
#[derive(Debug)]
pub(crate) struct WantedMail {
    /// Only messages behind this one count.
    pub(crate) since: Option<MessageId>,
    /// How many messages end the wait.
    pub(crate) count: usize,
    /// How many messages are returned at most: the oldest of those behind `since`, or else the newest.
    pub(crate) limit: usize,
    /// A part of the From header or of the envelope's sender, in lower case.
    pub(crate) from: Option<String>,
    /// A part of the subject, in lower case.
    pub(crate) subject: Option<String>,
    /// The domain of the mailbox.
    pub(crate) domain: Option<String>,
}

/// Who waits, and where.
pub(crate) struct InboxCaller<'a> {
    pub(crate) feed: Feed,
    /// The mailbox, of one inbox.
    pub(crate) scope: Option<Scope>,
    /// The credential of a Pro user, which must stay valid, and the user.
    pub(crate) pro: Option<(&'a SecretString, &'a str)>,
    pub(crate) client: IpAddr,
}

impl WantedMail {
    fn matches(&self, message: &MessageReceived) -> bool {
        let Some(summary) = &message.summary else {
            return false;
        };
        let has = |part: &Option<String>, texts: &[&str]| {
            part.as_ref()
                .is_none_or(|part| texts.iter().any(|text| text.to_lowercase().contains(part)))
        };
        let domain = message.address.rsplit_once('@').map(|(_, domain)| domain);
        has(
            &self.from,
            &[summary.from.as_deref().unwrap_or_default(), &summary.sender],
        ) && has(&self.subject, &[summary.subject.as_deref().unwrap_or_default()])
            && self.domain.as_deref().is_none_or(|wanted| domain == Some(wanted))
    }

    fn max_collected(&self) -> usize {
        self.count.max(self.limit)
    }

    /// Adds messages that match. Without a cursor the newest are kept, behind one the oldest.
    fn collect(&self, arrived: Vec<MessageReceived>, found: &mut VecDeque<MessageReceived>) {
        for message in arrived.into_iter().filter(|message| self.matches(message)) {
            if found.len() >= self.max_collected() {
                if self.since.is_some() {
                    return;
                }
                found.pop_front();
            }
            found.push_back(message);
        }
    }

    /// Returns the messages of the answer, newest first.
    fn answer(&self, mut found: VecDeque<MessageReceived>) -> Vec<MessageReceived> {
        if self.since.is_some() {
            found.truncate(self.limit);
        } else {
            found.drain(..found.len().saturating_sub(self.limit));
        }
        found.into_iter().rev().collect()
    }
}

impl App {
    /// Waits until enough messages match, the hold is over, or the process stops. Returns those that match by then, newest first.
    ///
    /// # Errors
    /// `AddressBusy` or `CredentialBusy` above the bounds; `InvalidToken` when the credential ends; `NotFound` when the mailbox is
    /// deleted.
    pub(crate) async fn wait_for_mail(
        &self,
        caller: InboxCaller<'_>,
        wanted: &WantedMail,
    ) -> Result<Vec<MessageReceived>, Failure> {
        let deadline = Instant::now() + HOLD;
        let name = match caller.pro {
            Some((_, user_id)) => user_id.to_owned(),
            None => caller.client.to_string(),
        };
        let _wait = self.inbox_waits.acquire(caller.feed.topic, name)?;
        let _permit = self.follow.permit(caller.client)?;
        let start = self.start_of(caller.scope, wanted).await?;
        let mut subscription = self.follow.subscribe(caller.feed, Some(start)).await?;
        let _open = self.follow.metrics().open(StreamKind::Wait);
        let mut found = VecDeque::new();
        let stopping = self.tasks.stopping();
        let credential = async {
            match caller.pro {
                Some((bearer, _)) => self.follow.watch(bearer).ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            collected = collect(&mut subscription, wanted, &mut found, deadline) => collected?,
            // The client continues at another gateway.
            () = stopping.cancelled() => {}
            ending = credential => return Err(match ending {
                Ending::Refused => Failure::invalid_token(),
                Ending::Unknown => Failure::unavailable("the token cannot be validated"),
            }),
        }
        let messages = wanted.answer(found);
        for message in &messages {
            let metrics = self.follow.metrics();
            metrics.delivered(StreamKind::Wait, message_id(message), &self.clock);
        }
        Ok(messages)
    }

    /// Returns the cursor to read from. Without one, and without a filter, only the newest messages of an inbox are read.
    async fn start_of(&self, scope: Option<Scope>, wanted: &WantedMail) -> Result<MessageId, Failure> {
        let beginning = MessageId::floor(OffsetDateTime::UNIX_EPOCH);
        if let Some(since) = wanted.since {
            return Ok(since);
        }
        let Some(scope) = scope.filter(|_| wanted.from.is_none() && wanted.subject.is_none()) else {
            return Ok(beginning);
        };
        let size = u32::try_from(wanted.max_collected()).unwrap_or(u32::MAX);
        let newest = self.list_messages(scope, 1, size).await?;
        let oldest = newest.last().and_then(|message| message.message_id.parse().ok());
        Ok(oldest.map_or(beginning, MessageId::predecessor))
    }
}

/// Collects messages until there are enough or the time is over. Stored messages are read even when no time is left.
async fn collect(
    subscription: &mut Subscription,
    wanted: &WantedMail,
    found: &mut VecDeque<MessageReceived>,
    deadline: Instant,
) -> Result<(), Failure> {
    let read_until = deadline.max(Instant::now() + READ_TIMEOUT);
    let mut has_caught_up = false;
    loop {
        let arrived = if has_caught_up {
            timeout_at(deadline, subscription.next()).await
        } else {
            timeout_at(read_until, subscription.catch_up()).await
        };
        let Ok(arrived) = arrived else {
            return Ok(());
        };
        let arrived = arrived.map_err(|_| Failure::not_found())?;
        has_caught_up |= arrived.is_empty();
        wanted.collect(arrived, found);
        let is_full = wanted.since.is_some() && found.len() >= wanted.max_collected();
        if is_full || (has_caught_up && found.len() >= wanted.count) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use mayfly_proto::mailbox::MessageSummary;

    use super::*;

    fn message(subject: &str) -> MessageReceived {
        MessageReceived {
            summary: Some(MessageSummary {
                sender: "bounce@shop.example".to_owned(),
                from: Some("Shop <Hi@shop.example>".to_owned()),
                subject: Some(subject.to_owned()),
                ..MessageSummary::default()
            }),
            address: "ann@open.test".to_owned(),
            ..MessageReceived::default()
        }
    }

    fn wanted(since: bool, count: usize, limit: usize) -> WantedMail {
        WantedMail {
            since: since.then(|| MessageId::floor(OffsetDateTime::UNIX_EPOCH)),
            count,
            limit,
            from: None,
            subject: None,
            domain: None,
        }
    }

    #[test]
    fn answer_has_oldest_behind_cursor_and_newest_without() {
        for (since, limit, expected) in [
            (true, 2, "b a"),
            (false, 2, "d c"),
            (true, 9, "d c b a"),
            (false, 9, "d c b a"),
        ] {
            let wanted = wanted(since, 1, limit);
            let mut found = VecDeque::new();
            wanted.collect(vec![message("a"), message("b")], &mut found);
            wanted.collect(vec![message("c"), message("d")], &mut found);
            let subjects = wanted.answer(found).into_iter();
            let subjects: Vec<_> = subjects.filter_map(|message| message.summary?.subject).collect();
            assert_eq!(subjects.join(" "), expected, "{since} {limit}");
        }
    }

    #[test]
    fn matches_parts_in_any_case_and_the_domain() {
        for (from, subject, domain, is_match) in [
            (None, None, None, true),
            (Some("hi@shop"), Some("code"), Some("open.test"), true),
            (Some("bounce@"), None, None, true),
            (Some("bob"), None, None, false),
            (None, Some("bill"), None, false),
            (None, None, Some("test"), false),
        ] {
            let wanted = WantedMail {
                from: from.map(str::to_owned),
                subject: subject.map(str::to_owned),
                domain: domain.map(str::to_owned),
                ..wanted(false, 1, 1)
            };
            assert_eq!(
                wanted.matches(&message("Your CODE")),
                is_match,
                "{from:?} {subject:?}"
            );
        }
    }

    #[test]
    fn waits_beyond_their_bounds_are_busy() {
        use mayfly_types::{Clock, SystemClock};

        let waits = InboxWaits::new(1000);
        let topic = || Topic::Mailbox(AccountId::new(SystemClock.now()));
        let one = topic();
        let held: Vec<_> = (0..MAX_WAITS_PER_ADDRESS)
            .map(|n| waits.acquire(one, n.to_string()).unwrap())
            .collect();
        let refused = waits.acquire(one, "other".to_owned()).err().unwrap();
        assert_eq!(refused.reason, Reason::AddressBusy);
        assert_eq!(refused.retry_after, Some(RETRY_AFTER));
        drop(held);
        let held: Vec<_> = (0..MAX_WAITS_PER_CALLER)
            .map(|_| waits.acquire(topic(), "one".to_owned()).unwrap())
            .collect();
        let refused = waits.acquire(topic(), "one".to_owned()).err().unwrap();
        assert_eq!(refused.reason, Reason::CredentialBusy);
        drop(held);
        waits.acquire(one, "one".to_owned()).map(drop).unwrap();
    }
}
