//! One cursor over the messages of one topic.

use std::time::Duration;

use mayfly_proto::mailbox::{ListMessagesAfterRequest, MessageReceived, mailbox_client::MailboxClient};
use mayfly_rpc::{Failure, Transport};
use mayfly_types::MessageId;

use super::hub::{Feed, Hub, TopicGuard, TopicState};

/// Messages of one read.
const LIMIT: u32 = 50;
/// Between two attempts while the mailbox service cannot answer.
const RETRY_PAUSE: Duration = Duration::from_millis(300);

/// The mailbox of the topic is deleted.
#[derive(Debug, Clone, Copy)]
pub struct MailboxDeleted;

/// Messages of a topic, each once, in the order in which they were stored.
#[derive(Debug)]
pub struct Subscription {
    mailbox: MailboxClient<Transport>,
    feed: Feed,
    guard: TopicGuard,
    cursor: MessageId,
    /// There may be messages behind the cursor that no event announces.
    is_behind: bool,
}

impl Subscription {
    /// Begins behind a message, or at this moment. It subscribes before it reads, so that no message falls between.
    pub(crate) async fn begin(
        hub: &Hub,
        mailbox: MailboxClient<Transport>,
        feed: Feed,
        since: Option<MessageId>,
    ) -> Result<Self, Failure> {
        let guard = hub.subscribe(feed.topic)?;
        let cursor = match since {
            Some(since) => since,
            None => {
                let request = ListMessagesAfterRequest {
                    following: Some(feed.following()),
                    after_message_id: None,
                    limit: 0,
                };
                let answer = mailbox.clone().list_messages_after(request).await?;
                let cursor = answer.into_inner().cursor.parse();
                cursor.map_err(|_| Failure::internal("a cursor is no UUID"))?
            }
        };
        Ok(Self {
            mailbox,
            feed,
            guard,
            cursor,
            is_behind: true,
        })
    }

    /// Returns the last message that was read.
    #[must_use]
    pub fn cursor(&self) -> MessageId {
        self.cursor
    }

    /// Makes the next read look for a message that another event names.
    pub fn expect(&mut self, message: MessageId) {
        self.is_behind |= message > self.cursor;
    }

    /// Waits for messages behind the cursor and advances it. It may be cancelled at any moment: no message is lost.
    ///
    /// # Errors
    /// When the mailbox is deleted.
    pub async fn next(&mut self) -> Result<Vec<MessageReceived>, MailboxDeleted> {
        loop {
            let arrived = self.catch_up().await?;
            if !arrived.is_empty() {
                return Ok(arrived);
            }
            // The hub outlives every stream.
            if self.guard.state.changed().await.is_err() {
                return Err(MailboxDeleted);
            }
        }
    }

    /// Reads some of the messages that are stored behind the cursor and advances it; none when there are no more. It may be
    /// cancelled too.
    ///
    /// # Errors
    /// When the mailbox is deleted.
    pub async fn catch_up(&mut self) -> Result<Vec<MessageReceived>, MailboxDeleted> {
        loop {
            // An event that came during the last read counts too.
            match *self.guard.state.borrow_and_update() {
                TopicState::Newest(newest) => self.is_behind |= newest > Some(self.cursor),
                TopicState::Deleted => return Err(MailboxDeleted),
            }
            if !self.is_behind {
                return Ok(Vec::new());
            }
            let request = ListMessagesAfterRequest {
                following: Some(self.feed.following()),
                after_message_id: Some(self.cursor.to_string()),
                limit: LIMIT,
            };
            // Boxed, so that an idle subscription is small.
            match Box::pin(self.mailbox.list_messages_after(request)).await {
                Ok(answer) => {
                    let answer = answer.into_inner();
                    // A service of an earlier version has no `has_more`.
                    self.is_behind = answer.has_more || answer.messages.len() >= LIMIT as usize;
                    self.cursor = answer.cursor.parse().unwrap_or(self.cursor);
                    return Ok(answer.messages);
                }
                Err(status) if Failure::from(status.clone()).refuses_credential() => {
                    return Err(MailboxDeleted);
                }
                Err(_) => tokio::time::sleep(RETRY_PAUSE).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    };

    use mayfly_proto::mailbox::ListMessagesAfterResponse;
    use mayfly_types::{AccountId, Clock, SystemClock};

    use super::*;
    use crate::{Follow, Topic, stub};

    /// An answer with one message, and the cursor behind it.
    fn one_message(id: MessageId) -> ListMessagesAfterResponse {
        ListMessagesAfterResponse {
            messages: vec![MessageReceived::default()],
            cursor: id.to_string(),
            ..ListMessagesAfterResponse::default()
        }
    }

    #[tokio::test]
    async fn next_without_event_returns_message_stored_since() {
        let now = SystemClock.now();
        let (stored, topic) = (MessageId::new(now), Topic::Mailbox(AccountId::new(now)));
        let follow = stub::follow_messages(move || one_message(stored));
        let since = MessageId::floor(now - Duration::from_secs(1));
        let mut subscription = follow.subscribe(topic, Some(since)).await.unwrap();
        let next = tokio::time::timeout(Duration::from_secs(5), subscription.next()).await;
        assert_eq!(next.expect("it reads").unwrap().len(), 1);
        assert_eq!(subscription.cursor(), stored);
    }

    #[tokio::test]
    async fn next_after_event_during_read_reads_again() {
        let now = SystemClock.now();
        let (account, stored) = (AccountId::new(now), MessageId::new(now));
        let topic = Topic::Mailbox(account);
        let (streams, reads) = (Arc::new(OnceLock::<Follow>::new()), Arc::new(AtomicUsize::new(0)));
        let (publishing, counted) = (Arc::clone(&streams), Arc::clone(&reads));
        let follow = stub::follow_messages(move || {
            if counted.fetch_add(1, Ordering::Relaxed) == 0 {
                // Stored after this read, and published before its answer is seen.
                let follow = publishing.get().expect("set below");
                follow.hub.publish(topic, TopicState::Newest(Some(stored)));
                return ListMessagesAfterResponse::default();
            }
            one_message(stored)
        });
        streams.set(follow.clone()).expect("set once");

        let since = MessageId::floor(now - Duration::from_secs(1));
        let mut subscription = follow.subscribe(topic, Some(since)).await.unwrap();
        assert!(subscription.catch_up().await.unwrap().is_empty());
        let next = tokio::time::timeout(Duration::from_secs(5), subscription.next()).await;
        assert_eq!(next.expect("it reads").unwrap().len(), 1);
        assert_eq!(subscription.cursor(), stored);
        assert_eq!(reads.load(Ordering::Relaxed), 2);
    }
}
