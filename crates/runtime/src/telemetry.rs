//! Logs, metrics and traces of the process, installed once, and exported over OTLP if a collector is configured.
//!
//! Telemetry must not break or slow the service: queues to the collector are bounded and drop on overflow, exports run on
//! their own threads, and an unreachable collector delays an exit by a few seconds at most.

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

/// How long an exit waits for the last export.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// The telemetry of the process. Dropping it flushes the exporters, however the process ends.
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
    /// Installs the logger, meter and tracer of the process. Instruments created before are lost, so call it first. With a
    /// collector it must run inside a tokio runtime.
    ///
    /// # Errors
    /// When `log.level` or `telemetry.otlp_endpoint` does not parse, or a logger is installed already.
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

    /// Exports why the process ends. Standard error does not show this event: it has its own line for the operator.
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
    /// Shuts the three providers down concurrently, within the flush time-out.
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
            // The exporter has logged a failure.
            let _ = thread::Builder::new().spawn(move || {
                let _ = end();
                drop(ended);
            });
        }
        drop(ended);
        // The channel closes when every sender is dropped.
        let _ = all_ended.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// The OpenTelemetry resource of this process. `OTEL_RESOURCE_ATTRIBUTES` adds to it.
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

    /// Whatever the level is, unless it names the parser.
    #[test]
    fn warnings_about_mail_are_not_logged() {
        for (level, is_logged) in [
            ("warn", false),
            ("debug,mayfly=trace", false),
            ("info,html5ever=warn", true),
        ] {
            let config = LogConfig {
                level: level.to_owned(),
                ..LogConfig::default()
            };
            let subscriber = tracing_subscriber::registry().with(logs::stderr_layer(&config, false).unwrap());
            tracing::subscriber::with_default(subscriber, || {
                let parser = tracing::enabled!(target: "html5ever::tree_builder", Level::WARN);
                assert_eq!(parser, is_logged, "{level}");
                assert!(
                    !tracing::enabled!(target: "rmcp::service", Level::WARN),
                    "{level}"
                );
                assert!(tracing::enabled!(Level::WARN));
            });
        }
    }

    #[test]
    fn spans_without_collector_are_disabled() {
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
