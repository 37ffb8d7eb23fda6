//! Following a mailbox with all its changes: messages that arrive, are marked or are deleted, and its own end.

use std::net::IpAddr;

use mayfly_follow::{Hint, Hints, StreamKind, StreamPermit, Subscription, Topic};
use mayfly_proto::mailbox::{
    CheckMessageRequest, GetMailboxRequest, MailboxInfo, MessageReceived, MessageSummary, Scope,
    scope::Caller,
};
use mayfly_rpc::Failure;
use mayfly_runtime::fair;
use mayfly_types::MessageId;
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::{
    App,
    stream::{QUEUE, SEND_TIMEOUT, message_id},
};

/// Something happened in the mailbox.
#[derive(Debug)]
pub(crate) enum Change {
    /// A message arrived: the mailbox after it, and the message.
    Received(MailboxInfo, Box<MessageReceived>),
    /// A message was marked as read or as unread.
    Marked(MailboxInfo, Box<MessageSummary>),
    /// A message was deleted; the mailbox after that.
    Deleted(MailboxInfo, MessageId),
    /// The mailbox, as it was before its deletion. Nothing follows.
    AccountDeleted(MailboxInfo),
}

/// What a stream follows.
#[derive(Debug)]
pub(crate) struct Followed {
    /// The mailbox of the credential.
    pub(crate) account_id: String,
    /// Whether its changes are sent; a stream without them stays open and silent.
    pub(crate) has_changes: bool,
    pub(crate) bearer: SecretString,
    /// Replays the messages behind this one.
    pub(crate) since: Option<MessageId>,
}

/// The queue of one stream.
pub(crate) struct ChangeStream {
    /// It ends as [`super::stream::MessageStream::messages`] does.
    pub(crate) changes: mpsc::Receiver<Change>,
    /// Held until the connection has let go of the queue.
    pub(crate) permit: StreamPermit,
}

/// The queue could not be filled any more.
struct Closed;

impl App {
    /// Streams the changes of a mailbox from now on, or the messages behind one first.
    ///
    /// # Errors
    /// As [`App::stream`].
    pub(crate) async fn follow_mailbox(
        &self,
        followed: Followed,
        client: IpAddr,
    ) -> Result<ChangeStream, Failure> {
        let permit = self.follow.permit(client)?;
        let topic = Topic::mailbox(&followed.account_id)?;
        let Topic::Mailbox(account) = topic else {
            return Err(Failure::internal("the topic of a mailbox is another"));
        };
        let hints = self.follow.hints(account);
        let subscription = self.follow.subscribe(topic, followed.since).await?;
        let (queue, changes) = mpsc::channel(QUEUE);
        let mut relay = Relay {
            app: self.clone(),
            mailbox: self.mailbox_of(&followed.account_id).await?,
            subscription,
            hints,
            queue,
        };
        let (app, stopping) = (self.clone(), self.tasks.stopping());
        let queue = relay.queue.clone();
        self.tasks.spawn(fair::current().run(async move {
            let _open = app.follow.metrics().open(StreamKind::Events);
            let mut credential = app.follow.watch(&followed.bearer);
            tokio::select! {
                () = relay.run(followed.has_changes) => return,
                _ = credential.ended() => {}
                () = queue.closed() => return,
                () = stopping.cancelled() => return,
            }
            if followed.has_changes {
                relay.report_end().await;
            }
        }));
        Ok(ChangeStream { changes, permit })
    }

    /// Returns a mailbox that acts for itself.
    pub(crate) async fn mailbox_of(&self, account_id: &str) -> Result<MailboxInfo, Failure> {
        let request = GetMailboxRequest {
            scope: Some(scope_of(account_id)),
        };
        let answer = self.mailbox().get_mailbox(request).await?.into_inner();
        Ok(answer.mailbox.unwrap_or_default())
    }
}

fn scope_of(account_id: &str) -> Scope {
    Scope {
        caller: Some(Caller::AccountId(account_id.to_owned())),
    }
}

/// Fills the queue of one stream.
struct Relay {
    app: App,
    /// As it was last read.
    mailbox: MailboxInfo,
    subscription: Subscription,
    hints: Hints,
    queue: mpsc::Sender<Change>,
}

impl Relay {
    async fn run(&mut self, has_changes: bool) {
        while self.step(has_changes).await.is_ok() {}
    }

    async fn step(&mut self, has_changes: bool) -> Result<(), Closed> {
        tokio::select! {
            // A message is sent before its changes.
            biased;
            arrived = self.subscription.next() => match arrived {
                Ok(messages) if has_changes => self.send_received(messages).await,
                Ok(_) => Ok(()),
                Err(_) if has_changes => self.end().await,
                Err(_) => Err(Closed),
            },
            hint = self.hints.next(), if has_changes => self.send_hint(hint).await,
        }
    }

    async fn send(&self, change: Change) -> Result<(), Closed> {
        let sent = self.queue.send_timeout(change, SEND_TIMEOUT).await;
        sent.map_err(|_| Closed)
    }

    /// Reads the mailbox again. If it cannot be read, the last state serves.
    async fn refresh(&mut self) {
        if let Ok(mailbox) = self.app.mailbox_of(&self.mailbox.account_id).await {
            self.mailbox = mailbox;
        }
    }

    async fn send_received(&mut self, messages: Vec<MessageReceived>) -> Result<(), Closed> {
        if !messages.is_empty() {
            self.refresh().await;
        }
        for message in messages {
            let id = message_id(&message).to_owned();
            self.send(Change::Received(self.mailbox.clone(), Box::new(message)))
                .await?;
            let metrics = self.app.follow.metrics();
            metrics.delivered(StreamKind::Events, &id, &self.app.clock);
        }
        Ok(())
    }

    async fn send_hint(&mut self, hint: Hint) -> Result<(), Closed> {
        let (Hint::Changed(id) | Hint::Deleted(id)) = hint;
        self.subscription.expect(id);
        loop {
            match self.subscription.catch_up().await {
                Ok(messages) if messages.is_empty() => break,
                Ok(messages) => self.send_received(messages).await?,
                Err(_) => return self.end().await,
            }
        }
        match hint {
            Hint::Changed(id) => {
                let request = CheckMessageRequest {
                    scope: Some(scope_of(&self.mailbox.account_id)),
                    message_id: id.to_string(),
                };
                let answer = self.app.mailbox().check_message(request).await;
                // Deleted meanwhile; or a hint is lost.
                let Some(summary) = answer.ok().and_then(|answer| answer.into_inner().summary) else {
                    return Ok(());
                };
                self.send(Change::Marked(self.mailbox.clone(), Box::new(summary)))
                    .await
            }
            Hint::Deleted(id) => {
                self.refresh().await;
                self.send(Change::Deleted(self.mailbox.clone(), id)).await
            }
        }
    }

    async fn end(&self) -> Result<(), Closed> {
        self.send(Change::AccountDeleted(self.mailbox.clone())).await?;
        Err(Closed)
    }

    /// Sends the end of the mailbox, if its deletion is why the credential has ended.
    async fn report_end(&self) {
        let found = self.app.mailbox_of(&self.mailbox.account_id).await;
        if found.is_err_and(|failure| failure.refuses_credential()) {
            let _ = self.end().await;
        }
    }
}
