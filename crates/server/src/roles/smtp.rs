//! The role `smtp`.

use std::sync::Arc;

use mayfly_acme::Acme;
use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, fair::Turns, task::Tasks, tls};
use mayfly_smtp::{Deps, Listeners, Smtp};
use tokio_rustls::TlsAcceptor;

use crate::{config::Config, self_signed};

/// The edge, created and not yet started.
pub(crate) struct SmtpRole {
    edge: Smtp,
    listeners: Listeners,
}

impl SmtpRole {
    /// Reads or makes the certificate and creates the edge. The certificate of automatic HTTPS is used too, unless another is
    /// configured. Listeners for submission have a certificate in any case: many programs log in inside TLS only.
    pub(crate) fn create(
        config: &Config,
        listeners: Listeners,
        acme: Option<&Acme>,
        auth: Option<Transport>,
        mailbox: Transport,
        turns: Arc<Turns>,
        tasks: Tasks,
    ) -> Result<Self, ConfigError> {
        let tls = match (config.smtp.tls_self_signed, acme, &config.smtp.tls_cert) {
            (true, ..) => self_signed(config, &tasks)?,
            (false, Some(acme), None) => Some(acme.acceptor(&[])?),
            (false, ..) => {
                let (certificate, key) = (config.smtp.tls_cert.as_ref(), config.smtp.tls_key.as_ref());
                tls::acceptor("smtp", certificate, key, &[], &tasks)?
            }
        };
        let submission_tls = match &tls {
            None if config.smtp.lacks_certificate() => self_signed(config, &tasks)?,
            tls => tls.clone(),
        };
        let deps = Deps {
            mailbox,
            auth,
            tls,
            submission_tls,
            spool_dir: config.spool_dir(),
            turns,
            tasks,
        };
        Ok(Self {
            edge: mayfly_smtp::build(&config.smtp, deps),
            listeners,
        })
    }

    /// Serves SMTP.
    pub(crate) fn start(self) {
        self.edge.serve(self.listeners);
    }
}

fn self_signed(config: &Config, tasks: &Tasks) -> Result<Option<TlsAcceptor>, ConfigError> {
    let made = self_signed::create(&config.data_dir, &config.smtp.host_name())?;
    tls::acceptor("smtp", Some(&made.certificate), Some(&made.key), &[], tasks)
}
