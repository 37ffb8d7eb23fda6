//! The role `auth`.

use std::path::PathBuf;

use mayfly_auth::{Auth, Deps};
use mayfly_runtime::{database::Database, task::Tasks};
use mayfly_types::SharedClock;

use crate::{config::Config, data_dir};

/// Where its database is.
pub(crate) fn database_path(config: &Config) -> PathBuf {
    config.data_dir.join("auth.db")
}

/// Opens the database and builds the service.
pub(crate) async fn build(config: &Config, clock: SharedClock, tasks: Tasks) -> anyhow::Result<Auth> {
    let mut signing_keys = config.auth.signing_keys()?;
    if signing_keys.is_empty() {
        signing_keys.push(data_dir::signing_key(&config.data_dir)?);
    }
    let database_path = database_path(config);
    let database = Database::open_sqlite(&database_path).await?;
    Ok(mayfly_auth::build(
        &config.auth,
        Deps {
            database,
            database_path,
            signing_keys,
            clock,
            tasks,
        },
    )
    .await?)
}
