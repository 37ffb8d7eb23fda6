//! The role `auth`.

use mayfly_auth::{Auth, Deps};
use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::Redis;

use crate::{
    config::{Config, Role},
    data_dir, wiring,
};

/// Opens the database and builds the service.
pub(crate) async fn build(config: &Config, redis: Option<Redis>, tasks: Tasks) -> anyhow::Result<Auth> {
    let database = wiring::database(config, Role::Auth).await?;
    let mut signing_keys = config.auth.signing_keys()?;
    if signing_keys.is_empty() {
        signing_keys.push(data_dir::key(&config.data_dir, "signing.key")?);
    }
    let clock = database.clock(&tasks).await?;
    let deps = Deps {
        database,
        redis,
        signing_keys,
        clock,
        tasks,
    };
    Ok(mayfly_auth::build(&config.auth, deps).await?)
}
