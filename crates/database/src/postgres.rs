//! PostgreSQL and compatible databases: a pool that checks every new connection.

mod failover;
mod hosts;

use std::{sync::Arc, time::Duration};

use opentelemetry::KeyValue;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqlxPostgresConnector, Statement,
    TransactionTrait,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions as _, Executor, PgPool, Row,
        postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
    },
};
use sea_orm_migration::MigratorTrait;

use super::{DatabaseConfig, OpenError, cause};
use mayfly_runtime::config::ConfigError;

pub(super) use self::failover::{Failover, Search};
use self::{failover::find_writable, hosts::Hosts};

/// How long a call waits for a connection. Callers have deadlines of a few seconds.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer than any call may take: ends statements whose caller is gone.
const STATEMENT_TIMEOUT_SECS: u32 = 30;
/// The key of the lock under which one process at a time migrates: "mayfly" in ASCII.
const MIGRATION_LOCK: i64 = 0x6d61_7966_6c79;

/// Connects. Returns the pool, the name of the server for messages, and what follows a failover.
pub(super) async fn open(
    config: &DatabaseConfig,
    service: &'static str,
) -> Result<(DatabaseConnection, String, (Failover, Option<Search>)), OpenError> {
    let url = config
        .url()?
        .ok_or_else(|| ConfigError::new("database.url", "is needed"))?;
    let mut hosts = Hosts::parse(&url)?;
    let name = hosts.name();
    for server in &mut hosts.servers {
        *server = server.clone().disable_statement_logging();
    }
    let at = match hosts.servers.len() {
        1 => 0,
        _ => find_writable(&hosts.servers, 0).await.unwrap_or(0),
    };
    let first = hosts
        .servers
        .get(at)
        .cloned()
        .ok_or_else(|| ConfigError::new("database.url", "names no host"))?;
    // One connection without the pool first: the pool would report a rejection only as a time-out.
    check_durability(&first, &name).await?;
    let failover = Failover::new(hosts.must_write);
    let pool = pool_options(config, service, &failover)
        .connect_with(first)
        .await
        .map_err(|error| OpenError::Database {
            name: name.clone(),
            error: DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(error))),
        })?;
    observe(pool.clone(), service);
    let search = (hosts.servers.len() > 1).then(|| Search::start(&failover, hosts, at, pool.clone()));
    let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok((pool, name, (failover, search)))
}

fn pool_options(config: &DatabaseConfig, service: &'static str, failover: &Failover) -> PgPoolOptions {
    let [connected, acquired, released] = std::array::from_fn(|_| failover.clone());
    PgPoolOptions::new()
        .max_connections(config.max_connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(600))
        .max_lifetime(Duration::from_secs(1800))
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let failover = connected.clone();
            Box::pin(async move {
                let outcome = set_up(connection, service, &failover).await;
                if outcome.is_err() {
                    failover.give_up();
                }
                outcome
            })
        })
        .before_acquire(move |connection, session| {
            let failover = acquired.clone();
            Box::pin(async move { failover.check(connection, &session).await })
        })
        .after_release(move |_, session| {
            let is_kept = released.keeps(&session);
            Box::pin(std::future::ready(Ok(is_kept)))
        })
}

/// Checks the durability settings on one connection, so that the error names the setting.
async fn check_durability(options: &PgConnectOptions, name: &str) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| OpenError::Database {
        name: name.to_owned(),
        error: DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(error))),
    };
    let connected = tokio::time::timeout(Duration::from_secs(10), options.connect()).await;
    let mut connection = connected
        .map_err(|_| failed(sqlx::Error::PoolTimedOut))?
        .map_err(failed)?;
    let settings = settings(&mut connection).await.map_err(failed)?;
    if shares_session(&mut connection, options).await.map_err(failed)? {
        let problem = "leads to a pooler that shares sessions, such as PgBouncer with pool_mode=transaction: set \
                       pool_mode=session, or connect to PostgreSQL itself (mayfly has a pool of its own)";
        return Err(ConfigError::new("database.url", problem).into());
    }
    let _ = sqlx::Connection::close(connection).await;
    match settings.not_durable() {
        None => Ok(()),
        Some((setting, found)) => Err(OpenError::NotDurable {
            name: name.to_owned(),
            setting,
            found: found.to_owned(),
        }),
    }
}

