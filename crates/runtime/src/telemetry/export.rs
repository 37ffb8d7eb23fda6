//! The connection to the collector. A failure is logged once, again every few minutes, and when it ends.

use std::time::{Duration, Instant};

use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig, WithTonicConfig,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::LogBatch,
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::SpanData,
};
use parking_lot::Mutex;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::config::ConfigError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time between two log lines about the same failure.
const REMINDER: Duration = Duration::from_secs(300);

/// One connection for all three signals, opened on first use and reopened when lost.
#[derive(Debug)]
pub(super) struct Collector(Channel);

impl Collector {
    pub(super) fn new(url: &str) -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "the operator names the collector")]
        Ok(Self(endpoint(url)?.connect_lazy()))
    }

    pub(super) fn spans(&self) -> Result<Watched<SpanExporter>, ConfigError> {
        let builder = SpanExporter::builder().with_tonic();
        Watched::new(
            "traces",
            builder
                .with_channel(self.0.clone())
                .with_timeout(EXPORT_TIMEOUT)
                .build(),
        )
    }

    pub(super) fn logs(&self) -> Result<Watched<LogExporter>, ConfigError> {
        let builder = LogExporter::builder().with_tonic();
        Watched::new(
            "logs",
            builder
                .with_channel(self.0.clone())
                .with_timeout(EXPORT_TIMEOUT)
                .build(),
        )
    }

    pub(super) fn metrics(&self) -> Result<Watched<MetricExporter>, ConfigError> {
        let builder = MetricExporter::builder().with_tonic();
        Watched::new(
            "metrics",
            builder
                .with_channel(self.0.clone())
                .with_timeout(EXPORT_TIMEOUT)
                .build(),
        )
    }
}

/// Configures the connection to a collector; nothing is dialled.
pub(super) fn endpoint(url: &str) -> Result<Endpoint, ConfigError> {
    let wrong = |error: tonic::transport::Error| {
        // The error itself only says that it is a transport error.
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        ConfigError::new(
            "telemetry.otlp_endpoint",
            cause.unwrap_or_else(|| error.to_string()),
        )
    };
    let mut endpoint = Endpoint::from_shared(url.to_owned()).map_err(wrong)?;
    if url.starts_with("https:") {
        let tls = ClientTlsConfig::new().with_enabled_roots();
        endpoint = endpoint.tls_config(tls).map_err(wrong)?;
    }
    Ok(endpoint.connect_timeout(CONNECT_TIMEOUT).timeout(EXPORT_TIMEOUT))
}

/// An exporter that logs its failures. Logs of its own threads are not exported, so it cannot feed itself.
#[derive(Debug)]
pub(super) struct Watched<E> {
    exporter: E,
    signal: &'static str,
    /// When a failure was last logged; `None` while exports succeed.
    last_report: Mutex<Option<Instant>>,
}

impl<E> Watched<E> {
    fn new(signal: &'static str, exporter: Result<E, ExporterBuildError>) -> Result<Self, ConfigError> {
        let exporter = exporter.map_err(|e| ConfigError::new("telemetry.otlp_endpoint", e))?;
        Ok(Self {
            exporter,
            signal,
            last_report: Mutex::new(None),
        })
    }

    fn note(&self, outcome: OTelSdkResult) -> OTelSdkResult {
        let mut last_report = self.last_report.lock();
        match (&outcome, *last_report) {
            (Err(error), None) => {
                tracing::warn!(signal = self.signal, %error, "cannot export telemetry; what the queue cannot hold is lost");
                *last_report = Some(Instant::now());
            }
            (Err(error), Some(at)) if at.elapsed() > REMINDER => {
                tracing::warn!(signal = self.signal, %error, "still cannot export telemetry");
                *last_report = Some(Instant::now());
            }
            (Ok(()), Some(_)) => {
                tracing::info!(signal = self.signal, "telemetry is exported again");
                *last_report = None;
            }
            _ => {}
        }
        outcome
    }
}

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.note(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: opentelemetry_sdk::logs::LogExporter> opentelemetry_sdk::logs::LogExporter for Watched<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.note(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.note(self.exporter.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
