//! Local or remote: which services run in this process, and which database each has. No other file decides that.

use crate::{
    config::{Config, Role},
    data_dir,
};
use mayfly_database::{Database, OpenError};
use mayfly_proto::{IDEMPOTENT_METHODS, READ_METHODS, auth::auth_server, mailbox::mailbox_server};
use mayfly_rpc::{Credential, Peer, Transport};
use mayfly_runtime::{admin::Readiness, config::ConfigError, task::Tasks};

/// Opens the database of a service: PostgreSQL if it is configured, else a SQLite file in the data directory.
pub(crate) async fn database(config: &Config, role: Role) -> Result<Database, OpenError> {
    if config.database.is_set() {
        return Database::open_postgres(&config.database, role.as_str()).await;
    }
    data_dir::create(&config.data_dir)?;
    Database::open_sqlite(&config.data_dir.join(format!("{role}.db"))).await
}

/// What transports to other processes need.
pub(crate) struct Wiring {
    /// Runs the connections. The group outlives edges and services, which still call while they drain.
    tasks: Tasks,
    /// Absent when every role is here.
    pub(crate) credential: Option<Credential>,
}

impl Wiring {
    /// Reads the credential, if a role runs elsewhere.
    pub(crate) fn new(config: &Config, tasks: Tasks) -> Result<Self, ConfigError> {
        let credential = match config.is_split() {
            true => Some(config.grpc_credential(&tasks)?),
            false => None,
        };
        Ok(Self { tasks, credential })
    }

    /// Returns a transport to auth, `None` if no role here calls it.
    pub(crate) fn to_auth(
        &self,
        config: &Config,
        here: Option<Transport>,
        readiness: &mut Readiness,
    ) -> Result<Option<Transport>, ConfigError> {
        match (config.calls(Role::Auth), here) {
            (false, _) => Ok(None),
            (true, Some(here)) => Ok(Some(here)),
            (true, None) => self.remote(Role::Auth, config, readiness).map(Some),
        }
    }

    /// Returns a transport to mailbox, `None` if no role here calls it.
    pub(crate) fn to_mailbox(
        &self,
        config: &Config,
        here: Option<Transport>,
        readiness: &mut Readiness,
    ) -> Result<Option<Transport>, ConfigError> {
        match (config.calls(Role::Mailbox), here) {
            (false, _) => Ok(None),
            (true, Some(here)) => Ok(Some(here)),
            (true, None) => self.remote(Role::Mailbox, config, readiness).map(Some),
        }
    }

    fn remote(
        &self,
        role: Role,
        config: &Config,
        readiness: &mut Readiness,
    ) -> Result<Transport, ConfigError> {
        let endpoints = match role {
            Role::Auth => config.auth.endpoint.as_ref(),
            _ => config.mailbox.endpoint.as_ref(),
        };
        let (Some(endpoints), Some(credential)) = (endpoints, &self.credential) else {
            let key = format!("{role}.endpoint");
            return Err(ConfigError::new(&key, "is required, and grpc.secret with it"));
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
            read_methods: READ_METHODS,
        };
        let (transport, reach) = mayfly_rpc::remote(&peer, &self.tasks);
        // Only logins of the mail edge need auth: mail from outside is received without it.
        if role == Role::Auth && !config.has(Role::Gateway) && !config.has(Role::Mailbox) {
            readiness.add_notice(name, move || reach.check());
        } else {
            readiness.add_service(name, move || reach.check());
        }
        Ok(transport)
    }
}
