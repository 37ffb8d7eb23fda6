//! Every socket that this process listens on.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use mayfly_runtime::config::ConfigError;
use tokio::net::TcpListener;

use crate::{
    banner::Listening,
    config::{Config, Role},
};

/// The listeners. A service has one only when other processes call it.
pub(crate) struct Sockets {
    pub(crate) admin: TcpListener,
    pub(crate) gateway: Option<TcpListener>,
    /// Plain HTTP beside HTTPS.
    pub(crate) plain_http: Option<TcpListener>,
    pub(crate) smtp: Option<TcpListener>,
    pub(crate) smtp_tls: Option<TcpListener>,
    pub(crate) auth: Option<TcpListener>,
    pub(crate) mailbox: Option<TcpListener>,
}

impl Sockets {
    /// Binds every socket.
    pub(crate) async fn bind(config: &Config) -> Result<Self, ConfigError> {
        let is_split = config.is_split();
        let plain_http = match config
            .gateway
            .acme
            .http_listen
            .filter(|_| config.has(Role::Gateway))
        {
            Some(address) => Some(bind("gateway.acme.http_listen", address).await?),
            None => None,
        };
        Ok(Self {
            plain_http,
            admin: bind("admin.listen", config.admin.listen).await?,
            gateway: bind_if(config.has(Role::Gateway), "gateway.listen", config.gateway.listen).await?,
            smtp: bind_if(config.has(Role::Smtp), "smtp.listen", config.smtp.listen).await?,
            smtp_tls: match config.smtp.tls_listen.filter(|_| config.has(Role::Smtp)) {
                Some(address) => Some(bind("smtp.tls_listen", address).await?),
                None => None,
            },
            auth: bind_if(
                is_split && config.has(Role::Auth),
                "auth.listen",
                config.auth.listen,
            )
            .await?,
            mailbox: bind_if(
                is_split && config.has(Role::Mailbox),
                "mailbox.listen",
                config.mailbox.listen,
            )
            .await?,
        })
    }

    /// Returns the addresses, with the ports that the system chose.
    pub(crate) fn listening(&self, config: &Config) -> io::Result<Listening> {
        let address =
            |listener: &Option<TcpListener>| listener.as_ref().map(TcpListener::local_addr).transpose();
        let scheme = if config.gateway.is_tls() { "https" } else { "http" };
        let grpc = [(Role::Auth, &self.auth), (Role::Mailbox, &self.mailbox)];
        let grpc = grpc
            .into_iter()
            .filter_map(|(role, listener)| Some((role, listener.as_ref()?.local_addr())))
            .map(|(role, address)| Ok((role, address?)));
        Ok(Listening {
            http: address(&self.gateway)?.map(|address| format!("{scheme}://{address}")),
            smtp: address(&self.smtp)?,
            grpc: grpc.collect::<io::Result<_>>()?,
            admin: self.admin.local_addr()?,
            default_domain: config.domains.0[0].to_string(),
        })
    }
}

async fn bind_if(
    is_needed: bool,
    key: &str,
    address: SocketAddr,
) -> Result<Option<TcpListener>, ConfigError> {
    match is_needed {
        true => bind(key, address).await.map(Some),
        false => Ok(None),
    }
}

async fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, ConfigError> {
    let listener = match TcpListener::bind(address).await {
        // `[::]` is every address, also where the kernel has no IPv6.
        Err(error)
            if is_unsupported(&error)
                && address == SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port())) =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        listener => listener,
    };
    listener.map_err(|error| ConfigError::new(key, format!("cannot listen on {address}: {error}")))
}

/// EAFNOSUPPORT, or EADDRNOTAVAIL where IPv6 is switched off.
fn is_unsupported(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
        || error.kind() == io::ErrorKind::AddrNotAvailable
}
