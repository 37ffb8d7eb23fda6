//! The role `gateway`.

use std::sync::Arc;

use mayfly_gateway::{Deps, Gateway};
use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, task::Tasks, tls};
use mayfly_shared::{bus::Bus, redis::Redis};
use mayfly_types::SystemClock;
use tokio::net::TcpListener;

use crate::config::Config;

/// The edge, created and not yet started.
pub(crate) struct GatewayRole {
    edge: Gateway,
    listener: TcpListener,
}

impl GatewayRole {
    /// Reads the certificate and creates the edge.
    pub(crate) fn create(
        config: &Config,
        listener: TcpListener,
        [auth, mailbox]: [Transport; 2],
        redis: Option<Redis>,
        bus: &Bus,
        tasks: Tasks,
    ) -> Result<Self, ConfigError> {
        let (certificate, key) = (config.gateway.tls_cert.as_ref(), config.gateway.tls_key.as_ref());
        let tls = tls::acceptor("gateway", certificate, key, &[b"h2", b"http/1.1"], &tasks)?;
        let deps = Deps {
            auth,
            mailbox,
            redis,
            events: bus.subscribe(&tasks)?,
            clock: Arc::new(SystemClock),
            tls,
            tasks,
        };
        let edge = mayfly_gateway::build(&config.gateway, deps);
        Ok(Self { edge, listener })
    }

    /// Serves HTTP.
    pub(crate) fn start(self) {
        self.edge.serve(self.listener);
    }
}
