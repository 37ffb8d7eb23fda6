//! The role `mailbox`.

use std::path::PathBuf;

use mayfly_mailbox::{Deps, Mailbox};
use mayfly_runtime::{database::Database, grpc::Transport, task::Tasks};
use mayfly_types::SharedClock;

use crate::config::Config;

/// Where its database is.
pub(crate) fn database_path(config: &Config) -> PathBuf {
    config.data_dir.join("mailbox.db")
}

/// Opens the database and builds the service.
pub(crate) async fn build(
    config: &Config,
    auth: Transport,
    clock: SharedClock,
    tasks: Tasks,
) -> anyhow::Result<Mailbox> {
    let database_path = database_path(config);
    let database = Database::open_sqlite(&database_path).await?;
    let deps = Deps {
        database,
        database_path,
        auth,
        domains: config.domains.0.clone(),
        clock,
        tasks,
    };
    Ok(mayfly_mailbox::build(&config.mailbox, deps).await?)
}
