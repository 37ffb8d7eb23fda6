//! Starting roles in order, waiting for a signal, and stopping them in the opposite order.

use std::{io::Write, process::ExitCode, sync::Arc, time::Duration};

use mayfly_auth::Auth;
use mayfly_mailbox::Mailbox;
use mayfly_runtime::{
    admin::{self, Readiness},
    database::Database,
    grpc,
    task::Tasks,
    telemetry::Metrics,
};
use mayfly_types::{SharedClock, SystemClock};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    banner::Listening,
    config::{Config, Role},
    data_dir,
    roles::{self, bind},
    wiring,
};

/// How long edges may take to finish what they have begun.
const DRAIN_EDGES: Duration = Duration::from_secs(25);
/// How long services may take after the edges.
const DRAIN_SERVICES: Duration = Duration::from_secs(10);

/// A started process.
struct Running {
    edges: Tasks,
    services: Tasks,
    readiness: Readiness,
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
    data_dir::create(&config.data_dir)?;
    if config.has(Role::Auth) {
        let path = roles::auth::database_path(config);
        mayfly_auth::migrate(&Database::open_sqlite(&path).await?, &path).await?;
    }
    if config.has(Role::Mailbox) {
        let path = roles::mailbox::database_path(config);
        mayfly_mailbox::migrate(&Database::open_sqlite(&path).await?, &path).await?;
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
    let (edges, services) = (Tasks::new(failed.clone()), Tasks::new(failed.clone()));
    let mut readiness = Readiness::default();
    let mut listening = Listening {
        default_domain: config.domains.0[0].to_string(),
        ..Listening::default()
    };
    let clock: SharedClock = Arc::new(SystemClock);

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

    if config.has(Role::Auth) || config.has(Role::Mailbox) {
        data_dir::create(&config.data_dir)?;
    }
    let auth = match config.has(Role::Auth) {
        true => Some(roles::auth::build(config, Arc::clone(&clock), services.clone()).await?),
        false => None,
    };
    let mailbox = match config.has(Role::Mailbox) {
        true => {
            let auth = wiring::auth(config, auth.as_ref())?;
            Some(roles::mailbox::build(config, auth, clock, services.clone()).await?)
        }
        false => None,
    };
    if let Some(auth) = &auth {
        auth.add_checks(&mut readiness);
    }
    if let Some(mailbox) = &mailbox {
        mailbox.add_checks(&mut readiness);
    }
    for (role, routes) in wiring::served(config, auth.as_ref(), mailbox.as_ref()) {
        let address = if role == Role::Auth {
            config.auth.listen
        } else {
            config.mailbox.listen
        };
        let listener = bind(&format!("{role}.listen"), address).await?;
        listening.grpc.push((role, listener.local_addr()?));
        let credential = config.grpc_credential()?;
        let credential =
            credential.ok_or_else(|| anyhow::anyhow!("grpc.secret: is needed when roles are split"))?;
        grpc::serve(listener, routes, credential, &services);
    }
    if let Some(listener) = http {
        let scheme = if config.gateway.tls_cert.is_some() {
            "https"
        } else {
            "http"
        };
        listening.http = Some(format!("{scheme}://{}", listener.local_addr()?));
        let (auth, mailbox) = (
            wiring::auth(config, auth.as_ref())?,
            wiring::mailbox(config, mailbox.as_ref())?,
        );
        roles::gateway::build(config, auth, mailbox, edges.clone())?.serve(listener);
    }
    if let Some(listener) = mail {
        listening.smtp = Some(listener.local_addr()?);
        let mailbox = wiring::mailbox(config, mailbox.as_ref())?;
        roles::smtp::build(config, mailbox, edges.clone())?.serve(listener);
    }
    listening.admin = Some(admin.local_addr()?);
    admin::serve(admin, readiness.clone(), metrics, &services);
    Ok(Running {
        edges,
        services,
        readiness,
        listening,
        auth,
        mailbox,
    })
}

/// Readiness falls first, then edges drain while services still answer, then services, then databases close.
async fn stop(running: Running) -> bool {
    running.readiness.set_serving(false);
    let edges = running.edges.shutdown(DRAIN_EDGES).await;
    let services = running.services.shutdown(DRAIN_SERVICES).await;
    if let Some(mailbox) = running.mailbox {
        mailbox.close().await;
    }
    if let Some(auth) = running.auth {
        auth.close().await;
    }
    edges && services
}
