//! The span of one transaction, from MAIL to its final reply: a separate trace, with nothing that the client sent.

use tracing::{Span, field};

/// Starts a trace.
pub(crate) fn begin() -> Span {
    tracing::debug_span!(
        parent: None,
        "smtp.transaction",
        otel.kind = "server",
        smtp.recipients = field::Empty,
        smtp.message.size = field::Empty,
        smtp.reply.code = field::Empty,
        error.type = field::Empty,
        otel.status_code = field::Empty,
    )
}

/// Records the outcome of a transaction whose data was sent.
pub(crate) fn end(span: &Span, recipients: usize, size_bytes: u64, code: u16) {
    if span.is_disabled() {
        return;
    }
    span.record("smtp.recipients", recipients)
        .record("smtp.message.size", size_bytes)
        .record("smtp.reply.code", code);
    // The only failure that the client did not cause: the mailbox service did not answer.
    if code == crate::reply::UNAVAILABLE.0 {
        span.record("error.type", "451")
            .record("otel.status_code", "error");
    }
}