/// Returns whether another open connection has the same session: then a pooler lends sessions for a transaction, and what
/// a connection sets or prepares is lost or seen by others.
async fn shares_session(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
) -> Result<bool, sqlx::Error> {
    let mut other = options.connect().await?;
    let mut is_shared = false;
    // An idle session is lent again at once; the repetition is for poolers with other users.
    for _ in 0..3 {
        is_shared |= session_id(connection).await? == session_id(&mut other).await?;
    }
    let _ = sqlx::Connection::close(other).await;
    Ok(is_shared)
}

async fn session_id(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    connection.fetch_one("SELECT pg_backend_pid()").await?.try_get(0)
}

/// The settings that a connection must have.
struct Settings {
    synchronous_commit: String,
    fsync: Option<String>,
    role: ServerRole,
}

impl Settings {
    /// Returns a setting under which an accepted mail could be lost.
    fn not_durable(&self) -> Option<(&'static str, &str)> {
        if self.synchronous_commit == "off" {
            return Some(("synchronous_commit", &self.synchronous_commit));
        }
        self.fsync
            .as_deref()
            .filter(|fsync| *fsync == "off")
            .map(|fsync| ("fsync", fsync))
    }
}

/// What a session may do.
#[derive(Debug, Clone, Copy)]
struct ServerRole {
    is_standby: bool,
    is_read_only: bool,
}

impl ServerRole {
    /// Returns why a session cannot be used. A standby may lag, and show a revoked token as valid.
    fn problem(self, must_write: bool) -> Option<&'static str> {
        if self.is_standby {
            Some("the server is a standby")
        } else if must_write && self.is_read_only {
            Some("the server is read-only")
        } else {
            None
        }
    }
}

const ROLE: &str = "pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'";

async fn role(connection: &mut PgConnection) -> Result<ServerRole, sqlx::Error> {
    let row = connection
        .fetch_one(AssertSqlSafe(format!("SELECT {ROLE}")))
        .await?;
    Ok(ServerRole {
        is_standby: row.try_get(0)?,
        is_read_only: row.try_get(1)?,
    })
}

async fn settings(connection: &mut PgConnection) -> Result<Settings, sqlx::Error> {
    // `true` is for databases that do not know the setting.
    let select =
        format!("SELECT {ROLE}, current_setting('synchronous_commit'), current_setting('fsync', true)");
    let row = connection.fetch_one(AssertSqlSafe(select)).await?;
    Ok(Settings {
        role: ServerRole {
            is_standby: row.try_get(0)?,
            is_read_only: row.try_get(1)?,
        },
        synchronous_commit: row.try_get(2)?,
        fsync: row.try_get(3)?,
    })
}

/// Prepares a new connection, or rejects one that would lose commits or is read-only.
async fn set_up(
    connection: &mut PgConnection,
    service: &'static str,
    failover: &Failover,
) -> Result<(), sqlx::Error> {
    let statements = format!(
        "SET search_path = \"{service}\"; SET statement_timeout = '{STATEMENT_TIMEOUT_SECS}s'; \
         SET idle_in_transaction_session_timeout = '{STATEMENT_TIMEOUT_SECS}s'"
    );
    connection.execute(AssertSqlSafe(statements)).await?;
    let settings = settings(connection).await?;
    if let Some((setting, found)) = settings.not_durable() {
        return Err(sqlx::Error::Protocol(format!(
            "the server answers {setting}={found}"
        )));
    }
    match settings.role.problem(failover.must_write()) {
        // After a failover the name may still resolve to the old primary for a moment.
        Some(problem) => Err(sqlx::Error::Protocol(problem.to_owned())),
        None => Ok(()),
    }
}

