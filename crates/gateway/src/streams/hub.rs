//! Who follows what in this process. One subscription to the event bus serves all; whatever it may have missed is found by
//! asking for the newest ids of all that is followed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mayfly_proto::mailbox::{ListLastMessageIdsRequest, list_messages_after_request::Following};
use mayfly_runtime::task::Tasks;
use mayfly_shared::{bus::Subscription, event::BusEvent};
use mayfly_types::{AccountId, MessageId, NewMessage, UserId};
use tokio::sync::{Notify, watch};

use crate::{error::ApiError, state::Gateway};

/// How often the newest ids are asked for, though nothing was heard: a mail whose event was lost is told this late at most,
/// and a deleted mailbox is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Ids of one question.
const CHUNK: usize = 500;
/// Streams of one mailbox or user in this process.
const MAX_FOLLOWERS: usize = 256;

/// What can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    Mailbox(AccountId),
    /// All mailboxes of a Pro user.
    Owner(UserId),
}

impl Topic {
    pub(crate) fn mailbox(account_id: &str) -> Result<Self, ApiError> {
        let id = account_id.parse();
        id.map(Self::Mailbox)
            .map_err(|_| ApiError::internal("an account id is no UUID"))
    }

    pub(crate) fn owner(user_id: &str) -> Result<Self, ApiError> {
        let id = user_id.parse();
        id.map(Self::Owner)
            .map_err(|_| ApiError::internal("a user id is no UUID"))
    }

    pub(crate) fn following(self) -> Following {
        match self {
            Self::Mailbox(id) => Following::Mailbox(mayfly_proto::mailbox::Scope {
                account_id: id.to_string(),
                owner_user_id: None,
            }),
            Self::Owner(id) => Following::OwnerUserId(id.to_string()),
        }
    }
}

/// What is known of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// The newest message that was heard of.
    Newest(Option<MessageId>),
    /// The mailbox was deleted.
    Gone,
}

/// The topics that are followed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hub(Arc<Mutex<HashMap<Topic, watch::Sender<News>>>>);

/// A place among those who follow a topic.
#[derive(Debug)]
pub(crate) struct Followed {
    hub: Hub,
    topic: Topic,
    pub(super) news: watch::Receiver<News>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        let mut topics = self.hub.topics();
        // This one is counted still.
        if topics
            .get(&self.topic)
            .is_some_and(|news| news.receiver_count() <= 1)
        {
            topics.remove(&self.topic);
        }
    }
}

impl Hub {
    fn topics(&self) -> MutexGuard<'_, HashMap<Topic, watch::Sender<News>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to follow a topic.
    ///
    /// # Errors
    /// `rate_limited` when too many follow it.
    pub(super) fn follow(&self, topic: Topic) -> Result<Followed, ApiError> {
        let mut topics = self.topics();
        let sender = topics
            .entry(topic)
            .or_insert_with(|| watch::Sender::new(News::Newest(None)));
        if sender.receiver_count() >= MAX_FOLLOWERS {
            return Err(ApiError::rate_limited(Duration::from_secs(1)));
        }
        Ok(Followed {
            hub: self.clone(),
            topic,
            news: sender.subscribe(),
        })
    }

    /// Tells those who follow a topic.
    pub(super) fn tell(&self, topic: Topic, news: News) {
        if let Some(sender) = self.topics().get(&topic) {
            sender.send_if_modified(|known| {
                let is_news = match (*known, news) {
                    (News::Newest(known), News::Newest(new)) => new > known,
                    (News::Newest(_), News::Gone) => true,
                    (News::Gone, _) => false,
                };
                if is_news {
                    *known = news;
                }
                is_news
            });
        }
    }

    fn followed(&self) -> Vec<Topic> {
        let mut topics = self.topics();
        // Two that leave at the same moment may each have counted the other.
        topics.retain(|_, news| news.receiver_count() > 0);
        topics.keys().copied().collect()
    }
}

