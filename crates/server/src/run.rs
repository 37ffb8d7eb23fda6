//! Starting roles in order, waiting for a signal, and stopping them in the opposite order.

use std::{io::Write, process::ExitCode, time::Duration};

use mayfly_auth::Auth;
use mayfly_mailbox::Mailbox;
use mayfly_rpc::Health;
use mayfly_runtime::{
    admin::{self, Readiness},
    task::Tasks,
    telemetry::Metrics,
};
use mayfly_shared::{bus::Bus, redis::Redis};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    banner::Listening,
    config::{Config, Role},
    roles::{self, bind},
    wiring::{self, Wiring},
};

/// How long edges may take to finish what they have begun.
const DRAIN_EDGES: Duration = Duration::from_secs(25);
/// How long services may take after the edges.
const DRAIN_SERVICES: Duration = Duration::from_secs(10);
/// How long connections to other processes may take to close, once nobody calls.
const DRAIN_TRANSPORTS: Duration = Duration::from_secs(1);

/// A started process.
struct Running {
    edges: Tasks,
    services: Tasks,
    /// What keeps the connections to services elsewhere.
    transports: Tasks,
    readiness: Readiness,
    /// Of the services that other processes call.
    health: Vec<Health>,
    drain_delay: Duration,
    listening: Listening,
    auth: Option<Auth>,
    mailbox: Option<Mailbox>,
}

/// Serves until a signal or a defect says stop. The exit code is 1 after a defect or a drain that took too long.
pub(crate) async fn run(config: Config, metrics: Metrics) -> anyhow::Result<ExitCode> {
    let failed = tokio_util::sync::CancellationToken::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let running = start(&config, metrics, &failed).await?;
    running.readiness.set_serving(true);
    // Nobody may be reading, and that is no reason to stop.
    let _ = std::io::stdout().write_all(running.listening.text().as_bytes());
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("interrupted: draining"),
        _ = terminate.recv() => tracing::info!("asked to stop: draining"),
        () = failed.cancelled() => {}
    }
    let is_clean = tokio::select! {
        is_clean = stop(running) => is_clean,
        _ = interrupt.recv() => false,
        _ = terminate.recv() => false,
    };
    let has_failed = failed.is_cancelled() || !is_clean;
    tracing::info!(clean = !has_failed, "stopped");
    Ok(ExitCode::from(u8::from(has_failed)))
}

/// Brings the databases of the roles here up to date.
pub(crate) async fn migrate(config: &Config) -> anyhow::Result<()> {
    if config.has(Role::Auth) {
        let database = wiring::database(config, Role::Auth).await?;
        mayfly_auth::migrate(&database).await?;
        database.close().await;
    }
    if config.has(Role::Mailbox) {
        let database = wiring::database(config, Role::Mailbox).await?;
        mayfly_mailbox::migrate(&database).await?;
        database.close().await;
    }
    Ok(())
}

/// One provider for every use of TLS in the process. An error means that there is one already, which is as good.
pub(crate) fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

async fn start(
    config: &Config,
    metrics: Metrics,
    failed: &tokio_util::sync::CancellationToken,
) -> anyhow::Result<Running> {
    let groups = std::array::from_fn(|_| Tasks::new(failed.clone()));
    let (mut auth, mut mailbox) = (None, None);
    let started = start_roles(config, metrics, groups.clone(), &mut auth, &mut mailbox).await;
    if started.is_err() {
        // Before what they work for is dropped: a task that ends with it has not failed.
        for group in groups {
            group.stopping().cancel();
        }
    }
    started
}

