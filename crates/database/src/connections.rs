//! The connections of a database, which clients get in turn.

use std::{sync::Arc, time::Duration};

use mayfly_runtime::fair::{self, FairQueue, Permit, QueueBounds, Urgent};
use sea_orm::{ConnAcquireErr, DbErr};

/// A number of connections. While several clients are active, one has at most half of them.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    queue: Arc<FairQueue>,
    timeout: Duration,
}

/// The right to use a connection.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: Option<Permit>,
    /// Others wait for the connection, so its user waits for no turn.
    _urgent: Urgent,
}

impl Connections {
    /// Creates the queue in front of a pool of connections.
    pub(super) fn new(count: u32, timeout: Duration) -> Self {
        let total = u64::from(count);
        let bounds = QueueBounds {
            total,
            share: (total / 2).max(1),
        };
        Self {
            queue: FairQueue::new(bounds),
            timeout,
        }
    }

    /// Waits for the turn of the current client. Work of the process itself waits for the pool only.
    ///
    /// # Errors
    /// The error of the pool, when it takes too long.
    pub(super) async fn turn(&self) -> Result<Turn, DbErr> {
        let permit = match fair::client() {
            None => None,
            client => {
                let permit = self.queue.acquire_within(client, 1, self.timeout).await;
                Some(permit.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?)
            }
        };
        Ok(Turn {
            _permit: permit,
            _urgent: fair::urgent(),
        })
    }
}
