//! The role `smtp`.

use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, task::Tasks, tls};
use mayfly_smtp::{Deps, Smtp};
use tokio::net::TcpListener;

use crate::{config::Config, self_signed};

/// The edge, created and not yet started.
pub(crate) struct SmtpRole {
    edge: Smtp,
    listener: TcpListener,
    tls_listener: Option<TcpListener>,
}

impl SmtpRole {
    /// Reads or makes the certificate and creates the edge.
    pub(crate) fn create(
        config: &Config,
        listener: TcpListener,
        tls_listener: Option<TcpListener>,
        mailbox: Transport,
        tasks: Tasks,
    ) -> Result<Self, ConfigError> {
        let (mut certificate, mut key) = (config.smtp.tls_cert.clone(), config.smtp.tls_key.clone());
        if config.smtp.tls_self_signed {
            let made = self_signed::create(&config.data_dir, &config.smtp.host_name())?;
            (certificate, key) = (Some(made.certificate), Some(made.key));
        }
        let tls = tls::acceptor("smtp", certificate.as_ref(), key.as_ref(), &[], &tasks)?;
        let edge = mayfly_smtp::build(&config.smtp, Deps { mailbox, tls, tasks });
        Ok(Self {
            edge,
            listener,
            tls_listener,
        })
    }

    /// Serves SMTP.
    pub(crate) fn start(self) {
        self.edge.serve(self.listener, self.tls_listener);
    }
}
