//! The mail edge: receives mail over SMTP and passes each complete message to `mailbox`. Its only state is its sessions.
//!
//! `session` is the pure state machine, `data_reader` finds the end of a message, `connection` drives a session over a
//! socket, `listener` accepts, `deliver` calls `mailbox`.

mod budget;
mod clients;
mod command;
mod config;
mod connection;
mod context;
pub mod data_reader;
mod deliver;
mod intake_limit;
mod listener;
mod metrics;
mod path;
mod proxy_protocol;
mod reply;
pub mod session;
mod transaction_span;

use std::{fmt, sync::Arc};

use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use connection::Start;

pub use budget::Budget;
pub use config::{BareNewlines, Config};

/// What the edge depends on.
pub struct Deps {
    /// The mailbox service.
    pub mailbox: Transport,
    /// The certificate for STARTTLS. Without it STARTTLS is not offered.
    pub tls: Option<TlsAcceptor>,
    /// Runs the listener and the sessions.
    pub tasks: Tasks,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

/// The mail edge, ready to serve.
pub struct Smtp {
    context: context::Context,
    tasks: Tasks,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").finish_non_exhaustive()
    }
}

/// Builds the edge.
#[must_use]
pub fn build(config: &Config, deps: Deps) -> Smtp {
    let settings = session::Settings {
        host_name: config.host_name(),
        max_message_bytes: config.max_message_bytes,
        max_recipients: config.max_recipients as usize,
        has_tls: deps.tls.is_some(),
        normalizes_newlines: config.bare_newlines == BareNewlines::Normalize,
        budget: match config.max_connections_per_client {
            0 => Budget::undivided(config.max_buffered_bytes),
            _ => Budget::new(config.max_buffered_bytes, config.max_message_bytes),
        },
    };
    Smtp {
        context: context::Context {
            settings: Arc::new(settings),
            mailboxes: deliver::Mailboxes::new(deps.mailbox),
            tls: deps.tls,
            proxies: config.trusted_proxies.0.as_slice().into(),
            metrics: Arc::new(metrics::Metrics::new()),
            clients: clients::Clients::new(config.max_connections, config.max_connections_per_client),
            intake: intake_limit::IntakeLimit::start(config, &deps.tasks),
            stopping: deps.tasks.stopping(),
        },
        tasks: deps.tasks,
    }
}

impl Smtp {
    /// Receives mail until the tasks stop: on a listener that offers STARTTLS, and on one that speaks TLS from the start if there is
    /// one. Messages in progress are then still received.
    pub fn serve(self, listener: TcpListener, tls_listener: Option<TcpListener>) {
        let listeners = [
            ("smtp", Some(listener), Start::Plain),
            ("smtps", tls_listener, Start::Tls),
        ];
        for (name, listener, start) in listeners {
            let Some(listener) = listener else { continue };
            let accepting = listener::accept(listener, start, self.context.clone(), self.tasks.clone());
            self.tasks.spawn_vital(name, accepting);
        }
    }
}
