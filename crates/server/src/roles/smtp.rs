//! The role `smtp`.

use mayfly_acme::Acme;
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
    /// Reads or makes the certificate and creates the edge on a listener for STARTTLS and one that speaks TLS from the start.
    /// The certificate of automatic HTTPS is used too, unless another is configured.
    pub(crate) fn create(
        config: &Config,
        (listener, tls_listener): (TcpListener, Option<TcpListener>),
        acme: Option<&Acme>,
        mailbox: Transport,
        tasks: Tasks,
    ) -> Result<Self, ConfigError> {
        let (mut certificate, mut key) = (config.smtp.tls_cert.clone(), config.smtp.tls_key.clone());
        if config.smtp.tls_self_signed {
            let made = self_signed::create(&config.data_dir, &config.smtp.host_name())?;
            (certificate, key) = (Some(made.certificate), Some(made.key));
        }
        let tls = match acme.filter(|_| certificate.is_none()) {
            Some(acme) => Some(acme.acceptor(&[])?),
            None => tls::acceptor("smtp", certificate.as_ref(), key.as_ref(), &[], &tasks)?,
        };
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
