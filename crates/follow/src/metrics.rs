//! Metrics of streams.

use mayfly_runtime::telemetry;
use mayfly_types::{MessageId, SharedClock};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, UpDownCounter},
};

/// Kinds of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// A WebSocket.
    WebSocket,
    /// Server-sent events.
    Events,
    /// A long poll.
    Wait,
}

impl StreamKind {
    fn label(self) -> KeyValue {
        let kind = match self {
            Self::WebSocket => "websocket",
            Self::Events => "events",
            Self::Wait => "wait",
        };
        KeyValue::new("kind", kind)
    }
}

/// The measurements of streams.
#[derive(Debug, Clone)]
pub struct StreamMetrics {
    open: UpDownCounter<i64>,
    lag: Histogram<f64>,
    refused: Counter<u64>,
}

/// Counts an open stream until it is dropped.
#[derive(Debug)]
pub struct Open {
    open: UpDownCounter<i64>,
    kind: StreamKind,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.add(-1, &[self.kind.label()]);
    }
}

impl StreamMetrics {
    pub(crate) fn new() -> Self {
        let meter = telemetry::meter();
        Self {
            open: meter
                .i64_up_down_counter("mayfly.gateway.streams.open")
                .with_description("WebSockets, event streams and waits that are open")
                .build(),
            lag: meter
                .f64_histogram("mayfly.gateway.streams.lag")
                .with_unit("s")
                .with_description("Time from the storing of a message to its delivery on a stream")
                .build(),
            refused: meter
                .u64_counter("mayfly.gateway.streams.refused")
                .with_description("WebSockets refused or closed by us")
                .build(),
        }
    }

    /// Counts a stream as open.
    #[must_use]
    pub fn open(&self, kind: StreamKind) -> Open {
        self.open.add(1, &[kind.label()]);
        Open {
            open: self.open.clone(),
            kind,
        }
    }

    /// Records the time from the storing of a message to its delivery.
    pub fn delivered(&self, kind: StreamKind, id: &str, clock: &SharedClock) {
        let made = id.parse().ok().and_then(MessageId::created_at);
        if let Some(made) = made {
            let lag = (clock.now() - made).as_seconds_f64().max(0.0);
            self.lag.record(lag, &[kind.label()]);
        }
    }

    /// Counts a WebSocket that was refused or closed.
    pub fn refused(&self, reason: &'static str) {
        self.refused.add(1, &[KeyValue::new("reason", reason)]);
    }
}
