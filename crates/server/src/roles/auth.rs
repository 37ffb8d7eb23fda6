//! The role `auth`.

use mayfly_auth::{Auth, Deps};
use mayfly_proto::auth::auth_server;
use mayfly_rpc::{Credential, Health, Transport};
use mayfly_runtime::{admin::Readiness, task::Tasks};
use mayfly_shared::redis::Redis;
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    config::{Config, Role},
    data_dir, wiring,
};

/// The service, created and not yet started.
pub(crate) struct AuthRole {
    service: Auth,
    /// Present when other processes call the service.
    listener: Option<TcpListener>,
}

impl AuthRole {
    /// Opens the database and creates the service.
    pub(crate) async fn create(
        config: &Config,
        listener: Option<TcpListener>,
        redis: Option<Redis>,
        tasks: Tasks,
    ) -> anyhow::Result<Self> {
        let mut signing_keys = config.auth.signing_keys()?;
        if signing_keys.is_empty() {
            let key = data_dir::key(&config.data_dir, data_dir::SIGNING_KEY, "auth.db")?;
            signing_keys.push(key);
        }
        if !config.database.is_set() {
            data_dir::require_database(&config.data_dir, "auth.db", "mailbox.db")?;
        }
        let database = wiring::database(config, Role::Auth).await?;
        let clock = database.clock(&tasks).await?;
        let deps = Deps {
            database,
            redis,
            signing_keys,
            clock,
            tasks,
        };
        let service = mayfly_auth::build(&config.auth, deps).await?;
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

    /// Adds what the service depends on.
    pub(crate) fn add_checks(&self, readiness: &mut Readiness) {
        self.service.add_checks(readiness);
    }

    /// Serves other processes, if there are any.
    pub(crate) async fn start(
        self,
        credential: Option<&Credential>,
        tasks: &Tasks,
    ) -> (Auth, Option<Health>) {
        let health = match (self.listener, credential) {
            (Some(listener), Some(credential)) => {
                let routes = Routes::new(self.service.server()).add_service(self.service.admin_server());
                let (name, credential) = (auth_server::SERVICE_NAME, credential.clone());
                Some(mayfly_rpc::serve(listener, routes, name, credential, tasks).await)
            }
            _ => None,
        };
        (self.service, health)
    }
}
