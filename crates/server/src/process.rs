//! The roles of this process: created in order, started together, stopped in the opposite order.

use std::{sync::Arc, time::Duration};

use axum::Router;
use mayfly_acme::Acme;
use mayfly_admin::Tokens;
use mayfly_auth::Auth;
use mayfly_mailbox::Mailbox;
use mayfly_rpc::{Credential, Health, Transport};
use mayfly_runtime::{
    admin::{self, Readiness},
    config::ConfigError,
    fair::Turns,
    task::Tasks,
    telemetry::Metrics,
};
use mayfly_shared::{bus::Bus, redis::Redis};
use mayfly_smtp::{Listeners, SandboxMode};
use mayfly_types::SystemClock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    banner::Listening,
    config::{Config, Role},
    data_dir, local_user,
    roles::{auth::AuthRole, gateway::GatewayRole, mailbox::MailboxRole, smtp::SmtpRole},
    sockets::Sockets,
    wiring::Wiring,
};

/// How long edges may take to finish requests and mails under way.
const EDGE_DRAIN_TIMEOUT: Duration = Duration::from_secs(25);
/// How long services may take after the edges.
const SERVICE_DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long idle connections to other processes may take to close.
const TRANSPORT_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Three groups of tasks, in the order in which they stop. Dropping them stops all tasks.
#[derive(Debug)]
struct TaskGroups {
    edges: Tasks,
    services: Tasks,
    /// Connections to services in other processes, and to Redis. Edges and services use them while they drain.
    transports: Tasks,
}

impl TaskGroups {
    fn new(failed: &CancellationToken) -> Self {
        let [edges, services, transports] = std::array::from_fn(|_| Tasks::new(failed.clone()));
        Self {
            edges,
            services,
            transports,
        }
    }
}

impl Drop for TaskGroups {
    fn drop(&mut self) {
        for group in [&self.edges, &self.services, &self.transports] {
            group.stopping().cancel();
        }
    }
}

/// The roles of this process, created and not yet started.
pub(crate) struct Process {
    /// The first field is dropped first: when a later role cannot be created, every task is stopped before the roles that it
    /// uses are dropped. Otherwise a vital task would end by itself and be reported as a failure.
    groups: TaskGroups,
    auth: Option<AuthRole>,
    mailbox: Option<MailboxRole>,
    gateway: Option<GatewayRole>,
    smtp: Option<SmtpRole>,
    /// Automatic HTTPS.
    acme: Option<Acme>,
    admin: TcpListener,
    /// The API of operators; no routes without tokens, or without the role `gateway`.
    operators: Router,
    readiness: Readiness,
    /// Absent when every role is here.
    credential: Option<Credential>,
    drain_delay: Duration,
    listening: Listening,
}

impl Process {
    /// Binds every socket and creates every role.
    ///
    /// # Errors
    /// Names the key of a socket, a file or a database that cannot be used. Nothing keeps running then.
    pub(crate) async fn create(config: &Config, failed: &CancellationToken) -> anyhow::Result<Self> {
        // Before anything is opened or created.
        let sockets = Sockets::bind(config)?;
        let groups = TaskGroups::new(failed);
        let wiring = Wiring::new(config, groups.transports.clone())?;
        let redis = match config.uses_redis() {
            true => {
                Redis::check_credentials(&config.redis).await?;
                Redis::start(&config.redis, &groups.transports)?
            }
            false => None,
        };
        if config.uses_redis() && redis.is_none() && config.database.is_set() {
            tracing::warn!("without redis.url, no other process may use this database");
        }
        let bus = Bus::new(redis.clone(), &config.redis);
        let submission = sockets.submission(config)?;
        let mut process = Self {
            groups,
            auth: None,
            mailbox: None,
            gateway: None,
            smtp: None,
            acme: None,
            listening: sockets.listening(config)?,
            admin: sockets.admin,
            operators: Router::new(),
            readiness: Readiness::default(),
            credential: wiring.credential.clone(),
            drain_delay: config.drain_delay(),
        };
        if let Some(redis) = redis.clone() {
            process.readiness.add_notice("redis", move || redis.check());
        }
        let services = process.groups.services.clone();
        if config.has(Role::Auth) {
            let role = AuthRole::create(config, sockets.auth, redis.clone(), services.clone()).await?;
            process.auth.insert(role).add_checks(&mut process.readiness);
        }
        let here = process.auth.as_ref().map(AuthRole::transport);
        let to_auth = wiring.to_auth(config, here, &mut process.readiness)?;
        if let (SandboxMode::Open, Some(to_auth)) = (config.smtp.sandbox, &to_auth) {
            let user_id = local_user::create(to_auth.clone()).await?;
            // On loopback the page signs the user in by itself.
            if !submission.is_local_user {
                let token = local_user::token(to_auth.clone(), user_id).await?;
                process.listening.local_token = Some(token);
            }
        }
        if let (true, Some(to_auth)) = (config.has(Role::Mailbox), to_auth.clone()) {
            let role = MailboxRole::create(config, sockets.mailbox, to_auth, &bus, services).await?;
            process.mailbox.insert(role).add_checks(&mut process.readiness);
        }
        let here = process.mailbox.as_ref().map(MailboxRole::transport);
        let to_mailbox = wiring.to_mailbox(config, here, &mut process.readiness)?;
        process.acme = process.open_acme(config, to_mailbox.as_ref()).await?;
        let edges = process.groups.edges.clone();
        let turns = Turns::of_runtime();
        if let (Some(listener), Some(to_auth), Some(to_mailbox)) = (sockets.gateway, &to_auth, &to_mailbox) {
            let services = [to_auth.clone(), to_mailbox.clone()];
            let [admin_auth, admin_mailbox] = process.admin_transports(&services);
            let operators = mayfly_admin::Services::new(to_auth.clone(), admin_auth, admin_mailbox);
            if let Some(tokens) = operator_tokens(config)? {
                process.operators = mayfly_admin::router(tokens, operators.clone());
            }
            let (listeners, acme) = ((listener, sockets.plain_http), process.acme.as_ref());
            let (edges, turns) = (edges.clone(), Arc::clone(&turns));
            let role = GatewayRole::create(
                config, listeners, acme, services, operators, submission, redis, &bus, turns, edges,
            )?;
            process.gateway = Some(role);
        }
        if let (Some(plain), Some(to_mailbox)) = (sockets.smtp, to_mailbox) {
            let listeners = Listeners {
                plain,
                tls: sockets.smtp_tls,
                submission: sockets.submission,
                submissions: sockets.submissions,
            };
            let acme = process.acme.as_ref();
            process.smtp = Some(SmtpRole::create(
                config, listeners, acme, to_auth, to_mailbox, turns, edges,
            )?);
        }
        Ok(process)
    }

