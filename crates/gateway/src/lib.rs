//! The public HTTP edge: routes, bearer extractors, limits and JSON shapes. It owns no rule and opens no database.

mod app;
mod config;
mod dialects;
mod edge;
mod mail_html;
mod mcp;
mod router;
mod submission;
mod web;

use std::{sync::Arc, time::Duration};

use axum::Router;
use mayfly_acme::HttpChallenges;
use mayfly_rpc::Transport;
use mayfly_runtime::{fair::Turns, task::Tasks};
use mayfly_shared::{bus, redis::Redis};
use mayfly_types::{DomainName, SharedClock};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use edge::listener::{Admissions, Listener};

pub use config::{Captcha, Config, Dialect};
pub use dialects::{
    mailcx::document, mailcx_v1::document as mailcx_v1_document, mailtd::document as mailtd_document,
    mailtm::document as mailtm_document,
};
pub use submission::Submission;

/// What the gateway depends on.
pub struct Deps {
    /// The auth service.
    pub auth: Transport,
    /// The mailbox service.
    pub mailbox: Transport,
    /// What operators do in the dashboard.
    pub operators: mayfly_admin::Services,
    /// Where applications send their mail to.
    pub submission: Submission,
    /// Shared by gateways, if there are several.
    pub redis: Option<Redis>,
    /// The time, for the expiry that a ticket shows.
    pub clock: SharedClock,
    /// The events of received messages: one subscription for all streams.
    pub events: bus::Subscription,
    /// HTTPS when present, HTTP when not.
    pub tls: Option<TlsAcceptor>,
    /// The turns of clients, with the other edge of this process.
    pub turns: Arc<Turns>,
    /// The group of tasks that edges drain in.
    pub tasks: Tasks,
}

/// The gateway, ready to listen.
pub struct Gateway {
    router: Router,
    tls: Option<TlsAcceptor>,
    tasks: Tasks,
    admissions: Admissions,
    turns: Arc<Turns>,
    keep_alive_timeout: Duration,
    domains: Vec<DomainName>,
}

/// Builds the gateway.
#[must_use]
pub fn build(config: &Config, deps: Deps) -> Gateway {
    let app = app::App::start(
        config,
        deps.auth,
        deps.mailbox,
        deps.submission,
        deps.events,
        deps.redis.clone(),
        deps.clock,
        &deps.tasks,
    );
    Gateway {
        router: router::router(config, &app, deps.operators, deps.redis, &deps.tasks),
        tls: deps.tls,
        tasks: deps.tasks,
        admissions: Admissions::new(config),
        turns: deps.turns,
        keep_alive_timeout: config.keep_alive_timeout.0,
        domains: config.acme.domains.0.clone(),
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("is_tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

impl Gateway {
    /// Returns the whole router, so that tests can call it without a socket.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Serves plain HTTP beside HTTPS until the tasks stop: answers to challenges, and redirects.
    pub fn serve_plain(&self, listener: TcpListener, challenges: HttpChallenges) {
        let router = edge::plain_http::router(challenges, self.domains.clone());
        let connections = Listener {
            router,
            tls: None,
            admissions: self.admissions.clone(),
            turns: Arc::clone(&self.turns),
            keep_alive_timeout: self.keep_alive_timeout,
        };
        edge::listener::serve(listener, connections, &self.tasks);
    }

    /// Serves until the tasks stop. Then it accepts no new connection and completes the requests in progress.
    pub fn serve(self, listener: TcpListener) {
        let connections = Listener {
            router: self.router,
            tls: self.tls,
            admissions: self.admissions,
            turns: self.turns,
            keep_alive_timeout: self.keep_alive_timeout,
        };
        edge::listener::serve(listener, connections, &self.tasks);
    }
}
