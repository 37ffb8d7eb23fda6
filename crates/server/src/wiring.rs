//! Which services are in this process and which are elsewhere, and which database they have: the only place that asks.

use mayfly_auth::Auth;
use mayfly_mailbox::Mailbox;
use mayfly_runtime::{
    config::ConfigError,
    database::{Database, OpenError},
    grpc::{self, Endpoints, Transport},
};
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

/// A transport to auth.
pub(crate) fn auth(config: &Config, here: Option<&Auth>) -> Result<Transport, ConfigError> {
    match here {
        Some(auth) => Ok(grpc::local(auth.server())),
        None => remote(config, Role::Auth, config.auth.endpoint.as_ref()),
    }
}

/// A transport to mailbox.
pub(crate) fn mailbox(config: &Config, here: Option<&Mailbox>) -> Result<Transport, ConfigError> {
    match here {
        Some(mailbox) => Ok(grpc::local(mailbox.server())),
        None => remote(config, Role::Mailbox, config.mailbox.endpoint.as_ref()),
    }
}

fn remote(config: &Config, role: Role, endpoint: Option<&Endpoints>) -> Result<Transport, ConfigError> {
    match (endpoint, config.grpc_credential()?) {
        (Some(endpoint), Some(credential)) => Ok(grpc::remote(endpoint, &credential)),
        _ => Err(ConfigError::new(
            &format!("{role}.endpoint"),
            "is needed, and grpc.secret with it",
        )),
    }
}

/// The services that other processes may call, by the role that they listen as.
pub(crate) fn served(config: &Config, auth: Option<&Auth>, mailbox: Option<&Mailbox>) -> Vec<(Role, Routes)> {
    if !config.is_split() {
        return Vec::new();
    }
    let auth = auth.map(|auth| (Role::Auth, Routes::new(auth.server())));
    let mailbox = mailbox.map(|mailbox| (Role::Mailbox, Routes::new(mailbox.server())));
    auth.into_iter().chain(mailbox).collect()
}
