//! Logs: lines on standard error, and the same events as records to the collector.

use std::{
    fmt,
    io::{self, IsTerminal},
};

use opentelemetry::trace::TraceContextExt;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::{
    Resource,
    logs::{BatchLogProcessor, LogExporter, SdkLoggerProvider},
};
use serde::{Deserialize, Serialize};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, FilterFn, LevelFilter},
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, Writer},
    },
    registry::LookupSpan,
};

use crate::{
    config::{ConfigError, ConfigValue, Schema, Syntax},
    config_section,
    visible::EscapedStderr,
};

/// The target of events that standard error does not show.
pub(super) const COLLECTOR_ONLY: &str = "mayfly::collector_only";

/// The libraries that exporting uses. Exporting their logs would produce more of them.
const EXPORT_MACHINERY: [&str; 6] = ["h2", "hyper", "tonic", "tower", "rustls", "opentelemetry"];

config_section! {
    /// The `[log]` section: lines on standard error.
    pub struct LogConfig {
        /// Level, or filter directives such as `info,mayfly_smtp=debug`. The default silences start-up messages of
        /// libraries, and one line for each DNS answer that fails DNSSEC validation.
        pub level: String = DEFAULT_LEVEL.to_owned(),
        /// Format: `auto` is `human` on a terminal and `json` elsewhere.
        pub format: LogFormat = LogFormat::Auto,
    }
}

/// Parsers of mail, through which every sender could write log lines, and the library of MCP, which logs requests with their tokens
/// and answers with mail. Directives of the configuration come after these.
const SILENCED: &str = "html5ever=off,markup5ever=off,rmcp=error";

const DEFAULT_LEVEL: &str =
    "info,sea_orm_migration=warn,opentelemetry=warn,sqlx::postgres::notice=warn,hickory_net=error";

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    /// Text for people.
    Human,
    /// One JSON object a line.
    Json,
}

impl ConfigValue for LogFormat {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`auto`, `human` or `json`");
}

impl LogConfig {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// When a filter directive cannot be parsed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.filter().map(drop)
    }

    fn filter(&self) -> Result<EnvFilter, ConfigError> {
        let directives = format!("{SILENCED},{}", self.level);
        EnvFilter::builder().parse(directives).map_err(|e| {
            ConfigError::new(
                "log.level",
                format!(
                    "{e}; expected: a level such as `info`, or directives such as `info,mayfly_smtp=debug`"
                ),
            )
        })
    }
}

pub(super) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Lines on standard error. With traces, JSON lines contain `trace_id`.
pub(super) fn stderr_layer(config: &LogConfig, has_traces: bool) -> Result<BoxedLayer, ConfigError> {
    let filter = config
        .filter()?
        .and(target_filter(|metadata| metadata.target() != COLLECTOR_ONLY));
    let stderr_is_terminal = io::stderr().is_terminal();
    let is_json = match config.format {
        LogFormat::Auto => !stderr_is_terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(EscapedStderr);
    Ok(if !is_json {
        let human = layer.with_ansi(stderr_is_terminal).with_target(false);
        human.with_filter(filter).boxed()
    } else if has_traces {
        let json = layer.json().flatten_event(true).map_event_format(WithTraceId);
        json.with_filter(filter).boxed()
    } else {
        layer.json().flatten_event(true).with_filter(filter).boxed()
    })
}

/// Log records for the collector, of the events that standard error shows.
pub(super) fn bridge(provider: &SdkLoggerProvider, config: &LogConfig) -> Result<BoxedLayer, ConfigError> {
    let filter = config.filter()?.and(target_filter(is_exported));
    Ok(OpenTelemetryTracingBridge::new(provider)
        .with_filter(filter)
        .boxed())
}

/// A filter by target for use with a filter by level. Without a level hint of its own, the combined filter would have none,
/// and every level would be enabled.
fn target_filter(accepts: fn(&Metadata<'_>) -> bool) -> FilterFn<fn(&Metadata<'_>) -> bool> {
    FilterFn::new(accepts).with_max_level_hint(LevelFilter::TRACE)
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    metadata.is_event()
        && !EXPORT_MACHINERY
            .iter()
            .any(|machinery| target.starts_with(machinery))
}

pub(super) fn provider<E: LogExporter + 'static>(exporter: E, resource: Resource) -> SdkLoggerProvider {
    SdkLoggerProvider::builder()
        .with_log_processor(BatchLogProcessor::builder(exporter).build())
        .with_resource(resource)
        .build()
}

/// Adds `trace_id` to a JSON line whose event belongs to a trace.
struct WithTraceId(Format<Json>);

impl<S, N> FormatEvent<S, N> for WithTraceId
where
    Format<Json>: FormatEvent<S, N>,
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let span = opentelemetry::Context::map_current(|context| context.span().span_context().clone());
        if !span.is_valid() {
            return self.0.format_event(ctx, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(ctx, Writer::new(&mut line), event)?;
        match line.strip_suffix("}\n") {
            Some(object) => writeln!(writer, "{object},\"trace_id\":\"{}\"}}", span.trace_id()),
            None => writer.write_str(&line),
        }
    }
}
