//! The role `smtp`.

use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, task::Tasks, tls};
use mayfly_smtp::{Deps, Smtp};
use tokio::net::TcpListener;

use crate::config::Config;

/// The edge, created and not yet started.
pub(crate) struct SmtpRole {
    edge: Smtp,
    listener: TcpListener,
}

impl SmtpRole {
    /// Reads the certificate and creates the edge.
    pub(crate) fn create(
        config: &Config,
        listener: TcpListener,
        mailbox: Transport,
        tasks: Tasks,
    ) -> Result<Self, ConfigError> {
        let (certificate, key) = (config.smtp.tls_cert.as_ref(), config.smtp.tls_key.as_ref());
        let tls = tls::acceptor("smtp", certificate, key, &[], &tasks)?;
        let edge = mayfly_smtp::build(&config.smtp, Deps { mailbox, tls, tasks });
        Ok(Self { edge, listener })
    }

    /// Serves SMTP.
    pub(crate) fn start(self) {
        self.edge.serve(self.listener);
    }
}
