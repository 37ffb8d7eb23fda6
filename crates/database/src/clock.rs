//! The clock of a shared database, read now and then and counted on from there by the machine's steady timer: neither a
//! wrong clock of this machine nor a jump of it is seen by anybody.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use mayfly_types::{Clock, SharedClock};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use time::OffsetDateTime;

use mayfly_runtime::task::Tasks;

/// How often the database is asked. Steady timers drift by some milliseconds an hour.
const EVERY: Duration = Duration::from_secs(10);

/// What the database's clock showed, and when.
#[derive(Clone, Copy)]
struct Reading {
    time: OffsetDateTime,
    at: Instant,
}

struct DatabaseClock(RwLock<Reading>);

impl fmt::Debug for DatabaseClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseClock")
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> OffsetDateTime {
        let reading = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        reading.time + reading.at.elapsed()
    }
}

/// Reads the clock, and goes on reading it until the tasks stop.
pub(super) async fn start(connection: DatabaseConnection, tasks: &Tasks) -> Result<SharedClock, DbErr> {
    let clock = Arc::new(DatabaseClock(RwLock::new(read(&connection).await?)));
    let (updated, stopping) = (Arc::clone(&clock), tasks.stopping());
    tasks.spawn(async move {
        while stopping
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_some()
        {
            match read(&connection).await {
                Ok(reading) => *updated.0.write().unwrap_or_else(PoisonError::into_inner) = reading,
                Err(error) => {
                    tracing::debug!(%error, "cannot read the database's clock; the last reading counts on");
                }
            }
        }
    });
    Ok(clock)
}

async fn read(connection: &DatabaseConnection) -> Result<Reading, DbErr> {
    let select = Statement::from_string(
        connection.get_database_backend(),
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    );
    let asked = Instant::now();
    let row = connection.query_one_raw(select).await?;
    let took = asked.elapsed();
    let micros: i64 = row
        .ok_or_else(|| DbErr::RecordNotFound("the clock".to_owned()))?
        .try_get_by_index(0)?;
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .map_err(|error| DbErr::Type(error.to_string()))?;
    // It was read somewhere on the way: half-way is the best guess.
    Ok(Reading {
        time,
        at: asked + took / 2,
    })
}
