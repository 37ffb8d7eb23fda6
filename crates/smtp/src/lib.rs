//! The mail edge: receives mail over SMTP and passes each complete message to `mailbox`. Its only state is its sessions.
//!
//! `session` is the pure state machine, `data_reader` finds the end of a message, `connection` drives a session over a
//! socket, `listener` accepts, `deliver` calls `mailbox`.

mod authenticate;
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
mod login_limit;
mod metrics;
mod path;
mod proxy_protocol;
mod reply;
pub mod session;
mod spool;
mod transaction_span;

use std::{fmt, path::PathBuf, sync::Arc};

use mayfly_rpc::Transport;
use mayfly_runtime::{fair::Turns, task::Tasks};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use connection::Start;

pub use budget::Budget;
pub use config::{BareNewlines, Config, SandboxMode};

/// What the edge depends on.
pub struct Deps {
    /// The mailbox service.
    pub mailbox: Transport,
    /// The auth service, which checks logins; needed with [`SandboxMode::Auth`] only.
    pub auth: Option<Transport>,
    /// The certificate for STARTTLS. Without it STARTTLS is not offered.
    pub tls: Option<TlsAcceptor>,
    /// The certificate of the listeners for submission.
    pub submission_tls: Option<TlsAcceptor>,
    /// The directory for temporary files of large messages; without one they stay in memory.
    pub spool_dir: Option<PathBuf>,
    /// The turns of clients, with the other edge of this process.
    pub turns: Arc<Turns>,
    /// Runs the listener and the sessions.
    pub tasks: Tasks,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

/// The sockets of the edge.
#[derive(Debug)]
pub struct Listeners {
    /// In plain text; offers STARTTLS if there is a certificate.
    pub plain: TcpListener,
    /// With TLS from the start.
    pub tls: Option<TcpListener>,
    /// For clients that log in; offers STARTTLS.
    pub submission: Option<TcpListener>,
    /// For clients that log in, with TLS from the start.
    pub submissions: Option<TcpListener>,
}

/// The mail edge, ready to serve.
pub struct Smtp {
    context: context::Context,
    /// Of the listeners for submission.
    submission: context::Context,
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
    let budget = |bytes| match config.max_connections_per_client {
        0 => Budget::undivided(bytes),
        _ => Budget::new(bytes, config.max_message_bytes),
    };
    let spool = deps.spool_dir.filter(|_| config.max_spooled_bytes > 0);
    let spool = spool.map(|directory| spool::Spool::new(directory, budget(config.max_spooled_bytes)));
    let budget = budget(config.max_buffered_bytes);
    let settings = |tls: Option<&TlsAcceptor>, requires_login| {
        Arc::new(session::Settings {
            host_name: config.host_name(),
            max_message_bytes: config.max_message_bytes,
            max_recipients: config.max_recipients as usize,
            has_tls: tls.is_some(),
            sandbox: config.sandbox,
            requires_login,
            plain_login_networks: config.auth_without_tls.0.clone(),
            normalizes_newlines: config.bare_newlines == BareNewlines::Normalize,
            budget: Arc::clone(&budget),
        })
    };
    let context = context::Context {
        settings: settings(deps.tls.as_ref(), false),
        mailboxes: deliver::Mailboxes::new(deps.mailbox.clone()),
        logins: authenticate::Logins::new(deps.auth, deps.mailbox),
        login_limit: login_limit::LoginLimit::start(config, &deps.tasks),
        tls: deps.tls,
        proxies: config.trusted_proxies.0.as_slice().into(),
        metrics: Arc::new(metrics::Metrics::new()),
        turns: deps.turns,
        clients: clients::Clients::new(config.max_connections, config.max_connections_per_client),
        intake: intake_limit::IntakeLimit::start(config, &deps.tasks),
        spool,
        stopping: deps.tasks.stopping(),
    };
    Smtp {
        submission: context::Context {
            settings: settings(deps.submission_tls.as_ref(), true),
            tls: deps.submission_tls,
            ..context.clone()
        },
        context,
        tasks: deps.tasks,
    }
}

impl Smtp {
    /// Receives mail until the tasks stop. Messages in progress are then still received.
    pub fn serve(self, listeners: Listeners) {
        let Listeners {
            plain,
            tls,
            submission,
            submissions,
        } = listeners;
        let listeners = [
            ("smtp", Some(plain), Start::Plain, &self.context),
            ("smtps", tls, Start::Tls, &self.context),
            ("submission", submission, Start::Plain, &self.submission),
            ("submissions", submissions, Start::Tls, &self.submission),
        ];
        for (name, listener, start, context) in listeners {
            let Some(listener) = listener else { continue };
            let accepting = listener::accept(listener, start, context.clone(), self.tasks.clone());
            self.tasks.spawn_vital(name, accepting);
        }
    }
}
