//! Which services are in this process and which are elsewhere, and which database they have: the only place that asks.

use mayfly_auth::Auth;
use mayfly_database::{Database, OpenError};
use mayfly_mailbox::Mailbox;
use mayfly_proto::{IDEMPOTENT_METHODS, auth::auth_server, mailbox::mailbox_server};
use mayfly_rpc::{Credential, Endpoints, Peer, Transport};
use mayfly_runtime::{admin::Readiness, config::ConfigError, task::Tasks};
use tonic::service::Routes;

use crate::{
    config::{Config, Role},
    data_dir,
};

/// The database of a service: PostgreSQL where one is configured, else a file in the data directory.
pub(crate) async fn database(config: &Config, role: Role) -> Result<Database, OpenError> {
    if config.database.is_set() {
        return Database::open_postgres(&config.database, role.as_str()).await;
    }
    data_dir::create(&config.data_dir)?;
    Database::open_sqlite(&config.data_dir.join(format!("{role}.db"))).await
}

/// What transports to other processes are made with.
pub(crate) struct Wiring {
    /// Keeps the connections; it outlives edges and services, which still call while they drain.
    pub(crate) tasks: Tasks,
    /// Absent when every role is here.
    pub(crate) credential: Option<Credential>,
}

impl Wiring {
    /// Reads the credential, if anything is elsewhere.
    pub(crate) fn new(config: &Config, tasks: Tasks) -> Result<Self, ConfigError> {
        let credential = match config.is_split() {
            true => Some(config.grpc_credential(&tasks)?),
            false => None,
        };
        Ok(Self { tasks, credential })
    }

    /// A transport to auth.
    pub(crate) fn auth(
        &self,
        config: &Config,
        here: Option<&Auth>,
        readiness: &mut Readiness,
    ) -> Result<Transport, ConfigError> {
        match (here, &config.auth.endpoint) {
            (Some(auth), _) => Ok(mayfly_rpc::local(auth.server())),
            (None, endpoint) => self.remote(Role::Auth, endpoint.as_ref(), readiness),
        }
    }

    /// A transport to mailbox.
    pub(crate) fn mailbox(
        &self,
        config: &Config,
        here: Option<&Mailbox>,
        readiness: &mut Readiness,
    ) -> Result<Transport, ConfigError> {
        match (here, &config.mailbox.endpoint) {
            (Some(mailbox), _) => Ok(mayfly_rpc::local(mailbox.server())),
            (None, endpoint) => self.remote(Role::Mailbox, endpoint.as_ref(), readiness),
        }
    }

    fn remote(
        &self,
        role: Role,
        endpoints: Option<&Endpoints>,
        readiness: &mut Readiness,
    ) -> Result<Transport, ConfigError> {
        let (Some(endpoints), Some(credential)) = (endpoints, &self.credential) else {
            let key = format!("{role}.endpoint");
            return Err(ConfigError::new(&key, "is needed, and grpc.secret with it"));
        };
        let (name, service) = match role {
            Role::Auth => ("auth service", auth_server::SERVICE_NAME),
            _ => ("mailbox service", mailbox_server::SERVICE_NAME),
        };
        let peer = Peer {
            service,
            endpoints: endpoints.clone(),
            credential: credential.clone(),
            idempotent_methods: IDEMPOTENT_METHODS,
        };
        let (transport, reach) = mayfly_rpc::remote(&peer, &self.tasks);
        readiness.add_service(name, move || reach.check());
        Ok(transport)
    }
}

/// A service that other processes may call.
pub(crate) struct Served {
    /// The role that it listens as.
    pub(crate) role: Role,
    /// Its full name.
    pub(crate) service: &'static str,
    pub(crate) routes: Routes,
}

/// The services here that other processes may call.
pub(crate) fn served(config: &Config, auth: Option<&Auth>, mailbox: Option<&Mailbox>) -> Vec<Served> {
    if !config.is_split() {
        return Vec::new();
    }
    let auth = auth.map(|auth| Served {
        role: Role::Auth,
        service: auth_server::SERVICE_NAME,
        routes: Routes::new(auth.server()),
    });
    let mailbox = mailbox.map(|mailbox| Served {
        role: Role::Mailbox,
        service: mailbox_server::SERVICE_NAME,
        routes: Routes::new(mailbox.server()),
    });
    auth.into_iter().chain(mailbox).collect()
}
