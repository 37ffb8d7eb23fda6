//! The public HTTP edge: routes, bearer extractors, limits and JSON shapes. It owns no rule and opens no database.

mod app;
mod config;
mod dialects;
mod edge;
mod mail_html;
mod router;
mod web;

use axum::Router;
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use mayfly_shared::{bus, redis::Redis};
use mayfly_types::SharedClock;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub use config::Config;
pub use dialects::mailcx::document;

/// What the gateway stands on.
pub struct Deps {
    /// The auth service.
    pub auth: Transport,
    /// The mailbox service.
    pub mailbox: Transport,
    /// What gateways share, if there are several.
    pub redis: Option<Redis>,
    /// Tells until when a ticket is good. How long it lives is measured by whatever keeps it.
    pub clock: SharedClock,
    /// Where new messages are heard of: one subscription for all who follow.
    pub events: bus::Subscription,
    /// HTTPS when present, HTTP when not.
    pub tls: Option<TlsAcceptor>,
    /// The group of tasks that edges drain in.
    pub tasks: Tasks,
}

/// The gateway, ready to listen.
pub struct Gateway {
    router: Router,
    tls: Option<TlsAcceptor>,
    tasks: Tasks,
    max_connections: usize,
}

/// Builds the gateway.
#[must_use]
pub fn build(config: &Config, deps: Deps) -> Gateway {
    let app = app::App::start(
        config,
        deps.auth,
        deps.mailbox,
        deps.events,
        deps.redis.clone(),
        deps.clock,
        &deps.tasks,
    );
    Gateway {
        router: router::router(config, app, deps.redis, &deps.tasks),
        tls: deps.tls,
        tasks: deps.tasks,
        max_connections: config.max_connections as usize,
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
    /// Returns the whole router, for a test to call without a socket.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Serves until the tasks stop: no new connection then, and requests under way are answered.
    pub fn serve(self, listener: TcpListener) {
        edge::listener::serve(listener, self.router, self.tls, self.max_connections, &self.tasks);
    }
}
