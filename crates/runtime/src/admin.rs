//! The admin listener, never public: `/livez`, `/readyz`, `/metrics`.

use std::{
    fmt::Write as _,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::net::TcpListener;

use crate::{task::Tasks, telemetry::Metrics};

type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Whether this process should be sent work: started, not draining, and able to reach what it stands on.
#[derive(Clone, Default)]
pub struct Readiness {
    serving: Arc<AtomicBool>,
    checks: Vec<(&'static str, Check)>,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readiness")
            .field("serving", &self.serving)
            .finish_non_exhaustive()
    }
}

impl Readiness {
    /// Adds a dependency without which this process can do nothing.
    pub fn add<F, Fut>(&mut self, name: &'static str, check: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push((name, Arc::new(move || Box::pin(check()))));
    }

    /// Says that the process serves now, or that it drains.
    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Release);
    }

    /// Runs every check, each for at most a second; returns whether all passed, and a line for each.
    pub async fn report(&self) -> (bool, String) {
        let mut is_ready = self.serving.load(Ordering::Acquire);
        let mut text = format!("serving {}\n", if is_ready { "ok" } else { "no" });
        for (name, check) in &self.checks {
            let outcome = tokio::time::timeout(Duration::from_secs(1), check()).await;
            let outcome = outcome.unwrap_or_else(|_| Err("no answer within a second".to_owned()));
            is_ready &= outcome.is_ok();
            let _ = writeln!(
                text,
                "{name} {}",
                outcome.map_or_else(|e| e, |()| "ok".to_owned())
            );
        }
        (is_ready, text)
    }
}

/// Serves the admin paths until the group stops.
pub fn serve(listener: TcpListener, readiness: Readiness, metrics: Metrics, tasks: &Tasks) {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route(
            "/metrics",
            get(|State(metrics): State<Metrics>| async move { metrics.render() }).with_state(metrics),
        );
    let stopping = tasks.stopping();
    tasks.spawn_vital("admin", async move {
        let serve = axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned());
        if let Err(error) = serve.await {
            tracing::error!(%error, "the admin listener failed");
        }
    });
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, String) {
    let (is_ready, text) = readiness.report().await;
    (
        if is_ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        text,
    )
}
