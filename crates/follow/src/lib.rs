//! Streams of new mail: topics, cursors over them, and the watch over their credentials. For every edge that streams; it
//! knows no HTTP. Subscriptions read the database by cursor; the event bus only says when to read.

mod credential;
mod hub;
mod metrics;
#[cfg(test)]
mod stub;
mod subscription;

use std::sync::Arc;

use mayfly_proto::{auth::auth_client::AuthClient, mailbox::mailbox_client::MailboxClient};
use mayfly_rpc::{Failure, Transport};
use mayfly_runtime::task::Tasks;
use mayfly_shared::bus;
use mayfly_types::MessageId;
use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use credential::{CredentialWatch, Ending, Watched};
pub use hub::Topic;
pub use metrics::{Open, StreamKind, StreamMetrics};
pub use subscription::{MailboxDeleted, Subscription};

use hub::Hub;

/// What all streams of a process share.
#[derive(Debug, Clone)]
pub struct Follow {
    hub: Hub,
    mailbox: MailboxClient<Transport>,
    credentials: CredentialWatch,
    metrics: StreamMetrics,
    permits: Arc<Semaphore>,
}

/// One of the streams that a process may have open; dropping it makes room for another.
#[derive(Debug)]
pub struct StreamPermit {
    _permit: OwnedSemaphorePermit,
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
        Self {
            hub: Hub::default(),
            mailbox,
            credentials: CredentialWatch::new(auth, tasks),
            metrics: StreamMetrics::new(),
            permits: Arc::new(Semaphore::new(max_streams as usize)),
        }
    }

    /// Returns the measurements of streams.
    #[must_use]
    pub fn metrics(&self) -> &StreamMetrics {
        &self.metrics
    }

    /// Takes a permit for one stream.
    ///
    /// # Errors
    /// `Unavailable` when the process has as many streams as it may.
    pub fn permit(&self) -> Result<StreamPermit, Failure> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        let permit = permit.map_err(|_| Failure::unavailable("no stream permit is left"))?;
        Ok(StreamPermit { _permit: permit })
    }

    /// Subscribes to a topic, behind a message or from now on.
    ///
    /// # Errors
    /// When the mailbox service cannot answer or the mailbox is deleted; `RateLimited` when the topic has too many
    /// subscriptions.
    pub async fn subscribe(&self, topic: Topic, since: Option<MessageId>) -> Result<Subscription, Failure> {
        Subscription::begin(&self.hub, self.mailbox.clone(), topic, since).await
    }

    /// Watches a credential that has just been validated.
    #[must_use]
    pub fn watch(&self, bearer: &SecretString) -> Watched {
        self.credentials.watch(bearer)
    }
}
