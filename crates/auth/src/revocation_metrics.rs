//! Metrics of revocations: of every change that invalidates tokens.

use std::{future::Future, time::Instant};

use mayfly_runtime::telemetry;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};

use crate::error::Error;

/// What invalidates tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RevocationCause {
    ProToken,
    SandboxCredential,
    PasswordReset,
    MailboxDeleted,
    UserSuspended,
    SignedOut,
    UserDeleted,
}

impl RevocationCause {
    fn as_str(self) -> &'static str {
        match self {
            Self::ProToken => "pro_token",
            Self::SandboxCredential => "sandbox_credential",
            Self::PasswordReset => "password_reset",
            Self::MailboxDeleted => "mailbox_deleted",
            Self::UserSuspended => "user_suspended",
            Self::SignedOut => "signed_out",
            Self::UserDeleted => "user_deleted",
        }
    }
}

/// Counts revocations, and measures how long each takes to be effective.
pub(crate) struct RevocationMetrics {
    count: Counter<u64>,
    duration: Histogram<f64>,
}

impl RevocationMetrics {
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

    /// Runs and measures a change that revokes tokens.
    pub(crate) async fn measure<T, E: Into<Error>>(
        &self,
        cause: RevocationCause,
        change: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let outcome = change.await.map_err(Into::into);
        let labels = [
            KeyValue::new("kind", cause.as_str()),
            KeyValue::new("outcome", if outcome.is_ok() { "certain" } else { "failed" }),
        ];
        self.count.add(1, &labels);
        self.duration.record(started.elapsed().as_secs_f64(), &labels);
        outcome
    }
}
