//! The admin listener, never public: `/livez`, `/readyz`, `/metrics`, and the API of operators if the caller passes one.

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

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;

use crate::{
    hosts::{Host, host_of, is_loopback, name_of},
    task::Tasks,
    telemetry::Metrics,
};

type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Readiness: the process has started, is not draining, and reaches its dependencies.
#[derive(Clone, Default)]
pub struct Readiness {
    serving: Arc<AtomicBool>,
    checks: Vec<(&'static str, Check, Need)>,
}

/// When readiness requires a dependency.
#[derive(Clone)]
enum Need {
    Always,
    /// Until it was reached once.
    Once(Arc<AtomicBool>),
    /// Never: the line tells the operator what is wrong.
    Never,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readiness")
            .field("serving", &self.serving)
            .finish_non_exhaustive()
    }
}

impl Readiness {
    /// Adds a dependency that readiness always requires.
    pub fn add<F, Fut>(&mut self, name: &'static str, check: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.checks.push((name, check, Need::Always));
    }

    /// Adds another service. Until it is reached for the first time, this process is not ready: its endpoint or credential may
    /// be wrong. After that, an outage is only reported. If it failed readiness, every edge would leave the load balancer at
    /// once, including for requests that do not need this service.
    pub fn add_service(
        &mut self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        let check: Check = Arc::new(move || Box::pin(std::future::ready(check())));
        self.checks.push((name, check, Need::Once(Arc::default())));
    }

    /// Adds a condition that is only reported: most requests succeed without it.
    pub fn add_notice(
        &mut self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        let check: Check = Arc::new(move || Box::pin(std::future::ready(check())));
        self.checks.push((name, check, Need::Never));
    }

    /// Sets whether the process serves; false while it starts or drains.
    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Release);
    }

    /// Runs every check, each for at most a second. Returns whether all passed, and a line for each.
    pub async fn report(&self) -> (bool, String) {
        let mut is_ready = self.serving.load(Ordering::Acquire);
        let mut text = format!("serving {}\n", if is_ready { "ok" } else { "no" });
        for (name, check, need) in &self.checks {
            let outcome = tokio::time::timeout(Duration::from_secs(1), check()).await;
            let outcome = outcome.unwrap_or_else(|_| Err("no answer within a second".to_owned()));
            is_ready &= match need {
                Need::Always => outcome.is_ok(),
                Need::Once(was_there) => {
                    was_there.fetch_or(outcome.is_ok(), Ordering::AcqRel) || outcome.is_ok()
                }
                Need::Never => true,
            };
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
pub fn serve(listener: TcpListener, readiness: Readiness, metrics: Metrics, api: Router, tasks: &Tasks) {
    let router = api
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route(
            "/metrics",
            get(|State(metrics): State<Metrics>| async move { metrics.render() }).with_state(metrics),
        );
    // Elsewhere the operator chooses the name, and no page of a browser reaches the address.
    let is_local = listener
        .local_addr()
        .is_ok_and(|address| address.ip().is_loopback());
    let router = if is_local {
        router.layer(middleware::from_fn(check_host))
    } else {
        router
    };
    let stopping = tasks.stopping();
    tasks.spawn_vital("admin", async move {
        let serve = axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned());
        if let Err(error) = serve.await {
            tracing::error!(%error, "the admin listener failed");
        }
    });
}

/// Rejects requests of pages that point their own name at this machine (DNS rebinding).
async fn check_host(request: Request, next: Next) -> Response {
    let is_local = match host_of(request.headers()) {
        Host::Missing => true,
        Host::One(host) => name_of(host).is_some_and(|name| is_loopback(&name)),
        Host::Malformed => return StatusCode::BAD_REQUEST.into_response(),
    };
    if is_local {
        next.run(request).await
    } else {
        (
            StatusCode::MISDIRECTED_REQUEST,
            "this listener has another name\n",
        )
            .into_response()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readiness_requires_a_service_until_first_reached() {
        let is_there = Arc::new(AtomicBool::new(false));
        let mut readiness = Readiness::default();
        readiness.set_serving(true);
        let state = Arc::clone(&is_there);
        readiness.add_service("auth service", move || {
            let is_there = state.load(Ordering::Acquire);
            is_there.then_some(()).ok_or_else(|| "unreachable".to_owned())
        });
        let absent = "serving ok\nauth service unreachable\n".to_owned();
        assert_eq!(readiness.report().await, (false, absent.clone()));
        is_there.store(true, Ordering::Release);
        let present = "serving ok\nauth service ok\n".to_owned();
        assert_eq!(readiness.report().await, (true, present));
        is_there.store(false, Ordering::Release);
        assert_eq!(readiness.report().await, (true, absent));
        readiness.add("database", || async { Err("gone".to_owned()) });
        assert!(!readiness.report().await.0);
    }
}
