//! How many follow, and how late they are told.

use mayfly_runtime::telemetry;
use mayfly_types::{MessageId, SharedClock};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, UpDownCounter},
};

/// Kinds of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    WebSocket,
    Events,
    Wait,
}

impl Kind {
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
pub(crate) struct StreamMetrics {
    open: UpDownCounter<i64>,
    lag: Histogram<f64>,
    refused: Counter<u64>,
}

/// An open stream; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Open {
    open: UpDownCounter<i64>,
    kind: Kind,
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
                .with_description("From the moment a message was stored to the moment it was told")
                .build(),
            refused: meter
                .u64_counter("mayfly.gateway.streams.refused")
                .with_description("WebSockets refused or closed by us")
                .build(),
        }
    }

    /// Counts a stream as open.
    pub(crate) fn open(&self, kind: Kind) -> Open {
        self.open.add(1, &[kind.label()]);
        Open {
            open: self.open.clone(),
            kind,
        }
    }

    /// Measures how late a message is told.
    pub(crate) fn told(&self, kind: Kind, id: &str, clock: &SharedClock) {
        let made = id.parse().ok().and_then(MessageId::created_at);
        if let Some(made) = made {
            let lag = (clock.now() - made).as_seconds_f64().max(0.0);
            self.lag.record(lag, &[kind.label()]);
        }
    }

    /// Counts a WebSocket that was refused or closed.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.add(1, &[KeyValue::new("reason", reason)]);
    }
}
