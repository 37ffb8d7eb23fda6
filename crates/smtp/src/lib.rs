//! The mail edge: receives mail by SMTP and hands each whole message to `mailbox`. Holds no state beyond its sessions.
//!
//! `session` is the pure state machine, `data_reader` finds the end of a message, `connection` drives a session over a
//! socket, `listener` accepts, `deliver` calls `mailbox`.

mod budget;
mod clients;
mod command;
mod config;
mod connection;
pub mod data_reader;
mod deliver;
mod listener;
mod metrics;
mod path;
mod reply;
pub mod session;
mod transaction_span;

use std::{fmt, sync::Arc};

use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub use budget::Budget;
pub use config::Config;

/// What the edge needs of its host.
pub struct Deps {
    /// The mailbox service.
    pub mailbox: Transport,
    /// The certificate of STARTTLS; absent, STARTTLS is not offered.
    pub tls: Option<TlsAcceptor>,
    /// The group of tasks that its listener and sessions join.
    pub tasks: Tasks,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

/// The mail edge, ready to serve.
pub struct Smtp {
    shared: listener::Shared,
    clients: Arc<clients::Clients>,
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
        budget: Budget::new(config.max_buffered_bytes),
    };
    Smtp {
        shared: listener::Shared {
            settings: Arc::new(settings),
            mailboxes: deliver::Mailboxes::new(deps.mailbox),
            tls: deps.tls,
            metrics: Arc::new(metrics::Metrics::new()),
            stopping: deps.tasks.stopping(),
        },
        clients: clients::Clients::new(config.max_connections, config.max_connections_per_client),
        tasks: deps.tasks,
    }
}

impl Smtp {
    /// Receives mail on a listener until the group stops; messages that are being sent then are still taken.
    pub fn serve(self, listener: TcpListener) {
        let tasks = self.tasks.clone();
        tasks.spawn_vital(
            "smtp",
            listener::accept(listener, self.shared, self.clients, self.tasks),
        );
    }
}
