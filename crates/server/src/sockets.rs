//! Every socket that this process listens on.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use mayfly_gateway::Submission;
use mayfly_runtime::config::ConfigError;
use mayfly_smtp::SandboxMode;
use tokio::net::{TcpListener, TcpSocket};

use crate::{
    banner::Listening,
    config::{Config, Role},
};

/// Connections that the kernel keeps until they are accepted. Of one beyond it, the client tries again only after a second; the
/// default of 128 is less than what one client can open at once.
const MAX_BACKLOG: u32 = 1024;

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
    pub(crate) fn bind(config: &Config) -> Result<Self, ConfigError> {
        let is_split = config.is_split();
        let plain_http = match config
            .gateway
            .acme
            .http_listen
            .filter(|_| config.has(Role::Gateway))
        {
            Some(address) => Some(bind("gateway.acme.http_listen", address)?),
            None => None,
        };
        Ok(Self {
            plain_http,
            admin: bind("admin.listen", config.admin.listen)?,
            gateway: bind_if(config.has(Role::Gateway), "gateway.listen", config.gateway.listen)?,
            smtp: bind_if(config.has(Role::Smtp), "smtp.listen", config.smtp.listen)?,
            smtp_tls: bind_mail(config, "smtp.tls_listen", config.smtp.tls_listen)?,
            submission: bind_mail(config, "smtp.submission_listen", config.smtp.submission_listen)?,
            submissions: bind_mail(config, "smtp.submissions_listen", config.smtp.submissions_listen)?,
            auth: bind_if(
                is_split && config.has(Role::Auth),
                "auth.listen",
                config.auth.listen,
            )?,
            mailbox: bind_if(
                is_split && config.has(Role::Mailbox),
                "mailbox.listen",
                config.mailbox.listen,
            )?,
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
fn bind_mail(
    config: &Config,
    key: &str,
    address: Option<SocketAddr>,
) -> Result<Option<TcpListener>, ConfigError> {
    match address.filter(|_| config.has(Role::Smtp)) {
        Some(address) => bind(key, address).map(Some),
        None => Ok(None),
    }
}

fn bind_if(is_needed: bool, key: &str, address: SocketAddr) -> Result<Option<TcpListener>, ConfigError> {
    match is_needed {
        true => bind(key, address).map(Some),
        false => Ok(None),
    }
}

fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, ConfigError> {
    let listener = match listen(address) {
        // `[::]` is every address, also where the kernel has no IPv6.
        Err(error)
            if is_unsupported(&error)
                && address == SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port())) =>
        {
            listen((Ipv4Addr::UNSPECIFIED, address.port()).into())
        }
        listener => listener,
    };
    listener.map_err(|error| ConfigError::new(key, format!("cannot listen on {address}: {error}")))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(MAX_BACKLOG)
}

/// EAFNOSUPPORT, or EADDRNOTAVAIL where IPv6 is switched off.
fn is_unsupported(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
        || error.kind() == io::ErrorKind::AddrNotAvailable
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A client that opens many connections at once leaves room for those of others.
    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test is the client")]
    async fn connections_that_wait_to_be_accepted_are_kept() {
        let listener = bind("test", SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let connected = async {
            let mut connected = Vec::new();
            for _ in 0..400 {
                connected.push(tokio::net::TcpStream::connect(address).await.unwrap());
            }
            connected.len()
        };
        // Without room for it, a connection is never made: nothing is accepted.
        let connected = tokio::time::timeout(Duration::from_secs(60), connected).await;
        assert_eq!(connected.unwrap(), 400);
    }
}
