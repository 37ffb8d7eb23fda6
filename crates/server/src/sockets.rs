//! Every socket that this process listens on.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use mayfly_gateway::Submission;
use mayfly_runtime::config::ConfigError;
use mayfly_smtp::SandboxMode;
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
    pub(crate) submission: Option<TcpListener>,
    pub(crate) submissions: Option<TcpListener>,
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
            smtp_tls: bind_mail(config, "smtp.tls_listen", config.smtp.tls_listen).await?,
            submission: bind_mail(config, "smtp.submission_listen", config.smtp.submission_listen).await?,
            submissions: bind_mail(config, "smtp.submissions_listen", config.smtp.submissions_listen).await?,
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

    /// Returns where applications send mail to, with the ports that the system chose. A process without the mail edge has the
    /// configured ones.
    pub(crate) fn submission(&self, config: &Config) -> io::Result<Submission> {
        let smtp = &config.smtp;
        let address = |listener: &Option<TcpListener>, configured: Option<SocketAddr>| match listener {
            Some(listener) => listener.local_addr().map(Some),
            None => Ok(configured),
        };
        let plain = address(&self.smtp, Some(smtp.listen))?.unwrap_or(smtp.listen);
        let submission = address(&self.submission, smtp.submission_listen)?;
        // Without a name, a client on this machine uses the address.
        let host = match &smtp.hostname {
            None if plain.ip().is_loopback() => plain.ip().to_string(),
            _ => smtp.host_name(),
        };
        Ok(Submission {
            is_on: smtp.sandbox != SandboxMode::Off,
            host,
            port: submission.unwrap_or(plain).port(),
            smtp_port: plain.port(),
            submissions_port: address(&self.submissions, smtp.submissions_listen)?
                .map(|address| address.port()),
            has_tls: submission.is_some()
                || smtp.tls_cert.is_some()
                || smtp.tls_self_signed
                || config.gateway.acme.is_on(),
            is_local_user: smtp.sandbox == SandboxMode::Open && config.gateway.listen.ip().is_loopback(),
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
            submission: address(&self.submission)?,
            submissions: address(&self.submissions)?,
            grpc: grpc.collect::<io::Result<_>>()?,
            admin: self.admin.local_addr()?,
            default_domain: config.domains.0[0].to_string(),
            is_open: config.smtp.sandbox == SandboxMode::Open,
            local_token: None,
        })
    }
}

/// Binds a further listener of the mail edge, if there is one here.
async fn bind_mail(
    config: &Config,
    key: &str,
    address: Option<SocketAddr>,
) -> Result<Option<TcpListener>, ConfigError> {
    match address.filter(|_| config.has(Role::Smtp)) {
        Some(address) => bind(key, address).await.map(Some),
        None => Ok(None),
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