/// Services are put where they outlive a start that fails.
async fn start_roles(
    config: &Config,
    metrics: Metrics,
    [edges, services, transports]: [Tasks; 3],
    auth: &mut Option<mayfly_auth::Auth>,
    mailbox: &mut Option<mayfly_mailbox::Mailbox>,
) -> anyhow::Result<Running> {
    let wiring = Wiring::new(config, transports.clone())?;
    let mut readiness = Readiness::default();
    let mut listening = Listening {
        default_domain: config.domains.0[0].to_string(),
        ..Listening::default()
    };

    // Every socket first: nothing is opened or made when one of them cannot be had.
    let admin = bind("admin.listen", config.admin.listen).await?;
    let http = if config.has(Role::Gateway) {
        Some(bind("gateway.listen", config.gateway.listen).await?)
    } else {
        None
    };
    let mail = if config.has(Role::Smtp) {
        Some(bind("smtp.listen", config.smtp.listen).await?)
    } else {
        None
    };

    let redis = match config.uses_redis() {
        true => Redis::start(&config.redis, &transports)?,
        false => None,
    };
    let bus = Bus::new(redis.clone(), &config.redis);
    if config.has(Role::Auth) {
        *auth = Some(roles::auth::build(config, redis.clone(), services.clone()).await?);
    }
    let to_auth = match config.has(Role::Gateway) || config.has(Role::Mailbox) {
        true => Some(wiring.auth(config, auth.as_ref(), &mut readiness)?),
        false => None,
    };
    if let (true, Some(auth)) = (config.has(Role::Mailbox), &to_auth) {
        *mailbox = Some(roles::mailbox::build(config, auth.clone(), &bus, services.clone()).await?);
    }
    let to_mailbox = match config.has(Role::Gateway) || config.has(Role::Smtp) {
        true => Some(wiring.mailbox(config, mailbox.as_ref(), &mut readiness)?),
        false => None,
    };
    if let Some(auth) = &*auth {
        auth.add_checks(&mut readiness);
    }
    if let Some(mailbox) = &*mailbox {
        mailbox.add_checks(&mut readiness);
    }
    let mut health = Vec::new();
    for served in wiring::served(config, auth.as_ref(), mailbox.as_ref()) {
        let role = served.role;
        let address = if role == Role::Auth {
            config.auth.listen
        } else {
            config.mailbox.listen
        };
        let listener = bind(&format!("{role}.listen"), address).await?;
        listening.grpc.push((role, listener.local_addr()?));
        let credential = wiring.credential.clone();
        let credential =
            credential.ok_or_else(|| anyhow::anyhow!("grpc.secret: is needed when roles are split"))?;
        let (routes, service) = (served.routes, served.service);
        health.push(mayfly_rpc::serve(listener, routes, service, credential, &services).await);
    }
    if let (Some(listener), Some(auth), Some(mailbox)) = (http, &to_auth, &to_mailbox) {
        let scheme = if config.gateway.tls_cert.is_some() {
            "https"
        } else {
            "http"
        };
        listening.http = Some(format!("{scheme}://{}", listener.local_addr()?));
        roles::gateway::build(config, auth.clone(), mailbox.clone(), redis, &bus, edges.clone())?
            .serve(listener);
    }
    if let (Some(listener), Some(mailbox)) = (mail, to_mailbox) {
        listening.smtp = Some(listener.local_addr()?);
        roles::smtp::build(config, mailbox, edges.clone())?.serve(listener);
    }
    listening.admin = Some(admin.local_addr()?);
    admin::serve(admin, readiness.clone(), metrics, &services);
    Ok(Running {
        edges,
        services,
        transports,
        readiness,
        health,
        drain_delay: config.drain_delay(),
        listening,
        auth: auth.take(),
        mailbox: mailbox.take(),
    })
}

/// Readiness falls first, and those who send work here are given the time to look elsewhere; then edges drain while
/// services still answer, then services, then databases close.
async fn stop(running: Running) -> bool {
    running.readiness.set_serving(false);
    for health in &running.health {
        health.drain().await;
    }
    tokio::time::sleep(running.drain_delay).await;
    let edges = running.edges.shutdown(DRAIN_EDGES).await;
    let services = running.services.shutdown(DRAIN_SERVICES).await;
    if let Some(mailbox) = running.mailbox {
        mailbox.close().await;
    }
    if let Some(auth) = running.auth {
        auth.close().await;
    }
    // What is left of them is idle: nothing is lost with it.
    running.transports.shutdown(DRAIN_TRANSPORTS).await;
    edges && services
}
