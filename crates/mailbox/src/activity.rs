//! Records the use of mailboxes in the background.

use std::collections::HashSet;

use mayfly_runtime::task::Tasks;
use mayfly_types::{AccountId, SharedClock};
use tokio::sync::mpsc;

use crate::{
    error::Error,
    store::{Store, mailboxes, millis},
};

/// Largest number of waiting records. When the queue is full a record is dropped; the next request makes it again.
const QUEUE: usize = 1024;

/// The queue of records.
#[derive(Debug)]
pub(crate) struct Activity(mpsc::Sender<AccountId>);

impl Activity {
    /// Starts the task that writes records.
    pub(crate) fn start(store: &Store, clock: SharedClock, tasks: &Tasks) -> Self {
        let (database, cache) = (store.database().clone(), store.cache().clone());
        let (sender, mut notes) = mpsc::channel(QUEUE);
        let stopping = tasks.stopping();
        tasks.spawn_vital("mailbox activity", async move {
            let mut batch = Vec::new();
            loop {
                tokio::select! {
                    received = notes.recv_many(&mut batch, QUEUE) => if received == 0 { return },
                    () = stopping.cancelled() => return,
                }
                let accounts: Vec<AccountId> = batch.drain(..).collect::<HashSet<_>>().into_iter().collect();
                let now_ms = millis(clock.now());
                let touched_accounts = accounts.clone();
                let touched: Result<(), Error> = database
                    .tx("touch_mailboxes", move |tx| {
                        let accounts = accounts.clone();
                        Box::pin(async move { Ok(mailboxes::touch(tx, &accounts, now_ms).await?) })
                    })
                    .await;
                for account in touched_accounts {
                    cache.invalidate(account);
                }
                if let Err(error) = touched {
                    tracing::warn!(%error, "cannot record the use of mailboxes");
                }
            }
        });
        Self(sender)
    }

    /// Records that a mailbox is in use.
    pub(crate) fn record(&self, account: AccountId) {
        let _ = self.0.try_send(account);
    }
}
