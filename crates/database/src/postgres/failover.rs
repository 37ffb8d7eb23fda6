//! Failover: sessions of a server that may only read leave the pool, and the pool connects to the host that may write.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use parking_lot::Mutex;
use sea_orm::{
    DbErr,
    sqlx::{
        self, ConnectOptions as _, Connection, PgPool,
        pool::PoolConnectionMetadata,
        postgres::{PgConnectOptions, PgConnection},
    },
};
use tokio::{sync::Notify, task::AbortHandle, time::timeout};

use super::{hosts::Hosts, role};
use crate::error::{is_connection_failure, is_failover};

/// A session that was idle for this long is checked before use.
const CHECK_AFTER_IDLE: Duration = Duration::from_secs(1);
/// Sessions are given up at most this often: a server that stays read-only still serves reads.
const GIVE_UP_INTERVAL: Duration = Duration::from_secs(1);
/// The time-out of looking at one host, and the pause before the hosts are looked at again.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(250);

/// What the pool and its callers know of a failover. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Failover {
    must_write: bool,
    /// Sessions opened at this time or before are closed instead of used.
    given_up: Arc<Mutex<Option<Instant>>>,
    /// Wakes the search for a host that may write.
    search: Arc<Notify>,
}

impl Failover {
    pub(super) fn new(must_write: bool) -> Self {
        Self {
            must_write,
            given_up: Arc::default(),
            search: Arc::default(),
        }
    }

    /// Returns whether sessions that may only read are refused.
    pub(super) fn must_write(&self) -> bool {
        self.must_write
    }

    /// Learns from an error. When a session is read-only or its server goes away, all sessions that are open now are given
    /// up: they are of the same server.
    pub(crate) fn note(&self, error: &DbErr) {
        if is_failover(error) {
            self.give_up();
        } else if is_connection_failure(error) {
            self.search.notify_one();
        }
    }

    /// Gives up all sessions that are open now.
    pub(super) fn give_up(&self) {
        let now = Instant::now();
        {
            let mut given_up = self.given_up.lock();
            if given_up.is_some_and(|at| now.duration_since(at) < GIVE_UP_INTERVAL) {
                return;
            }
            *given_up = Some(now);
        }
        self.search.notify_one();
    }

    /// Returns whether a session is not given up.
    pub(super) fn keeps(&self, session: &PoolConnectionMetadata) -> bool {
        let given_up = *self.given_up.lock();
        given_up.is_none_or(|at| session.age < at.elapsed())
    }

    /// Decides whether an idle session may be used. A session that was just used costs no round trip.
    pub(super) async fn check(
        &self,
        connection: &mut PgConnection,
        session: &PoolConnectionMetadata,
    ) -> Result<bool, sqlx::Error> {
        if !self.keeps(session) {
            return Ok(false);
        }
        if session.idle_for < CHECK_AFTER_IDLE {
            return Ok(true);
        }
        let is_usable = role(connection).await?.problem(self.must_write).is_none();
        if !is_usable {
            self.give_up();
        }
        Ok(is_usable)
    }
}

/// The search for the host that may write. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Search(AbortHandle);

impl Drop for Search {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Search {
    /// Searches whenever connecting or writing fails. `at` is the present host.
    pub(super) fn start(failover: &Failover, hosts: Hosts, at: usize, pool: PgPool) -> Self {
        let wake = Arc::clone(&failover.search);
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with the database, which owns no group of tasks"
        )]
        let task = tokio::spawn(async move {
            let mut at = at;
            loop {
                wake.notified().await;
                let found = loop {
                    match find_writable(&hosts.servers, at).await {
                        Some(found) => break found,
                        None => tokio::time::sleep(PAUSE).await,
                    }
                };
                if found != at
                    && let Some(server) = hosts.servers.get(found)
                {
                    tracing::warn!(
                        host = server.get_host(),
                        port = server.get_port(),
                        "the database failed over"
                    );
                    pool.set_connect_options(server.clone());
                    at = found;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self(task.abort_handle())
    }
}

/// Looks at all hosts at once. Returns the first that may write, where the present one comes first: a former primary that
/// returns is not preferred.
pub(super) async fn find_writable(servers: &[PgConnectOptions], at: usize) -> Option<usize> {
    let mut order: Vec<usize> = (0..servers.len()).collect();
    if at < order.len() {
        order.swap(0, at);
    }
    let probes = order.iter().filter_map(|&n| servers.get(n)).map(is_writable);
    let found = join_all(probes).await;
    order
        .into_iter()
        .zip(found)
        .find_map(|(n, may_write)| may_write.then_some(n))
}

async fn is_writable(server: &PgConnectOptions) -> bool {
    let looked = timeout(PROBE_TIMEOUT, async {
        let mut connection = server.connect().await?;
        let found = role(&mut connection).await;
        let _ = connection.close().await;
        found
    });
    matches!(looked.await, Ok(Ok(role)) if role.problem(true).is_none())
}
