//! The role `mailbox`.

use mayfly_mailbox::{Deps, Mailbox};
use mayfly_proto::mailbox::mailbox_server;
use mayfly_rpc::{Credential, Health, Transport};
use mayfly_runtime::{admin::Readiness, task::Tasks};
use mayfly_shared::bus::Bus;
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    config::{Config, Role},
    data_dir, wiring,
};

/// The service, created and not yet started.
pub(crate) struct MailboxRole {
    service: Mailbox,
    /// Present when other processes call the service.
    listener: Option<TcpListener>,
}

impl MailboxRole {
    /// Opens the database and creates the service.
    pub(crate) async fn create(
        config: &Config,
        listener: Option<TcpListener>,
        auth: Transport,
        bus: &Bus,
        tasks: Tasks,
    ) -> anyhow::Result<Self> {
        let mut data_keys = config.mailbox.data_keys()?;
        if data_keys.is_empty() {
            let key = data_dir::key(&config.data_dir, data_dir::DATA_KEY, "mailbox.db")?;
            data_keys.push(key);
        }
        let database = wiring::database(config, Role::Mailbox).await?;
        let clock = database.clock(&tasks).await?;
        let mx_hostname = config.mailbox.mx_hostname.clone();
        let deps = Deps {
            database,
            auth,
            domains: config.domains.0.clone(),
            events: bus.publisher(&tasks),
            mx_hostname: mx_hostname.unwrap_or_else(|| config.smtp.host_name()),
            blobs: config.blobs.clone(),
            webhooks: config.webhooks.clone(),
            data_keys,
            clock,
            tasks,
        };
        let service = mayfly_mailbox::build(&config.mailbox, deps).await?;
        Ok(Self { service, listener })
    }

    /// Returns a transport for callers in this process.
    pub(crate) fn transport(&self) -> Transport {
        mayfly_rpc::local(self.service.server())
    }

    /// Returns a transport to what operators do, for callers in this process.
    pub(crate) fn admin_transport(&self) -> Transport {
        mayfly_rpc::local(self.service.admin_server())
    }

    /// Returns a transport to what the edges of a fleet share, for callers in this process.
    pub(crate) fn acme_transport(&self) -> Transport {
        mayfly_rpc::local(self.service.acme_server())
    }

    /// Adds what the service depends on.
    pub(crate) fn add_checks(&self, readiness: &mut Readiness) {
        self.service.add_checks(readiness);
    }

    /// Serves other processes, if there are any.
    pub(crate) async fn start(
        self,
        credential: Option<&Credential>,
        tasks: &Tasks,
    ) -> (Mailbox, Option<Health>) {
        let health = match (self.listener, credential) {
            (Some(listener), Some(credential)) => {
                let routes = Routes::new(self.service.server())
                    .add_service(self.service.admin_server())
                    .add_service(self.service.acme_server());
                let (name, credential) = (mailbox_server::SERVICE_NAME, credential.clone());
                Some(mayfly_rpc::serve(listener, routes, name, credential, tasks).await)
            }
            _ => None,
        };
        (self.service, health)
    }
}
