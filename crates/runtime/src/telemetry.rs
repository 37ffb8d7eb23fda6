//! Logs, metrics and traces of the process, installed once, and told to a collector over OTLP if one is named.
//!
//! Nothing here may break or slow the service: queues to the collector are bounded and drop what is over, exports happen
//! on threads of their own, and a collector that is away costs an exit a few seconds at most.

mod config;
mod export;
mod logs;
mod metrics;
mod propagation;
mod traces;

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use opentelemetry::KeyValue;
use opentelemetry_sdk::{
    Resource, error::OTelSdkResult, logs::SdkLoggerProvider, metrics::SdkMeterProvider,
    trace::SdkTracerProvider,
};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::ConfigError;

pub use config::TelemetryConfig;
pub use logs::{LogConfig, LogFormat};
pub use metrics::{Metrics, meter, seconds};
pub use propagation::{inject, link_remote, set_remote_parent};

/// How long an exit waits for the collector to take what is left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// The process's telemetry. Dropping it gives the collector what is left, whatever ended the process.
#[derive(Debug)]
pub struct Telemetry {
    metrics: Metrics,
    exported: Option<Exported>,
}

#[derive(Debug)]
struct Exported {
    traces: SdkTracerProvider,
    logs: SdkLoggerProvider,
    metrics: SdkMeterProvider,
}

impl Telemetry {
    /// Installs the process's logger, meter and tracer. Instruments made before are lost, so it comes first; with a
    /// collector, a tokio runtime must be entered.
    ///
    /// # Errors
    /// When `log.level` or `telemetry.otlp_endpoint` cannot be understood, or a logger is installed already.
    pub fn install(
        log: &LogConfig,
        config: &TelemetryConfig,
        roles: &[&'static str],
    ) -> Result<Self, ConfigError> {
        let resource = resource(roles);
        let Some(endpoint) = &config.otlp_endpoint else {
            let (metrics, _) = metrics::install(
                resource,
                None::<export::Watched<opentelemetry_otlp::MetricExporter>>,
            )?;
            let stderr = logs::stderr_layer(log, false)?;
            tracing_subscriber::registry()
                .with(stderr)
                .try_init()
                .map_err(|e| ConfigError::new("log", e))?;
            return Ok(Self {
                metrics,
                exported: None,
            });
        };
        let collector = export::Collector::new(endpoint)?;
        let traces = traces::provider(collector.spans()?, config.sample_ratio, resource.clone());
        let logs = logs::provider(collector.logs()?, resource.clone());
        let (metrics, meters) = metrics::install(resource, Some(collector.metrics()?))?;
        let layers = vec![
            logs::stderr_layer(log, true)?,
            traces::layer(&traces),
            logs::bridge(&logs, log)?,
        ];
        tracing_subscriber::registry()
            .with(layers)
            .try_init()
            .map_err(|e| ConfigError::new("log", e))?;
        Ok(Self {
            metrics,
            exported: Some(Exported {
                traces,
                logs,
                metrics: meters,
            }),
        })
    }

    /// Returns the metrics, for the admin listener.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Tells the collector, and nobody else, why the process ends: standard error has the one line for a person.
    pub fn process_failed(&self, problem: &str) {
        tracing::error!(target: logs::COLLECTOR_ONLY, problem, "the process cannot go on");
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(exported) = self.exported.take() {
            exported.flush();
        }
    }
}

impl Exported {
    /// Ends the three at the same time, and waits for them no longer than an exit may take.
    fn flush(self) {
        let deadline = Instant::now() + FLUSH_TIMEOUT;
        let Self {
            traces,
            logs,
            metrics,
        } = self;
        let ends: [Box<dyn FnOnce() -> OTelSdkResult + Send>; 3] = [
            Box::new(move || traces.shutdown_with_timeout(FLUSH_TIMEOUT)),
            Box::new(move || logs.shutdown_with_timeout(FLUSH_TIMEOUT)),
            Box::new(move || metrics.shutdown_with_timeout(FLUSH_TIMEOUT)),
        ];
        let (ended, all_ended) = mpsc::channel::<()>();
        for end in ends {
            let ended = ended.clone();
            // A failure was told by the exporter.
            let _ = thread::Builder::new().spawn(move || {
                let _ = end();
                drop(ended);
            });
        }
        drop(ended);
        // It ends when every sender is gone.
        let _ = all_ended.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// What this process is. `OTEL_RESOURCE_ATTRIBUTES` adds to it, as everywhere.
fn resource(roles: &[&'static str]) -> Resource {
    let name = match roles {
        [role] => format!("mayfly-{role}"),
        _ => "mayfly".to_owned(),
    };
    let instance = u128::from_le_bytes(mayfly_types::random_bytes());
    Resource::builder()
        .with_service_name(name)
        .with_attributes([
            KeyValue::new("service.namespace", "mayfly"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", format!("{instance:032x}")),
            KeyValue::new("mayfly.roles", roles.join(",")),
        ])
        .build()
}

#[cfg(test)]
mod tests {
    use tracing::{Level, level_filters::LevelFilter};
    use tracing_subscriber::Layer;

    use super::*;

    #[test]
    fn without_a_collector_nobody_asks_for_spans() {
        let stderr = logs::stderr_layer(&LogConfig::default(), false).unwrap();
        assert_eq!(stderr.max_level_hint(), Some(LevelFilter::INFO));
        let subscriber = tracing_subscriber::registry().with(stderr);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::debug_span!("rpc");
            assert!(span.is_disabled() && !tracing::enabled!(Level::DEBUG) && tracing::enabled!(Level::INFO));
            let mut headers = http::HeaderMap::new();
            inject(&span, &mut headers);
            assert!(headers.is_empty());
        });
    }
}
