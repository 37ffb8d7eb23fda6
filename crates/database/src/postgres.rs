//! PostgreSQL and compatible databases: a pool that checks every new connection.

use std::{sync::Arc, time::Duration};

use opentelemetry::KeyValue;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, Statement,
    TransactionTrait,
    sqlx::{
        self, AssertSqlSafe, Executor, PgPool, Row,
        postgres::{PgConnectOptions, PgConnection},
    },
};
use sea_orm_migration::MigratorTrait;

use super::{DatabaseConfig, OpenError};
use mayfly_runtime::config::ConfigError;

/// How long a call waits for a connection. Callers have deadlines of a few seconds.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that was idle for this long is tested before use.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);
/// Longer than any call may take: ends statements whose caller is gone.
const STATEMENT_TIMEOUT_SECS: u32 = 30;
/// The key of the lock under which one process at a time migrates: "mayfly" in ASCII.
const MIGRATION_LOCK: i64 = 0x6d61_7966_6c79;

/// Connects. Returns the pool, and the name of the server for messages.
pub(super) async fn open(
    config: &DatabaseConfig,
    service: &'static str,
) -> Result<(DatabaseConnection, String), OpenError> {
    let url = config
        .url()?
        .ok_or_else(|| ConfigError::new("database.url", "is needed"))?;
    let parsed: PgConnectOptions = url
        .parse()
        .map_err(|_| ConfigError::new("database.url", "is not a URL of PostgreSQL"))?;
    let database = parsed.get_database().unwrap_or_default();
    let name = format!(
        "postgres://{}:{}/{database}",
        parsed.get_host(),
        parsed.get_port()
    );

    let mut options = ConnectOptions::new(url);
    options
        .max_connections(config.max_connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(600))
        .max_lifetime(Duration::from_secs(1800))
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(TEST_AFTER_IDLE)
        .sqlx_logging(false);
    options.map_sqlx_postgres_opts(|options| options.application_name("mayfly"));
    options.map_sqlx_postgres_pool_opts(move |pool| {
        pool.after_connect(move |connection, _| Box::pin(async move { set_up(connection, service).await }))
    });
    // One connection without the pool first: the pool would report a rejection only as a time-out.
    check_durability(&parsed, &name).await?;
    let pool = sea_orm::Database::connect(options)
        .await
        .map_err(|error| OpenError::Database {
            name: name.clone(),
            error,
        })?;
    observe(pool.get_postgres_connection_pool().clone(), service);
    Ok((pool, name))
}

/// Checks the durability settings on one connection, so that the error names the setting.
async fn check_durability(options: &PgConnectOptions, name: &str) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| OpenError::Database {
        name: name.to_owned(),
        error: DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(error))),
    };
    let connect = sqlx::ConnectOptions::connect(options);
    let connected = tokio::time::timeout(Duration::from_secs(10), connect).await;
    let mut connection = connected
        .map_err(|_| failed(sqlx::Error::PoolTimedOut))?
        .map_err(failed)?;
    let settings = settings(&mut connection).await.map_err(failed)?;
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

/// The settings that a connection must have.
struct Settings {
    synchronous_commit: String,
    fsync: Option<String>,
    is_standby: bool,
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

async fn settings(connection: &mut PgConnection) -> Result<Settings, sqlx::Error> {
    // `true` is for databases that do not know the setting.
    let row = connection
        .fetch_one(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync', true), pg_is_in_recovery()",
        )
        .await?;
    Ok(Settings {
        synchronous_commit: row.try_get(0)?,
        fsync: row.try_get(1)?,
        is_standby: row.try_get(2)?,
    })
}

/// Prepares a new connection, or rejects one that would lose commits or is read-only.
async fn set_up(connection: &mut PgConnection, service: &'static str) -> Result<(), sqlx::Error> {
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
    if settings.is_standby {
        // After a failover the name may still resolve to the old primary for a moment.
        return Err(sqlx::Error::Protocol("the server is a standby".to_owned()));
    }
    Ok(())
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
