//! The service's tables, and the only place that names sea-orm. It keeps what it is told and decides nothing.

mod credentials;
#[expect(unreachable_pub, reason = "sea-orm's derives make public types of them")]
mod entities;
mod pro_tokens;
mod users;

use mayfly_runtime::database::Database;
use mayfly_types::random_bytes;

pub(crate) use pro_tokens::{Created, ProToken};
pub(crate) use users::User;

/// The service's database.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
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
