//! Leases: periodic work that one replica at a time does. Each service has the table `leases` in its own database. A lease
//! saves the other replicas the work; the work itself must be correct without it.

mod entry;

use std::{fmt::Display, future::Future, sync::Arc, time::Duration as Period};

use mayfly_runtime::task::Tasks;
use mayfly_types::{HolderId, SharedClock, unix_millis};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use sea_orm_migration::{
    prelude::{SchemaManager, Table},
    schema::{big_integer, string, uuid},
};
use time::{Duration, OffsetDateTime};

use self::entry::{ActiveModel, Column, Entity};
use crate::Database;

/// A lease that this process may acquire.
#[derive(Debug, Clone)]
pub struct Lease {
    database: Arc<Database>,
    clock: SharedClock,
    name: &'static str,
    ttl: Duration,
    holder: HolderId,
}

impl Lease {
    /// Names a lease. After the death of its holder it stays taken for up to `ttl`.
    #[must_use]
    pub fn new(database: Arc<Database>, clock: SharedClock, name: &'static str, ttl: Duration) -> Self {
        let holder = HolderId::new(clock.now());
        Self {
            database,
            clock,
            name,
            ttl,
            holder,
        }
    }

    /// Acquires or renews the lease. Returns false while another process holds it.
    ///
    /// # Errors
    /// The error of the database.
    pub async fn acquire(&self) -> Result<bool, DbErr> {
        let (name, holder, now, ttl) = (self.name, self.holder, self.clock.now(), self.ttl);
        self.database
            .tx("acquire_lease", move |tx| {
                Box::pin(acquire(tx, name, holder, now, ttl))
            })
            .await
    }
}

/// Acquires or renews a lease for a holder that need not be this process. Returns false while another holds it.
///
/// # Errors
/// The error of the database.
pub async fn acquire(
    tx: &DatabaseTransaction,
    name: &'static str,
    holder: HolderId,
    now: OffsetDateTime,
    ttl: Duration,
) -> Result<bool, DbErr> {
    let (now_ms, expires_at_ms) = (unix_millis(now), unix_millis(now + ttl));
    let row = ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(holder),
        expires_at_ms: Set(expires_at_ms),
    };
    let nothing = OnConflict::column(Column::Name).do_nothing().to_owned();
    let inserted = Entity::insert(row)
        .on_conflict(nothing)
        .exec_without_returning(tx)
        .await?;
    if inserted > 0 {
        return Ok(true);
    }
    let is_free = Condition::any()
        .add(Column::Holder.eq(holder))
        .add(Column::ExpiresAtMs.lte(now_ms));
    let updated = Entity::update_many()
        .col_expr(Column::Holder, Expr::value(holder))
        .col_expr(Column::ExpiresAtMs, Expr::value(expires_at_ms))
        .filter(Column::Name.eq(name))
        .filter(is_free)
        .exec(tx)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Runs a job periodically, as [`Tasks::every`] does, but only in the process that holds the lease. In the
/// others `on_standby` runs instead. A job that may outlast the lease renews it with [`Lease::acquire`].
pub fn every_leased<F, Fut, E>(
    tasks: &Tasks,
    name: &'static str,
    delay: Period,
    period: Period,
    lease: Lease,
    job: F,
    on_standby: impl Fn() + Send + Sync + 'static,
) where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send,
    E: From<DbErr> + Display + Send + 'static,
{
    let work = Arc::new((lease, job, on_standby));
    tasks.every(name, delay, period, move || {
        let work = Arc::clone(&work);
        async move {
            let (lease, job, on_standby) = &*work;
            if lease.acquire().await? {
                job().await
            } else {
                on_standby();
                Ok::<(), E>(())
            }
        }
    });
}

/// Creates the table `leases`, for a migration of a service that uses leases.
///
/// # Errors
/// The error of the database.
pub async fn create_table(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Entity)
        .col(string(Column::Name).primary_key())
        .col(uuid(Column::Holder))
        .col(big_integer(Column::ExpiresAtMs))
        .to_owned();
    manager.create_table(table).await
}
