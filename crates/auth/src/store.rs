//! The service's tables, and the only place that names sea-orm. It keeps what it is told and decides nothing.

mod credentials;
#[expect(unreachable_pub, reason = "sea-orm's derives make public types of them")]
mod entities;
mod pro_tokens;
mod users;

use std::sync::Arc;

use mayfly_database::{
    Database,
    idempotency::{self, Answers},
    lease::Lease,
};
use mayfly_types::{SharedClock, random_bytes};
use sea_orm::DbErr;
use time::{Duration, OffsetDateTime};

pub(crate) use pro_tokens::{Created, ProToken};
pub(crate) use users::User;

/// The service's database.
#[derive(Debug)]
pub(crate) struct Store {
    database: Arc<Database>,
    /// What calls with an Idempotency-Key answered.
    answers: Arc<Answers>,
}

impl Store {
    pub(crate) fn new(database: Database, answers: Answers) -> Self {
        Self {
            database: Arc::new(database),
            answers: Arc::new(answers),
        }
    }

    /// Removes some of the idempotency keys that are past their time. Returns how many.
    pub(crate) async fn sweep_idempotency_keys(&self, now: OffsetDateTime, limit: u64) -> Result<u64, DbErr> {
        let write = self.database.tx("sweep_idempotency_keys", move |tx| {
            Box::pin(idempotency::sweep(tx, now, limit))
        });
        write.await
    }

    /// Names a lease in this service's database.
    pub(crate) fn lease(&self, name: &'static str, clock: SharedClock, ttl: Duration) -> Lease {
        Lease::new(Arc::clone(&self.database), clock, name, ttl)
    }

    pub(crate) async fn ping(&self) -> Result<(), String> {
        self.database.ping().await
    }

    pub(crate) async fn close(&self) {
        self.database.close().await;
    }
}

/// Returns where a new subject's generations begin: anywhere, so that a subject which is deleted and made again under the
/// same id does not revive JWTs of its first life. 48 bits leave room to count up, and stay exact in any JSON reader.
fn first_generation() -> i64 {
    let mut bytes = [0; 8];
    bytes[2..].copy_from_slice(&random_bytes::<6>());
    i64::from_be_bytes(bytes)
}
