//! Following one topic by a cursor.

use std::time::Duration;

use mayfly_proto::mailbox::{ListMessagesAfterRequest, NewMessage};
use mayfly_types::MessageId;

use super::hub::{Followed, News, Topic};
use crate::{error::ApiError, state::Gateway};

/// Messages read at once.
const LIMIT: u32 = 50;
/// Between two tries while the mailbox service cannot answer.
const RETRY_PAUSE: Duration = Duration::from_millis(300);

/// The mailbox that was followed is there no more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gone;

/// Messages of a topic, each once, in the order in which they were stored.
#[derive(Debug)]
pub(crate) struct Follow {
    gateway: Gateway,
    topic: Topic,
    followed: Followed,
    cursor: MessageId,
    /// There may be something behind the cursor that no news will tell of.
    is_behind: bool,
}

impl Follow {
    /// Begins behind a message, or at this moment. News are listened for before anything is looked at, so that nothing
    /// falls between.
    ///
    /// # Errors
    /// When the mailbox service cannot answer or the mailbox is gone; `rate_limited` when too many follow it.
    pub(crate) async fn begin(
        gateway: &Gateway,
        topic: Topic,
        since: Option<MessageId>,
    ) -> Result<Self, ApiError> {
        let followed = gateway.streams.hub.follow(topic)?;
        let cursor = match since {
            Some(since) => since,
            None => {
                let request = ListMessagesAfterRequest {
                    following: Some(topic.following()),
                    after_message_id: None,
                    limit: 0,
                };
                let answer = gateway.mailbox().list_messages_after(request).await?;
                let cursor = answer.into_inner().cursor.parse();
                cursor.map_err(|_| ApiError::internal("a cursor is no UUID"))?
            }
        };
        Ok(Self {
            gateway: gateway.clone(),
            topic,
            followed,
            cursor,
            is_behind: true,
        })
    }

    /// Returns where it is.
    pub(crate) fn cursor(&self) -> MessageId {
        self.cursor
    }

    /// Waits for what comes behind the cursor, which moves on. It may be given up at any moment: nothing is lost then.
    ///
    /// # Errors
    /// When the mailbox is gone.
    pub(crate) async fn next(&mut self) -> Result<Vec<NewMessage>, Gone> {
        loop {
            let arrived = self.catch_up().await?;
            if !arrived.is_empty() {
                return Ok(arrived);
            }
            // The hub outlives every stream.
            if self.followed.news.changed().await.is_err() {
                return Err(Gone);
            }
        }
    }

    /// Returns what is behind the cursor already, some of it at a time; nothing once there is no more. It may be given up
    /// too.
    ///
    /// # Errors
    /// When the mailbox is gone.
    pub(crate) async fn catch_up(&mut self) -> Result<Vec<NewMessage>, Gone> {
        loop {
            // What was told while the last look was under way counts too.
            match *self.followed.news.borrow_and_update() {
                News::Newest(newest) => self.is_behind |= newest > Some(self.cursor),
                News::Gone => return Err(Gone),
            }
            if !self.is_behind {
                return Ok(Vec::new());
            }
            let request = ListMessagesAfterRequest {
                following: Some(self.topic.following()),
                after_message_id: Some(self.cursor.to_string()),
                limit: LIMIT,
            };
            // Boxed, so that whoever follows and hears nothing is small.
            match Box::pin(self.gateway.mailbox().list_messages_after(request)).await {
                Ok(answer) => {
                    let answer = answer.into_inner();
                    // A service of an earlier version says it by the number alone.
                    self.is_behind = answer.has_more || answer.messages.len() >= LIMIT as usize;
                    self.cursor = answer.cursor.parse().unwrap_or(self.cursor);
                    return Ok(answer.messages);
                }
                Err(status) if ApiError::from(status.clone()).is_refusal() => return Err(Gone),
                Err(_) => tokio::time::sleep(RETRY_PAUSE).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use mayfly_types::{AccountId, Clock, SystemClock};

    use super::*;
    use crate::streams::{Hub, stub};

    /// An answer with one message, and the cursor behind it.
    fn one_message(id: MessageId) -> Vec<u8> {
        let cursor = id.to_string();
        let mut answer = vec![0x0a, 0, 0x12, u8::try_from(cursor.len()).unwrap()];
        answer.extend(cursor.into_bytes());
        answer
    }

    #[tokio::test]
    async fn what_came_since_is_found_though_nothing_is_told() {
        let now = SystemClock.now();
        let (stored, topic) = (MessageId::new(now), Topic::Mailbox(AccountId::new(now)));
        let gateway = stub::gateway(Hub::default(), move || Ok(one_message(stored)));
        let since = MessageId::floor(now - Duration::from_secs(1));
        let mut follow = Follow::begin(&gateway, topic, Some(since)).await.unwrap();
        let next = tokio::time::timeout(Duration::from_secs(5), follow.next()).await;
        assert_eq!(next.expect("it is looked for").unwrap().len(), 1);
        assert_eq!(follow.cursor(), stored);
    }

    #[tokio::test]
    async fn news_that_come_during_a_look_are_looked_for() {
        let now = SystemClock.now();
        let (account, stored) = (AccountId::new(now), MessageId::new(now));
        let topic = Topic::Mailbox(account);
        let (hub, looks) = (Hub::default(), Arc::new(AtomicUsize::new(0)));
        let (telling, counted) = (hub.clone(), Arc::clone(&looks));
        let gateway = stub::gateway(hub, move || {
            if counted.fetch_add(1, Ordering::Relaxed) == 0 {
                // It is stored when this look is over already, and told before that is known.
                telling.tell(topic, News::Newest(Some(stored)));
                return Ok(Vec::new());
            }
            Ok(one_message(stored))
        });

        let since = MessageId::floor(now - Duration::from_secs(1));
        let mut follow = Follow::begin(&gateway, topic, Some(since)).await.unwrap();
        assert!(follow.catch_up().await.unwrap().is_empty());
        let next = tokio::time::timeout(Duration::from_secs(5), follow.next()).await;
        assert_eq!(next.expect("it is looked for").unwrap().len(), 1);
        assert_eq!(follow.cursor(), stored);
        assert_eq!(looks.load(Ordering::Relaxed), 2);
    }
}
