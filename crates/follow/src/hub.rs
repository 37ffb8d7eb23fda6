//! The topics that have subscribers in this process. One subscription to the event bus serves all of them; a poll of the
//! newest message ids finds what the bus lost.

use std::{collections::HashMap, sync::Arc, time::Duration};

use mayfly_proto::{
    auth::{LimitedOwner, TokenLimits},
    mailbox::{
        ListLastMessageIdsRequest, Scope, list_messages_after_request::Following,
        mailbox_client::MailboxClient, scope::Caller,
    },
};
use mayfly_rpc::{Failure, Transport};
use mayfly_runtime::task::Tasks;
use mayfly_shared::{bus, event::BusEvent};
use mayfly_types::{AccountId, MailboxEvent, MessageId, UserId};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

use crate::hints::{Hint, HintHub};

/// How often the newest ids are polled: the longest delay of a message whose event was lost, and of noticing that a mailbox
/// was deleted.
const POLL_EVERY: Duration = Duration::from_secs(3);
/// Topics in one call.
const CHUNK: usize = 500;
/// Subscriptions of one topic in this process; fewer where they are more than an eighth of all streams.
const MAX_SUBSCRIPTIONS: usize = 256;

/// What a stream subscribes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The messages of one mailbox.
    Mailbox(AccountId),
    /// The messages of all mailboxes of a Pro user.
    Owner(UserId),
}

impl Topic {
    /// Makes the topic of a mailbox from an id that a service sent.
    ///
    /// # Errors
    /// `Internal` when it is no id.
    pub fn mailbox(account_id: &str) -> Result<Self, Failure> {
        let id = account_id.parse();
        id.map(Self::Mailbox)
            .map_err(|_| Failure::internal("an account id is no UUID"))
    }

    /// Makes the topic of a Pro user from an id that a service sent.
    ///
    /// # Errors
    /// `Internal` when it is no id.
    pub fn owner(user_id: &str) -> Result<Self, Failure> {
        let id = user_id.parse();
        id.map(Self::Owner)
            .map_err(|_| Failure::internal("a user id is no UUID"))
    }
}

/// What a subscription reads: the messages of a topic, those of a Pro user within the limits of a token.
#[derive(Debug, Clone)]
pub struct Feed {
    /// What is announced.
    pub topic: Topic,
    /// What is read of it; `None` is everything.
    pub limits: Option<Box<TokenLimits>>,
}

impl From<Topic> for Feed {
    fn from(topic: Topic) -> Self {
        Self { topic, limits: None }
    }
}

impl Feed {
    pub(crate) fn following(&self) -> Following {
        match (self.topic, &self.limits) {
            (Topic::Mailbox(id), _) => Following::Mailbox(Scope {
                caller: Some(Caller::AccountId(id.to_string())),
            }),
            (Topic::Owner(id), None) => Following::OwnerUserId(id.to_string()),
            (Topic::Owner(id), Some(limits)) => Following::LimitedOwner(LimitedOwner {
                user_id: id.to_string(),
                limits: Some(limits.as_ref().clone()),
            }),
        }
    }
}

/// The state of a topic that its subscribers wait on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TopicState {
    /// The newest message that is known.
    Newest(Option<MessageId>),
    /// The mailbox is deleted.
    Deleted,
}

/// The topics that have subscribers.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    topics: Arc<Mutex<HashMap<Topic, watch::Sender<TopicState>>>>,
    max_subscriptions: usize,
    pub(crate) hints: HintHub,
}

/// Keeps a topic subscribed; dropping it may remove the topic.
#[derive(Debug)]
pub(crate) struct TopicGuard {
    hub: Hub,
    topic: Topic,
    pub(crate) state: watch::Receiver<TopicState>,
}

impl Drop for TopicGuard {
    fn drop(&mut self) {
        let mut topics = self.hub.topics();
        // This receiver still counts.
        if topics
            .get(&self.topic)
            .is_some_and(|state| state.receiver_count() <= 1)
        {
            topics.remove(&self.topic);
        }
    }
}

