//! Traces: the spans of Mayfly's own crates, exported to the collector only.

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, Sampler, SdkTracerProvider, SpanExporter},
};
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::FilterFn};

use super::logs::BoxedLayer;

pub(super) fn provider<E: SpanExporter + 'static>(
    exporter: E,
    sample_ratio: f64,
    resource: Resource,
) -> SdkTracerProvider {
    let root = Sampler::TraceIdRatioBased(sample_ratio);
    SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter).build())
        .with_sampler(Sampler::ParentBased(Box::new(root)))
        .with_resource(resource)
        .build()
}

/// Most spans are at debug level. Without this layer they are disabled and cost nothing.
pub(super) fn layer(provider: &SdkTracerProvider) -> BoxedLayer {
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("mayfly"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(FilterFn::new(is_ours).with_max_level_hint(LevelFilter::DEBUG))
        .boxed()
}

/// Events are not part of traces: they are logs, which contain their trace id.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::DEBUG && metadata.target().starts_with("mayfly")
}
