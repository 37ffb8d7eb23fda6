//! Serving until a signal, and migrating.

use std::{io::Write, process::ExitCode};

use mayfly_runtime::telemetry::{Metrics, Telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Role},
    process::Process,
    wiring,
};

/// Serves, with logs, metrics and traces.
pub(crate) fn serve(config: &Config) -> anyhow::Result<ExitCode> {
    observed(config, async |metrics| run(config, metrics).await)
}

/// Brings the databases of the roles here up to date.
pub(crate) fn migrate(config: &Config) -> anyhow::Result<ExitCode> {
    observed(config, async |_| migrate_databases(config).await)
}

/// Runs a future with telemetry, and reports its error to the collector.
fn observed(
    config: &Config,
    work: impl AsyncFnOnce(Metrics) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Declared after the runtime and so dropped before it: the last records are exported while the runtime still drives
    // the connection to the collector, whether this function returns or panics.
    let telemetry = {
        let _entered = runtime.enter();
        let roles: Vec<_> = config.roles.0.iter().map(|role| role.as_str()).collect();
        Telemetry::install(&config.log, &config.telemetry, &roles)?
    };
    let outcome = runtime.block_on(work(telemetry.metrics()));
    if let Err(error) = &outcome {
        telemetry.process_failed(&format!("{error:#}"));
    }
    outcome
}

/// Serves until a signal or a failed vital task. The exit code is 1 after a failure or a drain that timed out.
async fn run(config: &Config, metrics: Metrics) -> anyhow::Result<ExitCode> {
    let failed = CancellationToken::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let process = Process::create(config, &failed).await?;
    let running = process.start(metrics).await;
    // A closed standard output is no reason to stop.
    let _ = std::io::stdout().write_all(running.listening().text().as_bytes());
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("interrupted: draining"),
        _ = terminate.recv() => tracing::info!("terminated: draining"),
        () = failed.cancelled() => {}
    }
    let is_clean = tokio::select! {
        is_clean = running.stop() => is_clean,
        _ = interrupt.recv() => false,
        _ = terminate.recv() => false,
    };
    let has_failed = failed.is_cancelled() || !is_clean;
    tracing::info!(clean = !has_failed, "stopped");
    Ok(ExitCode::from(u8::from(has_failed)))
}

async fn migrate_databases(config: &Config) -> anyhow::Result<ExitCode> {
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
    Ok(ExitCode::SUCCESS)
}
