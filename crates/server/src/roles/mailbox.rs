//! The role `mailbox`.

use mayfly_mailbox::{Deps, Mailbox};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use mayfly_shared::bus::Bus;

use crate::{
    config::{Config, Role},
    data_dir, wiring,
};

/// Opens the database and builds the service.
pub(crate) async fn build(
    config: &Config,
    auth: Transport,
    bus: &Bus,
    tasks: Tasks,
) -> anyhow::Result<Mailbox> {
    let database = wiring::database(config, Role::Mailbox).await?;
    let mut encryption_keys = config.webhooks.encryption_keys()?;
    if encryption_keys.is_empty() {
        encryption_keys.push(data_dir::key(&config.data_dir, "webhooks.key")?);
    }
    let clock = database.clock(&tasks).await?;
    let deps = Deps {
        database,
        auth,
        domains: config.domains.0.clone(),
        events: bus.publisher(&tasks),
        mx_hostname: config
            .mailbox
            .mx_hostname
            .clone()
            .unwrap_or_else(|| config.smtp.host_name()),
        webhooks: config.webhooks.clone(),
        encryption_keys,
        clock,
        tasks,
    };
    Ok(mayfly_mailbox::build(&config.mailbox, deps).await?)
}
