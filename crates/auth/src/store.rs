//! The service's tables. Only this module and the migrations name sea-orm. It makes no policy decisions.

pub(crate) mod admin;
mod audit_events;
pub(crate) mod backup;
mod credentials;
#[expect(unreachable_pub, reason = "sea-orm's derives generate public types")]
mod entities;
mod pro_tokens;
mod rotations;
mod sandbox_credentials;
mod token_usage;
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

pub(crate) use audit_events::AuditEvent;
pub(crate) use entities::user::Role;
pub(crate) use pro_tokens::{CreatedToken, ProToken};
pub(crate) use rotations::Rotation;
pub(crate) use sandbox_credentials::NewSandboxCredential;
pub(crate) use token_usage::{TokenUsage, TokenUse};
pub(crate) use users::User;

/// The service's database.
#[derive(Debug)]
pub(crate) struct Store {
    database: Arc<Database>,
    /// Responses to calls with an idempotency key.
    answers: Arc<Answers>,
}

impl Store {
    pub(crate) fn new(database: Database, answers: Answers) -> Self {
        Self {
            database: Arc::new(database),
            answers: Arc::new(answers),
        }
    }

    /// Removes up to `limit` expired idempotency keys. Returns how many.
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

/// Returns a random first generation. A subject that is deleted and created again under the same id then does not
/// accept its old JWTs. 48 bits leave room to count up, and are exact in any JSON parser.
fn first_generation() -> i64 {
    let mut bytes = [0; 8];
    bytes[2..].copy_from_slice(&random_bytes::<6>());
    i64::from_be_bytes(bytes)
}
