//! What all connections share.

use std::sync::Arc;

use ipnet::IpNet;
use mayfly_runtime::fair::Turns;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    authenticate::Logins, clients::Clients, deliver::Mailboxes, intake_limit::IntakeLimit,
    login_limit::LoginLimit, metrics::Metrics, session::Settings, spool::Spool,
};

/// The dependencies of a connection.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) settings: Arc<Settings>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) logins: Logins,
    pub(crate) login_limit: LoginLimit,
    pub(crate) tls: Option<TlsAcceptor>,
    /// Networks of proxies that name the client in a PROXY protocol header.
    pub(crate) proxies: Arc<[IpNet]>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clients: Clients,
    pub(crate) turns: Arc<Turns>,
    pub(crate) intake: IntakeLimit,
    /// Absent where there is no directory for it.
    pub(crate) spool: Option<Spool>,
    pub(crate) stopping: CancellationToken,
}

impl Context {
    /// Tells whether connections or memory for data are nearly used up, so that idle sessions must end early.
    pub(crate) fn is_scarce(&self) -> bool {
        self.clients.is_scarce() || self.settings.budget.is_scarce()
    }
}
