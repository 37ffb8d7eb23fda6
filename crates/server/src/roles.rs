//! Building and running each role.

pub(crate) mod auth;
pub(crate) mod gateway;
pub(crate) mod mailbox;
pub(crate) mod smtp;

use std::net::SocketAddr;

use mayfly_runtime::config::ConfigError;
use tokio::net::TcpListener;

/// Listens on an address, or says which key names one that cannot be had.
pub(crate) async fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, ConfigError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| ConfigError::new(key, format!("cannot listen on {address}: {error}")))
}
