//! The role `gateway`.

use std::sync::Arc;

use mayfly_gateway::{Deps, Gateway};
use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, task::Tasks, tls};
use mayfly_shared::{bus::Bus, redis::Redis};
use mayfly_types::SystemClock;

use crate::config::Config;

/// Reads the certificate and builds the edge.
pub(crate) fn build(
    config: &Config,
    auth: Transport,
    mailbox: Transport,
    redis: Option<Redis>,
    bus: &Bus,
    tasks: Tasks,
) -> Result<Gateway, ConfigError> {
    let (certificate, key) = (config.gateway.tls_cert.as_ref(), config.gateway.tls_key.as_ref());
    let tls = tls::acceptor("gateway", certificate, key, &[b"h2", b"http/1.1"], &tasks)?;
    Ok(mayfly_gateway::build(
        &config.gateway,
        Deps {
            auth,
            mailbox,
            redis,
            events: bus.subscribe(&tasks)?,
            clock: Arc::new(SystemClock),
            tls,
            tasks,
        },
    ))
}