/// Checks for readiness that a session of the pool may write.
pub(super) async fn check_writable(pool: &DatabaseConnection) -> Result<(), String> {
    let select = Statement::from_string(pool.get_database_backend(), format!("SELECT {ROLE}"));
    let failed = |error: DbErr| cause(&error).to_string();
    let row = pool.query_one_raw(select).await.map_err(failed)?;
    let row = row.ok_or("the server answers nothing")?;
    let role = ServerRole {
        is_standby: row.try_get_by_index(0).map_err(failed)?,
        is_read_only: row.try_get_by_index(1).map_err(failed)?,
    };
    role.problem(true)
        .map_or(Ok(()), |problem| Err(problem.to_owned()))
}

/// Exports the use of the pool as a metric.
fn observe(pool: PgPool, service: &'static str) {
    let _ = mayfly_runtime::telemetry::meter()
        .u64_observable_gauge("db.client.connection.count")
        .with_description("Connections of the pool by state")
        .with_callback(move |observer| {
            let idle = u64::try_from(pool.num_idle()).unwrap_or(u64::MAX);
            let used = u64::from(pool.size()).saturating_sub(idle);
            for (state, count) in [("idle", idle), ("used", used)] {
                let labels = [
                    KeyValue::new("db.client.connection.state", state),
                    KeyValue::new("db.client.connection.pool.name", service),
                ];
                observer.observe(count, &labels);
            }
        })
        .build();
}

/// Part of the name of a migration that removes something which earlier versions need.
const CONTRACTS: &str = "_contract_";

/// Migrates the schema in one transaction, under a lock. A schema that a later version has expanded stays unchanged.
pub(super) async fn migrate<M: MigratorTrait>(pool: &DatabaseConnection) -> Result<(), DbErr> {
    let tx = pool.begin().await?;
    lock_migrations(&tx).await?;
    let schema = search_path(&tx).await?;
    tx.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
        .await?;
    let applied = applied(&tx).await?.unwrap_or_default();
    let is_current = known::<M>().iter().all(|step| applied.contains(step));
    if !is_current {
        M::up(&tx, None).await?;
    }
    tx.commit().await
}

fn known<M: MigratorTrait>() -> Vec<String> {
    M::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect()
}

/// Returns the applied migrations, or `None` without a schema.
async fn applied(c: &impl ConnectionTrait) -> Result<Option<Vec<String>>, DbErr> {
    let statement = |sql: &str| Statement::from_string(c.get_database_backend(), sql);
    let has_table = "SELECT to_regclass('seaql_migrations') IS NOT NULL";
    let has_table = match c.query_one_raw(statement(has_table)).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => false,
    };
    if !has_table {
        return Ok(None);
    }
    let rows = c
        .query_all_raw(statement("SELECT version FROM seaql_migrations"))
        .await?;
    rows.iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()
        .map(Some)
}

async fn lock_migrations(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        .await
        .map(drop)
}

async fn search_path(c: &impl ConnectionTrait) -> Result<String, DbErr> {
    let select = Statement::from_string(c.get_database_backend(), "SHOW search_path");
    let row = c.query_one_raw(select).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("search_path".to_owned()))?
        .try_get_by_index(0)
}

/// Returns why this version cannot serve on the schema. Additions of a later version are no reason: versions run side by
/// side during a rollout, and an operator may roll back.
pub(super) async fn schema_problem<M: MigratorTrait>(
    pool: &DatabaseConnection,
) -> Result<Option<String>, DbErr> {
    let Some(applied) = applied(pool).await? else {
        return Ok(Some(
            "the schema is not there; `mayfly migrate` makes it".to_owned(),
        ));
    };
    let known = known::<M>();
    if let Some(missing) = known.iter().find(|step| !applied.contains(step)) {
        return Ok(Some(format!(
            "the schema lacks {missing}; `mayfly migrate` brings it up to date"
        )));
    }
    let contracted = applied
        .iter()
        .find(|step| step.contains(CONTRACTS) && !known.contains(step));
    Ok(contracted.map(|step| format!("the schema has seen {step}, which this version does not know")))
}