    /// Loads the certificate of automatic HTTPS, if it is on and an edge is here: from files, or as `mailbox` has it for the fleet.
    async fn open_acme(
        &self,
        config: &Config,
        to_mailbox: Option<&Transport>,
    ) -> Result<Option<Acme>, ConfigError> {
        let (acme, clock) = (&config.gateway.acme, Arc::new(SystemClock));
        let Some(to_mailbox) = to_mailbox.filter(|_| acme.is_on() && config.has_edge()) else {
            return Ok(None);
        };
        if config.is_embedded() {
            return Acme::open(acme, &config.data_dir, clock).map(Some);
        }
        let here = self.mailbox.as_ref().map(MailboxRole::acme_transport);
        let to_mailbox = here.unwrap_or_else(|| to_mailbox.clone());
        let opened = Acme::open_fleet(acme, to_mailbox, clock, config.has(Role::Gateway));
        opened.await.map(Some)
    }

    /// Returns transports to what operators do: a transport between processes carries every gRPC service of its peer.
    fn admin_transports(&self, [to_auth, to_mailbox]: &[Transport; 2]) -> [Transport; 2] {
        let auth = self.auth.as_ref().map(AuthRole::admin_transport);
        let mailbox = self.mailbox.as_ref().map(MailboxRole::admin_transport);
        [
            auth.unwrap_or_else(|| to_auth.clone()),
            mailbox.unwrap_or_else(|| to_mailbox.clone()),
        ]
    }

    /// Starts every role; the process is ready when this returns.
    pub(crate) async fn start(self, metrics: Metrics) -> Running {
        let tasks = &self.groups.services;
        let (mut auth, mut mailbox, mut health) = (None, None, Vec::new());
        if let Some(role) = self.auth {
            let (service, served) = role.start(self.credential.as_ref(), tasks).await;
            auth = Some(service);
            health.extend(served);
        }
        if let Some(role) = self.mailbox {
            let (service, served) = role.start(self.credential.as_ref(), tasks).await;
            mailbox = Some(service);
            health.extend(served);
        }
        if let Some(role) = self.gateway {
            role.start();
        }
        if let Some(role) = self.smtp {
            role.start();
        }
        if let Some(acme) = self.acme {
            acme.start(&self.groups.edges);
        }
        admin::serve(self.admin, self.readiness.clone(), metrics, self.operators, tasks);
        self.readiness.set_serving(true);
        Running {
            groups: self.groups,
            auth,
            mailbox,
            readiness: self.readiness,
            health,
            drain_delay: self.drain_delay,
            listening: self.listening,
        }
    }
}

/// Returns the tokens of operators: of the configured file, or of the generated one in embedded mode.
fn operator_tokens(config: &Config) -> anyhow::Result<Option<Tokens>> {
    let file = match &config.admin.token_file {
        Some(file) => file.clone(),
        None if !config.is_split() && !config.database.is_set() => data_dir::admin_token(&config.data_dir)?,
        None => return Ok(None),
    };
    Ok(Some(Tokens::read(&file)?))
}

/// The roles of this process, serving.
pub(crate) struct Running {
    groups: TaskGroups,
    auth: Option<Auth>,
    mailbox: Option<Mailbox>,
    readiness: Readiness,
    /// Of the services that other processes call.
    health: Vec<Health>,
    drain_delay: Duration,
    listening: Listening,
}

impl Running {
    /// Returns where the process listens.
    pub(crate) fn listening(&self) -> &Listening {
        &self.listening
    }

    /// Stops: readiness fails first, and callers have `drain_delay` to choose another replica. Then edges drain while
    /// services still answer, then services drain, then databases close. Returns false if a drain timed out.
    pub(crate) async fn stop(self) -> bool {
        self.readiness.set_serving(false);
        for health in &self.health {
            health.drain().await;
        }
        tokio::time::sleep(self.drain_delay).await;
        let edges = self.groups.edges.shutdown(EDGE_DRAIN_TIMEOUT).await;
        let services = self.groups.services.shutdown(SERVICE_DRAIN_TIMEOUT).await;
        if let Some(mailbox) = self.mailbox {
            mailbox.close().await;
        }
        if let Some(auth) = self.auth {
            auth.close().await;
        }
        // The connections that are left are idle: a time-out here loses nothing.
        self.groups.transports.shutdown(TRANSPORT_CLOSE_TIMEOUT).await;
        edges && services
    }
}
