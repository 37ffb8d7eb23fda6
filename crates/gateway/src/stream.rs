//! Bytes of a message that are passed through in chunks.

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

/// Makes a body of a first chunk and what follows it; a stream that fails cuts the connection, so that nobody takes a
/// part for the whole.
pub(crate) fn body<T: Send + 'static>(
    first: Bytes,
    rest: tonic::Streaming<T>,
    chunk: impl Fn(T) -> Bytes + Send + 'static,
) -> Body {
    let rest = rest.map(move |part| part.map(&chunk));
    Body::from_stream(stream::once(async { Ok(first) }).chain(rest))
}
