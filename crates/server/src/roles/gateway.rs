//! The role `gateway`.

use std::sync::Arc;

use mayfly_acme::{Acme, HttpChallenges};
use mayfly_gateway::{Deps, Gateway, Submission};
use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, fair::Turns, task::Tasks, tls};
use mayfly_shared::{bus::Bus, redis::Redis};
use mayfly_types::SystemClock;
use tokio::net::TcpListener;

use crate::config::Config;

/// The edge, created and not yet started.
pub(crate) struct GatewayRole {
    edge: Gateway,
    listener: TcpListener,
    plain_http: Option<(TcpListener, HttpChallenges)>,
}

impl GatewayRole {
    /// Reads the certificate and creates the edge. `listener` is for HTTP or HTTPS, `plain_http` for HTTP beside HTTPS.
    #[expect(clippy::too_many_arguments, reason = "each is a dependency of its own")]
    pub(crate) fn create(
        config: &Config,
        (listener, plain_http): (TcpListener, Option<TcpListener>),
        acme: Option<&Acme>,
        [auth, mailbox]: [Transport; 2],
        operators: mayfly_admin::Services,
        submission: Submission,
        redis: Option<Redis>,
        bus: &Bus,
        turns: Arc<Turns>,
        tasks: Tasks,
    ) -> Result<Self, ConfigError> {
        let (certificate, key) = (config.gateway.tls_cert.as_ref(), config.gateway.tls_key.as_ref());
        let alpn: &[&[u8]] = &[b"h2", b"http/1.1"];
        let tls = match acme {
            Some(acme) => Some(acme.acceptor(alpn)?),
            None => tls::acceptor("gateway", certificate, key, alpn, &tasks)?,
        };
        let deps = Deps {
            auth,
            mailbox,
            operators,
            submission,
            redis,
            events: bus.subscribe(&tasks)?,
            clock: Arc::new(SystemClock),
            tls,
            turns,
            tasks,
        };
        let edge = mayfly_gateway::build(&config.gateway, deps);
        let plain_http = plain_http.zip(acme.map(Acme::http_challenges));
        Ok(Self {
            edge,
            listener,
            plain_http,
        })
    }

    /// Serves HTTP.
    pub(crate) fn start(self) {
        if let Some((listener, challenges)) = self.plain_http {
            self.edge.serve_plain(listener, challenges);
        }
        self.edge.serve(self.listener);
    }
}
