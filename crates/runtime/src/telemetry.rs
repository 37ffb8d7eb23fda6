//! Logs and metrics of the process, installed once.

use std::io::IsTerminal;

use opentelemetry::metrics::Meter;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, TextEncoder};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::ConfigError;

/// The `[log]` section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// What is logged: `info`, or directives such as `info,mayfly_smtp=debug`. The default quiets what others say of
    /// themselves at start.
    pub level: String,
    /// How: `auto` is `human` on a terminal and `json` elsewhere.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    /// For eyes.
    Human,
    /// One JSON object a line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info,sea_orm_migration=warn,opentelemetry=warn".to_owned(),
            format: LogFormat::Auto,
        }
    }
}

/// Installs the process's logger, which writes to standard error.
///
/// # Errors
/// When `log.level` cannot be understood, or a logger is installed already.
pub fn init_logs(config: &LogConfig) -> Result<(), ConfigError> {
    let filter = EnvFilter::builder()
        .parse(&config.level)
        .map_err(|e| ConfigError::new("log.level", e))?;
    let stderr_is_terminal = std::io::stderr().is_terminal();
    let is_json = match config.format {
        LogFormat::Auto => !stderr_is_terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let installed = if is_json {
        registry.with(layer.json().flatten_event(true)).try_init()
    } else {
        registry
            .with(layer.with_ansi(stderr_is_terminal).with_target(false))
            .try_init()
    };
    installed.map_err(|e| ConfigError::new("log", e))
}

/// Returns the process's meter: the one way to count.
#[must_use]
pub fn meter() -> Meter {
    opentelemetry::global::meter("mayfly")
}

/// The process's metrics, as Prometheus reads them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: prometheus::Registry,
}

impl Metrics {
    /// Installs the process's meter. Instruments made before are lost, so it comes first.
    ///
    /// # Errors
    /// When the exporter cannot be built: a defect.
    pub fn install() -> Result<Self, ConfigError> {
        let registry = prometheus::Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()
            .map_err(|e| ConfigError::new("metrics", e))?;
        opentelemetry::global::set_meter_provider(SdkMeterProvider::builder().with_reader(exporter).build());
        Ok(Self { registry })
    }

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
