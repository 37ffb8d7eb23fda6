//! What is counted of revocations: everything that makes tokens stop working.

use std::{future::Future, time::Instant};

use mayfly_runtime::telemetry;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};

use crate::error::Error;

/// What makes tokens stop working.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    ProToken,
    PasswordReset,
    MailboxDeleted,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::ProToken => "pro_token",
            Self::PasswordReset => "password_reset",
            Self::MailboxDeleted => "mailbox_deleted",
        }
    }
}

/// The count of revocations, and how long each took to be certain.
pub(crate) struct Revocations {
    count: Counter<u64>,
    duration: Histogram<f64>,
}

impl Revocations {
    pub(crate) fn new() -> Self {
        Self {
            count: telemetry::meter()
                .u64_counter("auth.token.revocations")
                .with_description("Revocations by what caused them and whether they are certain")
                .build(),
            duration: telemetry::seconds(
                "auth.token.revocation.duration",
                "Time until a revocation holds for every validation that begins after it",
            ),
        }
    }

    /// Measures a change that revokes.
    pub(crate) async fn measure<T, E: Into<Error>>(
        &self,
        kind: Kind,
        change: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let outcome = change.await.map_err(Into::into);
        let labels = [
            KeyValue::new("kind", kind.as_str()),
            KeyValue::new("outcome", if outcome.is_ok() { "certain" } else { "failed" }),
        ];
        self.count.add(1, &labels);
        self.duration.record(started.elapsed().as_secs_f64(), &labels);
        outcome
    }
}