impl Hub {
    pub(crate) fn new(max_streams: u32) -> Self {
        Self {
            topics: Arc::default(),
            hints: HintHub::default(),
            max_subscriptions: (max_streams as usize / 8).clamp(1, MAX_SUBSCRIPTIONS),
        }
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Topic, watch::Sender<TopicState>>> {
        self.topics.lock()
    }

    /// Subscribes to a topic.
    ///
    /// # Errors
    /// `RateLimited` when it has too many subscriptions.
    pub(crate) fn subscribe(&self, topic: Topic) -> Result<TopicGuard, Failure> {
        let mut topics = self.topics();
        let sender = topics
            .entry(topic)
            .or_insert_with(|| watch::Sender::new(TopicState::Newest(None)));
        if sender.receiver_count() >= self.max_subscriptions {
            return Err(Failure::rate_limited(Duration::from_secs(1)));
        }
        Ok(TopicGuard {
            hub: self.clone(),
            topic,
            state: sender.subscribe(),
        })
    }

    /// Publishes a state to the subscribers of a topic.
    pub(crate) fn publish(&self, topic: Topic, state: TopicState) {
        if let Some(sender) = self.topics().get(&topic) {
            sender.send_if_modified(|known| {
                let is_new = match (*known, state) {
                    (TopicState::Newest(known), TopicState::Newest(new)) => new > known,
                    (TopicState::Newest(_), TopicState::Deleted) => true,
                    (TopicState::Deleted, _) => false,
                };
                if is_new {
                    *known = state;
                }
                is_new
            });
        }
    }

    fn subscribed(&self) -> Vec<Topic> {
        let mut topics = self.topics();
        // Of two guards dropped at the same moment, each may have counted the other.
        topics.retain(|_, state| state.receiver_count() > 0);
        topics.keys().copied().collect()
    }
}

impl Hub {
    /// Listens to the event bus and polls, until the tasks stop. Two tasks, since a poll waits for answers.
    pub(crate) fn start(
        &self,
        mailbox: MailboxClient<Transport>,
        mut events: bus::Subscription,
        tasks: &Tasks,
    ) {
        let gap = Arc::new(Notify::new());
        let (hub, noticed, stopping) = (self.clone(), Arc::clone(&gap), tasks.stopping());
        tasks.spawn_vital("event search", async move {
            let poll = async {
                loop {
                    let _ = tokio::time::timeout(POLL_EVERY, noticed.notified()).await;
                    hub.poll_all(&mailbox).await;
                }
            };
            tokio::select! {
                () = stopping.cancelled() => {}
                () = poll => {}
            }
        });
        let (hub, stopping) = (self.clone(), tasks.stopping());
        tasks.spawn_vital("event listener", async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    event = events.next() => match event {
                        Some(BusEvent::Message(text)) => hub.receive(&text),
                        Some(BusEvent::Gap) => gap.notify_one(),
                        // The bus ends with the process.
                        None => return stopping.cancelled().await,
                    },
                }
            }
        });
    }

    fn receive(&self, text: &str) {
        match text.parse() {
            Ok(MailboxEvent::MessageReceived(received)) => {
                let state = TopicState::Newest(Some(received.message_id));
                self.publish(Topic::Mailbox(received.account_id), state);
                if let Some(owner) = received.owner {
                    self.publish(Topic::Owner(owner), state);
                }
            }
            Ok(MailboxEvent::MessageChanged(account, id)) => self.hints.publish(account, Hint::Changed(id)),
            Ok(MailboxEvent::MessageDeleted(account, id)) => self.hints.publish(account, Hint::Deleted(id)),
            Ok(MailboxEvent::AccountDeleted(account)) => {
                self.publish(Topic::Mailbox(account), TopicState::Deleted);
            }
            // An event of a later version.
            Err(_) => {}
        }
    }

    async fn poll_all(&self, mailbox: &MailboxClient<Transport>) {
        for topics in self.subscribed().chunks(CHUNK) {
            if let Err(error) = self.poll(mailbox, topics).await {
                tracing::debug!(%error, "cannot poll for new mail; retrying");
                return;
            }
        }
    }

    async fn poll(&self, mailbox: &MailboxClient<Transport>, topics: &[Topic]) -> Result<(), tonic::Status> {
        let mut request = ListLastMessageIdsRequest::default();
        for topic in topics {
            match topic {
                Topic::Mailbox(id) => request.account_ids.push(id.to_string()),
                Topic::Owner(id) => request.owner_user_ids.push(id.to_string()),
            }
        }
        let answer = mailbox.clone().list_last_message_ids(request).await?.into_inner();
        for topic in topics {
            let last = match topic {
                Topic::Mailbox(id) => answer.by_account_id.get(&id.to_string()),
                Topic::Owner(id) => answer.by_owner_user_id.get(&id.to_string()),
            };
            match (topic, last) {
                (_, Some(id)) => self.publish(*topic, TopicState::Newest(id.parse().ok())),
                (Topic::Mailbox(_), None) => self.publish(*topic, TopicState::Deleted),
                // A user without any mailbox so far.
                (Topic::Owner(_), None) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mayfly_types::{Clock, SystemClock};

    use super::*;

    #[test]
    fn topic_of_dropped_guards_is_removed() {
        let hub = Hub::new(10_000);
        let now = SystemClock.now();
        let topic = Topic::Mailbox(AccountId::new(now));
        let first = hub.subscribe(topic).unwrap();
        let second = hub.subscribe(topic).unwrap();
        drop(first);
        assert_eq!(hub.subscribed(), [topic]);
        drop(second);
        assert!(hub.subscribed().is_empty());
    }

    #[test]
    fn topic_without_subscribers_is_removed_by_next_poll() {
        let hub = Hub::new(10_000);
        let topic = Topic::Mailbox(AccountId::new(SystemClock.now()));
        hub.topics()
            .insert(topic, watch::Sender::new(TopicState::Newest(None)));
        assert!(hub.subscribed().is_empty());
        assert!(hub.topics().is_empty());
    }

    #[test]
    fn publish_of_older_message_notifies_no_subscriber() {
        let hub = Hub::new(10_000);
        let now = SystemClock.now();
        let topic = Topic::Owner(UserId::new(now));
        let [old, new] = [MessageId::new(now), MessageId::new(now)];
        let mut guard = hub.subscribe(topic).unwrap();
        for (id, is_new) in [(new, true), (old, false), (new, false)] {
            hub.publish(topic, TopicState::Newest(Some(id)));
            assert_eq!(guard.state.has_changed().unwrap(), is_new);
            assert_eq!(*guard.state.borrow_and_update(), TopicState::Newest(Some(new)));
        }
        hub.publish(topic, TopicState::Deleted);
        hub.publish(topic, TopicState::Newest(Some(MessageId::new(now))));
        assert_eq!(*guard.state.borrow_and_update(), TopicState::Deleted);
    }

    #[test]
    fn subscribe_above_bound_of_topic_is_rate_limited() {
        let hub = Hub::new(10_000);
        let topic = Topic::Mailbox(AccountId::new(SystemClock.now()));
        let all: Vec<_> = (0..MAX_SUBSCRIPTIONS)
            .map(|_| hub.subscribe(topic).unwrap())
            .collect();
        assert!(hub.subscribe(topic).is_err());
        drop(all);
        assert!(hub.subscribe(topic).is_ok());
    }
}
