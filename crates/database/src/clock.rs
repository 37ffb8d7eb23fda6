//! The clock of a shared database: read periodically, and advanced between readings by the machine's monotonic timer. A
//! wrong or jumping wall clock of this machine has no effect.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use mayfly_types::{Clock, SharedClock};
use parking_lot::RwLock;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use time::OffsetDateTime;

use mayfly_runtime::task::Tasks;

/// The period of readings. Monotonic timers drift by some milliseconds an hour.
const EVERY: Duration = Duration::from_secs(10);

/// A time of the database, and when it was read.
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
        let reading = *self.0.read();
        reading.time + reading.at.elapsed()
    }
}

/// Reads the clock now and periodically until the tasks stop. While the database fails, the last reading stays in use.
pub(super) async fn start(connection: DatabaseConnection, tasks: &Tasks) -> Result<SharedClock, DbErr> {
    let clock = Arc::new(DatabaseClock(RwLock::new(read(&connection).await?)));
    let updated = Arc::clone(&clock);
    tasks.every("database clock", EVERY, EVERY, move || {
        let (updated, connection) = (Arc::clone(&updated), connection.clone());
        async move {
            let reading = read(&connection).await?;
            *updated.0.write() = reading;
            Ok::<(), DbErr>(())
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
    // The server read it during the round trip: half-way is the best estimate.
    Ok(Reading {
        time,
        at: asked + took / 2,
    })
}
