//! Keeps the [`BlockList`] of this process current: after its own changes at once, after those of other processes by a poll.

use std::{sync::Arc, time::Duration};

use mayfly_database::DbErr;
use mayfly_runtime::task::Tasks;
use mayfly_types::SharedClock;
use parking_lot::RwLock;
use tokio::sync::Mutex;

use crate::{
    block_list::BlockList,
    store::{Store, blocks, millis},
};

/// How often a process looks for the changes of others.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The current list. A clone shares it.
#[derive(Debug, Clone)]
pub(crate) struct BlockWatch {
    list: Arc<RwLock<Arc<BlockList>>>,
    /// Held from a read to the replacement of the list, so that an older read cannot replace a newer one.
    refreshing: Arc<Mutex<()>>,
    store: Store,
    clock: SharedClock,
}

impl BlockWatch {
    /// Reads the list, and starts the poll if other processes can change it.
    pub(crate) async fn start(store: &Store, clock: SharedClock, tasks: &Tasks) -> Result<Self, DbErr> {
        let this = Self {
            list: Arc::default(),
            refreshing: Arc::default(),
            store: store.clone(),
            clock,
        };
        this.refresh().await?;
        if store.database().is_shared() {
            let (watch, stopping) = (this.clone(), tasks.stopping());
            tasks.spawn(async move {
                stopping.run_until_cancelled(watch.poll()).await;
            });
        }
        Ok(this)
    }

    /// Returns the list.
    pub(crate) fn current(&self) -> Arc<BlockList> {
        self.list.read().clone()
    }

    /// Reads the list again.
    pub(crate) async fn refresh(&self) -> Result<(), DbErr> {
        let _refreshing = self.refreshing.lock().await;
        let now_ms = millis(self.clock.now());
        let database = self.store.database();
        let read = database.read("list_blocks", |c| Box::pin(blocks::list(c, now_ms)));
        let list = BlockList::new(read.await?);
        *self.list.write() = Arc::new(list);
        Ok(())
    }

    async fn poll(&self) {
        let mut seen = None;
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            let database = self.store.database();
            let read = database.read("blocks_version", |c| Box::pin(blocks::version(c)));
            // An outage is reported by readiness and by every call. The list stays as it is.
            let Ok(version) = read.await else { continue };
            if seen != Some(version) && self.refresh().await.is_ok() {
                seen = Some(version);
            }
        }
    }
}
