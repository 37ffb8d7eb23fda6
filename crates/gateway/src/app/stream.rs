//! Streaming new messages to a client that reads them from a queue.

use std::{net::IpAddr, time::Duration};

use mayfly_follow::{Feed, StreamKind, StreamPermit, Subscription};
use mayfly_proto::mailbox::MessageReceived;
use mayfly_rpc::Failure;
use mayfly_runtime::fair;
use mayfly_types::MessageId;
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::{App, zoned_query::ZonedQuery};

/// Messages queued for a slow reader.
pub(super) const QUEUE: usize = 16;
/// How long a reader may leave the queue full.
pub(super) const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The queue of one stream.
pub(crate) struct MessageStream {
    /// Where the stream begins.
    pub(crate) cursor: MessageId,
    /// It ends when the credential does, the mailbox is deleted, the reader is too slow, or the process stops.
    pub(crate) messages: mpsc::Receiver<MessageReceived>,
    /// Held until the connection has let go of the queue: a reader who takes nothing may keep it for long.
    pub(crate) permit: StreamPermit,
}

impl App {
    /// Streams the messages of a feed behind a message, or from now on, of an open mailbox without a credential: those that fulfil
    /// a query, if there is one.
    ///
    /// # Errors
    /// `RateLimited` or `Unavailable` when no stream permit is left; otherwise as [`mayfly_follow::Follow::subscribe`].
    pub(crate) async fn stream(
        &self,
        feed: Feed,
        bearer: Option<SecretString>,
        since: Option<MessageId>,
        client: IpAddr,
        query: Option<ZonedQuery>,
    ) -> Result<MessageStream, Failure> {
        let permit = self.follow.permit(client)?;
        let mut subscription = self.follow.subscribe(feed.clone(), since).await?;
        let cursor = subscription.cursor();
        let (queue, messages) = mpsc::channel(QUEUE);
        let (app, stopping) = (self.clone(), self.tasks.stopping());
        self.tasks.spawn(fair::current().run(async move {
            let _open = app.follow.metrics().open(StreamKind::Events);
            let credential = async {
                match &bearer {
                    Some(bearer) => {
                        app.follow.watch(bearer).ended().await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = app.fill(&feed, &mut subscription, query.as_ref(), &queue) => {}
                () = credential => {}
                () = queue.closed() => {}
                () = stopping.cancelled() => {}
            }
        }));
        Ok(MessageStream {
            cursor,
            messages,
            permit,
        })
    }

    /// Fills the queue. A query that cannot be evaluated ends the stream: the client continues from its cursor.
    async fn fill(
        &self,
        feed: &Feed,
        subscription: &mut Subscription,
        query: Option<&ZonedQuery>,
        queue: &mpsc::Sender<MessageReceived>,
    ) {
        while let Ok(mut messages) = subscription.next().await {
            if let Some(query) = query {
                let Ok(matching) = self.matching(feed, query, &messages).await else {
                    return;
                };
                messages.retain(|message| matching.contains(message_id(message)));
            }
            for message in messages {
                let id = message_id(&message).to_owned();
                if queue.send_timeout(message, SEND_TIMEOUT).await.is_err() {
                    return;
                }
                self.follow
                    .metrics()
                    .delivered(StreamKind::Events, &id, &self.clock);
            }
        }
    }
}

/// The id of a message, or an empty text.
pub(crate) fn message_id(message: &MessageReceived) -> &str {
    let summary = message.summary.as_ref();
    summary.map_or("", |summary| summary.message_id.as_str())
}
