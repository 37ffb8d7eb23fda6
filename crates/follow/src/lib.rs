//! Streams of new mail: topics, cursors over them, and the watch over their credentials. For every edge that streams; it
//! knows no HTTP. Subscriptions read the database by cursor; the event bus only says when to read.

mod credential;
mod hints;
mod hub;
mod metrics;
#[cfg(test)]
mod stub;
mod subscription;

use std::{net::IpAddr, sync::Arc, time::Duration};

use mayfly_proto::{auth::auth_client::AuthClient, mailbox::mailbox_client::MailboxClient};
use mayfly_rpc::{Failure, Transport};
use mayfly_runtime::{
    shares::{Bounds, Exceeded, Share, Shares},
    task::Tasks,
};
use mayfly_shared::bus;
use mayfly_types::{AccountId, MessageId};
use secrecy::SecretString;

pub use credential::{CredentialWatch, Ending, Watched};
pub use hints::{Hint, Hints};
pub use hub::{Feed, Topic};
pub use metrics::{Open, StreamKind, StreamMetrics};
pub use subscription::{MailboxDeleted, Subscription};

use hub::Hub;

/// The last eighth of the streams is for clients with at most this many.
const SMALL_CLIENT: u64 = 16;

/// What all streams of a process share.
#[derive(Debug, Clone)]
pub struct Follow {
    hub: Hub,
    mailbox: MailboxClient<Transport>,
    credentials: CredentialWatch,
    metrics: StreamMetrics,
    permits: Arc<Shares<IpAddr>>,
}

/// One of the streams that a process may have open; dropping it makes room for another.
#[derive(Debug)]
pub struct StreamPermit {
    _share: Share<IpAddr>,
}

impl Follow {
    /// Starts to listen to the event bus, until the tasks stop.
    #[must_use]
    pub fn start(
        auth: AuthClient<Transport>,
        mailbox: MailboxClient<Transport>,
        events: bus::Subscription,
        max_streams: u32,
        tasks: &Tasks,
    ) -> Self {
        let follow = Self::new(auth, mailbox, max_streams, tasks);
        follow.hub.start(follow.mailbox.clone(), events, tasks);
        follow
    }

    fn new(
        auth: AuthClient<Transport>,
        mailbox: MailboxClient<Transport>,
        max_streams: u32,
        tasks: &Tasks,
    ) -> Self {
        let total = u64::from(max_streams);
        let bounds = Bounds {
            total,
            share: (total / 4).max(1),
            reserve: total / 8,
            small: SMALL_CLIENT,
        };
        Self {
            hub: Hub::new(max_streams),
            mailbox,
            credentials: CredentialWatch::new(auth, tasks),
            metrics: StreamMetrics::new(),
            permits: Shares::new(bounds),
        }
    }

    /// Returns the measurements of streams.
    #[must_use]
    pub fn metrics(&self) -> &StreamMetrics {
        &self.metrics
    }

    /// Takes a permit for one stream of a client, whose address the caller reduces to what counts as one client. The
    /// subscription bounds the streams of one mailbox or Pro user.
    ///
    /// # Errors
    /// `RateLimited` when the client has a quarter of all streams, `Unavailable` when the process has as many as it may.
    pub fn permit(&self, client: IpAddr) -> Result<StreamPermit, Failure> {
        let share = self.permits.take(client, 1).map_err(|exceeded| match exceeded {
            Exceeded::Share => Failure::rate_limited(Duration::from_secs(1)),
            Exceeded::Pool => Failure::unavailable("no stream permit is left"),
        })?;
        Ok(StreamPermit { _share: share })
    }

    /// Subscribes to a feed, behind a message or from now on.
    ///
    /// # Errors
    /// When the mailbox service cannot answer or the mailbox is deleted; `RateLimited` when the topic has too many
    /// subscriptions.
    pub async fn subscribe(
        &self,
        feed: impl Into<Feed>,
        since: Option<MessageId>,
    ) -> Result<Subscription, Failure> {
        Subscription::begin(&self.hub, self.mailbox.clone(), feed.into(), since).await
    }

    /// Follows the changes of the messages of a mailbox, for a stream that has subscribed to its topic.
    #[must_use]
    pub fn hints(&self, account: AccountId) -> Hints {
        self.hub.hints.follow(account)
    }

    /// Watches a credential that has just been validated.
    #[must_use]
    pub fn watch(&self, bearer: &SecretString) -> Watched {
        self.credentials.watch(bearer)
    }
}

#[cfg(test)]
mod tests {
    use mayfly_types::Reason;

    use super::*;

    #[tokio::test]
    async fn permit_of_greedy_clients_leaves_streams_to_others() {
        let follow = stub::follow_credentials(|| Ok(()));
        let take = |last: u8| follow.permit([192, 0, 2, last].into());
        let mut held: Vec<_> = (0..30).filter_map(|_| take(1).ok()).collect();
        assert_eq!(held.len(), 25, "a quarter of 100");
        assert_eq!(take(1).unwrap_err().reason, Reason::RateLimited);
        held.extend((0..90_u8).filter_map(|n| take(2 + n % 3).ok()));
        assert_eq!(held.len(), 88, "all but the reserve");
        for last in 100..112 {
            held.push(take(last).unwrap());
        }
        assert_eq!(take(200).unwrap_err().reason, Reason::Unavailable);
    }
}
