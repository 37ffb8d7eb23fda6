//! Metrics: one meter, with two readers: Prometheus text on the admin listener, and the collector.

use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider, exporter::PushMetricExporter},
};
use prometheus::{Encoder, TextEncoder};

use crate::config::ConfigError;

/// The boundaries of the semantic conventions for HTTP and RPC, and smaller ones for calls within one process.
const SECONDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Returns the meter of the process. All metrics use it.
#[must_use]
pub fn meter() -> Meter {
    opentelemetry::global::meter("mayfly")
}

/// Creates a histogram of durations in seconds.
#[must_use]
pub fn seconds(name: &'static str, description: &'static str) -> Histogram<f64> {
    meter()
        .f64_histogram(name)
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .with_description(description)
        .build()
}

/// The metrics of the process, for Prometheus.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: prometheus::Registry,
}

/// Installs the meter of the process. Instruments created before are lost.
pub(super) fn install<E: PushMetricExporter>(
    resource: Resource,
    exporter: Option<E>,
) -> Result<(Metrics, SdkMeterProvider), ConfigError> {
    let registry = prometheus::Registry::new();
    let prometheus = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .build()
        .map_err(|e| ConfigError::new("metrics", e))?;
    let mut provider = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(prometheus);
    if let Some(exporter) = exporter {
        provider = provider.with_reader(PeriodicReader::builder(exporter).build());
    }
    let provider = provider.build();
    opentelemetry::global::set_meter_provider(provider.clone());
    Ok((Metrics { registry }, provider))
}

impl Metrics {
    /// Returns the metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "cannot render metrics");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}
