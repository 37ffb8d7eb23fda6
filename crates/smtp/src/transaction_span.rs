//! The span of one transaction, from MAIL to its last reply: a trace of its own, without a word of the client's.

use tracing::{Span, field};

/// Begins a trace.
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

/// Says how a transaction ended whose data was sent.
pub(crate) fn end(span: &Span, recipients: usize, size_bytes: u64, code: u16) {
    if span.is_disabled() {
        return;
    }
    span.record("smtp.recipients", recipients)
        .record("smtp.message.size", size_bytes)
        .record("smtp.reply.code", code);
    // The one reply that is not the client's doing: what stores mail did not answer.
    if code == crate::reply::UNAVAILABLE.0 {
        span.record("error.type", "451")
            .record("otel.status_code", "error");
    }
}
