//! The role `smtp`.

use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, task::Tasks, tls};
use mayfly_smtp::{Deps, Smtp};

use crate::config::Config;

/// Reads the certificate and builds the edge.
pub(crate) fn build(config: &Config, mailbox: Transport, tasks: Tasks) -> Result<Smtp, ConfigError> {
    let tls = tls::acceptor(
        "smtp",
        config.smtp.tls_cert.as_ref(),
        config.smtp.tls_key.as_ref(),
        &[],
        &tasks,
    )?;
    Ok(mayfly_smtp::build(&config.smtp, Deps { mailbox, tls, tasks }))
}
