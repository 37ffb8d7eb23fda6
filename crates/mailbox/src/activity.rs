//! Notes that mailboxes are in use, off the path of requests.

use std::collections::HashSet;

use mayfly_runtime::task::Tasks;
use mayfly_types::SharedClock;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    error::Error,
    store::{Store, mailboxes, millis},
};

/// Notes that may wait. One that finds no place is lost, and made again by the next request.
const QUEUE: usize = 1024;

/// Where notes wait to be written.
#[derive(Debug)]
pub(crate) struct Activity(mpsc::Sender<Uuid>);

impl Activity {
    /// Starts the task that writes notes.
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
                let accounts: Vec<Uuid> = batch.drain(..).collect::<HashSet<_>>().into_iter().collect();
                let now_ms = millis(clock.now());
                let touched_accounts = accounts.clone();
                let touched: Result<(), Error> = database
                    .tx("touch_mailboxes", move |tx| {
                        let accounts = accounts.clone();
                        Box::pin(async move { Ok(mailboxes::touch(tx, &accounts, now_ms).await?) })
                    })
                    .await;
                for account in touched_accounts {
                    cache.forget(account);
                }
                if let Err(error) = touched {
                    tracing::warn!(%error, "cannot note that mailboxes are in use");
                }
            }
        });
        Self(sender)
    }

    /// Notes that a mailbox is in use.
    pub(crate) fn note(&self, account: Uuid) {
        let _ = self.0.try_send(account);
    }
}
