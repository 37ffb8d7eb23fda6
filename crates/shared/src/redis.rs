//! Redis, for short-lived state that processes share. It may be slow, down or emptied at any moment: a call that is not
//! answered at once fails, and its caller continues without.

mod config;
mod subscribe;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisFuture,
    ScriptInvocation, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
};
use parking_lot::Mutex;
use tokio::sync::Notify;

pub use ::redis;
pub use config::RedisConfig;
use config::Topology;
pub use subscribe::subscribe;

use mayfly_runtime::{config::ConfigError, task::Tasks};

/// The time-out of a command. Callers have a deadline of a second, and query PostgreSQL after this.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(250);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often an unused connection is tried, so that readiness and the metric notice its loss.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// The pause between two connection attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A client of Redis. Clones share one connection.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

struct Shared {
    live: Mutex<Option<Live>>,
    is_lost: Notify,
}

/// A connection, and when it was established.
#[derive(Clone)]
struct Live {
    connection: Connection,
    since: Instant,
}

/// One kind of connection for every topology.
#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    /// Starts to maintain a connection until the tasks stop. Returns before it is established.
    ///
    /// # Errors
    /// When the URL does not parse.
    pub fn start(config: &RedisConfig, tasks: &Tasks) -> Result<Option<Self>, ConfigError> {
        let Some(topology) = config.topology()? else {
            return Ok(None);
        };
        let redis = Self(Arc::new(Shared {
            live: Mutex::new(None),
            is_lost: Notify::new(),
        }));
        observe(&redis.0);
        let (maintained, stopping) = (redis.clone(), tasks.stopping());
        tasks.spawn_vital("redis", async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = maintain(topology, &maintained) => {}
            }
        });
        Ok(Some(redis))
    }

    /// Checks that the server accepts the credentials. A server that cannot be reached is no failure: it may come later.
    ///
    /// # Errors
    /// When the server rejects the user or the password.
    pub async fn check_credentials(config: &RedisConfig) -> Result<(), ConfigError> {
        let Some(mut topology) = config.topology()? else {
            return Ok(());
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, connect(&mut topology)).await {
            Ok(Err(error)) if is_rejected(&error) => {
                let problem = "names a user or a password that the server rejects";
                Err(ConfigError::new("redis.url", problem))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether there is a connection, for the readiness report.
    ///
    /// # Errors
    /// Says that there is none.
    pub fn check(&self) -> Result<(), String> {
        let is_connected = self.0.live.lock().is_some();
        is_connected
            .then_some(())
            .ok_or_else(|| "not connected; token checks read PostgreSQL, limits are per process".to_owned())
    }

    /// Returns the age of the connection, if there is one.
    #[must_use]
    pub fn connected_for(&self) -> Option<Duration> {
        self.0.live.lock().as_ref().map(|live| live.since.elapsed())
    }

    /// Runs a command.
    ///
    /// # Errors
    /// The error of the server, or a time-out: the outcome of the command is unknown then.
    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut live = self.connection()?;
        let outcome = command.query_async(&mut live.connection).await;
        self.abandon_if_lost(&live, outcome)
    }

    /// Runs commands whose order and answers do not matter.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn run_all(&self, commands: &Pipeline) -> Result<(), RedisError> {
        let mut live = self.connection()?;
        let outcome = commands.exec_async(&mut live.connection).await;
        self.abandon_if_lost(&live, outcome)
    }

    /// Runs a script.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn run_script<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisError> {
        let mut live = self.connection()?;
        let outcome = script.invoke_async(&mut live.connection).await;
        self.abandon_if_lost(&live, outcome)
    }

    fn connection(&self) -> Result<Live, RedisError> {
        let live = self.0.live.lock().clone();
        live.ok_or_else(|| RedisError::from((ErrorKind::Io, "there is no connection to Redis")))
    }

    /// Abandons the connection if a command failed because of it.
    fn abandon_if_lost<T>(&self, used: &Live, outcome: Result<T, RedisError>) -> Result<T, RedisError> {
        if let Err(error) = &outcome
            && is_lost(error)
        {
            let mut live = self.0.live.lock();
            if live.as_ref().is_some_and(|live| live.since == used.since) {
                tracing::warn!(%error, "lost Redis; continuing without it");
                *live = None;
                self.0.is_lost.notify_one();
            }
        }
        outcome
    }
}

/// Returns whether an error means that the server is unusable: down, slow, loading, or no longer the master.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || matches!(
            error.code(),
            Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "NOAUTH")
        )
}

/// Returns whether the server rejects the credentials, or requires some.
fn is_rejected(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH" | "NOPERM"))
}

/// Exports whether there is a connection.
fn observe(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    let _ = mayfly_runtime::telemetry::meter()
        .u64_observable_gauge("mayfly.redis.connected")
        .with_description("1 while this process has a connection to Redis")
        .with_callback(move |observer| {
            if let Some(shared) = shared.upgrade() {
                observer.observe(u64::from(shared.live.lock().is_some()), &[]);
            }
        })
        .build();
}

/// Connects, and reconnects whenever the connection is lost.
async fn maintain(mut topology: Topology, redis: &Redis) {
    let mut is_logged = false;
    loop {
        match tokio::time::timeout(CONNECT_TIMEOUT, connect(&mut topology)).await {
            Ok(Ok(connection)) => {
                *redis.0.live.lock() = Some(Live {
                    connection,
                    since: Instant::now(),
                });
                tracing::info!("connected to Redis");
                is_logged = false;
                let ping = ::redis::cmd("PING");
                while tokio::time::timeout(PING_INTERVAL, redis.0.is_lost.notified())
                    .await
                    .is_err()
                {
                    // A failure wakes this loop.
                    let _ = redis.run::<()>(&ping).await;
                }
            }
            failed => {
                if !is_logged {
                    let error = match failed {
                        Ok(outcome) => outcome.err().map(|error| error.to_string()),
                        Err(_) => Some("no answer within a second".to_owned()),
                    };
                    tracing::warn!(error, "cannot connect to Redis; retrying");
                    is_logged = true;
                }
            }
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

/// Connects, and checks that the server answers in time.
async fn connect(topology: &mut Topology) -> Result<Connection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    let mut connection = match topology {
        Topology::Single(client) => Connection::Single(
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await?,
        ),
        Topology::Sentinel(client) => {
            Connection::Single(client.get_async_connection_with_config(&config).await?)
        }
        Topology::Cluster(client, _) => {
            let config = ::redis::cluster::ClusterConfig::new()
                .set_connection_timeout(CONNECT_TIMEOUT)
                .set_response_timeout(RESPONSE_TIMEOUT);
            Connection::Cluster(client.get_async_connection_with_config(config).await?)
        }
    };
    ::redis::cmd("PING").exec_async(&mut connection).await?;
    Ok(connection)
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
