//! The metrics of the mail edge.

use std::time::Duration;

use mayfly_runtime::telemetry::meter;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, UpDownCounter},
};

use crate::session::Authentication;

/// From one mail of a local program to the longest possible session.
const SESSION_SECONDS: [f64; 9] = [0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 1800.0];

#[derive(Debug)]
pub(crate) struct Metrics {
    open: UpDownCounter<i64>,
    duration: Histogram<f64>,
    replies: Counter<u64>,
    messages: Counter<u64>,
    rejected: Counter<u64>,
    limited: Counter<u64>,
    logins: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            open: meter
                .i64_up_down_counter("smtp.sessions.open")
                .with_description("SMTP sessions that are open")
                .build(),
            duration: meter
                .f64_histogram("smtp.session.duration")
                .with_unit("s")
                .with_boundaries(SESSION_SECONDS.to_vec())
                .with_description("Duration of SMTP sessions")
                .build(),
            replies: meter
                .u64_counter("smtp.replies")
                .with_description("SMTP replies by code")
                .build(),
            messages: meter
                .u64_counter("smtp.messages")
                .with_description("Messages whose data was sent, by the code of the last reply")
                .build(),
            rejected: meter
                .u64_counter("smtp.connections.rejected")
                .with_description("Connections beyond a limit")
                .build(),
            limited: meter
                .u64_counter("smtp.recipients.limited")
                .with_description("Recipients refused because of too many mails in a minute")
                .build(),
            logins: meter
                .u64_counter("smtp.logins")
                .with_description("Checks of logins, at AUTH and at MAIL, by outcome")
                .build(),
        }
    }

    pub(crate) fn session_opened(&self) {
        self.open.add(1, &[]);
    }

    pub(crate) fn session_closed(&self, duration: Duration) {
        self.open.add(-1, &[]);
        self.duration.record(duration.as_secs_f64(), &[]);
    }

    /// Counts replies. The codes come from `reply.rs`, never from a client, so the label values are bounded.
    pub(crate) fn replied(&self, codes: &[u16]) {
        for code in codes {
            self.replies.add(1, &[KeyValue::new("code", i64::from(*code))]);
        }
    }

    pub(crate) fn message_ended(&self, code: u16) {
        self.messages.add(1, &[KeyValue::new("code", i64::from(code))]);
    }

    pub(crate) fn connection_rejected(&self) {
        self.rejected.add(1, &[]);
    }

    pub(crate) fn login_checked(&self, authentication: &Authentication) {
        let outcome = match authentication {
            Authentication::Accepted(_) => "accepted",
            Authentication::Rejected => "rejected",
            Authentication::Limited => "limited",
            Authentication::Unavailable => "unavailable",
        };
        self.logins.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    pub(crate) fn recipient_limited(&self) {
        self.limited.add(1, &[]);
    }
}