/// Listens to the event bus until the tasks stop, and looks for what it does not tell. Looking waits for answers, so it
/// is a task of its own.
pub(crate) fn listen(hub: Hub, mut events: Subscription, gateway: Gateway, tasks: &Tasks) {
    let is_gap = Arc::new(Notify::new());
    let (looking, looking_for, stopping) = (hub.clone(), Arc::clone(&is_gap), tasks.stopping());
    tasks.spawn_vital("event search", async move {
        let look = async {
            loop {
                let _ = tokio::time::timeout(LOOK_EVERY, looking_for.notified()).await;
                look_all(&looking, &gateway).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = look => {}
        }
    });
    let stopping = tasks.stopping();
    tasks.spawn_vital("event listener", async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                heard = events.next() => match heard {
                    Some(BusEvent::Message(text)) => hear(&hub, &text),
                    Some(BusEvent::Gap) => is_gap.notify_one(),
                    // The bus ends with the process.
                    None => return stopping.cancelled().await,
                },
            }
        }
    });
}

fn hear(hub: &Hub, text: &str) {
    let Ok(event) = text.parse::<NewMessage>() else {
        // A later version may tell more.
        return;
    };
    let news = News::Newest(Some(event.message_id));
    hub.tell(Topic::Mailbox(event.account_id), news);
    if let Some(owner) = event.owner {
        hub.tell(Topic::Owner(owner), news);
    }
}

async fn look_all(hub: &Hub, gateway: &Gateway) {
    for topics in hub.followed().chunks(CHUNK) {
        if let Err(error) = look(hub, gateway, topics).await {
            tracing::debug!(%error, "cannot look for new mail; trying on");
            return;
        }
    }
}

async fn look(hub: &Hub, gateway: &Gateway, topics: &[Topic]) -> Result<(), tonic::Status> {
    let mut request = ListLastMessageIdsRequest::default();
    for topic in topics {
        match topic {
            Topic::Mailbox(id) => request.account_ids.push(id.to_string()),
            Topic::Owner(id) => request.owner_user_ids.push(id.to_string()),
        }
    }
    let answer = gateway
        .mailbox()
        .list_last_message_ids(request)
        .await?
        .into_inner();
    for topic in topics {
        let last = match topic {
            Topic::Mailbox(id) => answer.by_account_id.get(&id.to_string()),
            Topic::Owner(id) => answer.by_owner_user_id.get(&id.to_string()),
        };
        match (topic, last) {
            (_, Some(id)) => hub.tell(*topic, News::Newest(id.parse().ok())),
            (Topic::Mailbox(_), None) => hub.tell(*topic, News::Gone),
            // A user without any mailbox so far.
            (Topic::Owner(_), None) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mayfly_types::{Clock, SystemClock};

    use super::*;

    #[test]
    fn a_topic_lives_as_long_as_somebody_follows_it() {
        let hub = Hub::default();
        let now = SystemClock.now();
        let topic = Topic::Mailbox(AccountId::new(now));
        let first = hub.follow(topic).unwrap();
        let second = hub.follow(topic).unwrap();
        drop(first);
        assert_eq!(hub.followed(), [topic]);
        drop(second);
        assert!(hub.followed().is_empty());
    }

    #[test]
    fn a_topic_that_nobody_follows_is_forgotten_by_the_next_look() {
        let hub = Hub::default();
        let topic = Topic::Mailbox(AccountId::new(SystemClock.now()));
        hub.topics().insert(topic, watch::Sender::new(News::Newest(None)));
        assert!(hub.followed().is_empty());
        assert!(hub.topics().is_empty());
    }

    #[test]
    fn only_what_is_newer_is_news() {
        let hub = Hub::default();
        let now = SystemClock.now();
        let topic = Topic::Owner(UserId::new(now));
        let [old, new] = [MessageId::new(now), MessageId::new(now)];
        let mut followed = hub.follow(topic).unwrap();
        for (id, is_news) in [(new, true), (old, false), (new, false)] {
            hub.tell(topic, News::Newest(Some(id)));
            assert_eq!(followed.news.has_changed().unwrap(), is_news);
            assert_eq!(*followed.news.borrow_and_update(), News::Newest(Some(new)));
        }
        hub.tell(topic, News::Gone);
        hub.tell(topic, News::Newest(Some(MessageId::new(now))));
        assert_eq!(*followed.news.borrow_and_update(), News::Gone);
    }

    #[test]
    fn followers_of_one_topic_are_bounded() {
        let hub = Hub::default();
        let topic = Topic::Mailbox(AccountId::new(SystemClock.now()));
        let all: Vec<_> = (0..MAX_FOLLOWERS).map(|_| hub.follow(topic).unwrap()).collect();
        assert!(hub.follow(topic).is_err());
        drop(all);
        assert!(hub.follow(topic).is_ok());
    }
}
