//! Answers with a whole message, which can have many megabytes: they are made beside the runtime and sent in chunks, so that
//! other tasks wait for neither.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, HttpBody},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use mayfly_proto::mailbox::GetMessageResponse;

use crate::{app::App, edge::failure::FailureResponse};

/// Bytes of a chunk.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks after which other tasks run, also when the client takes all at once.
const CHUNKS_OF_A_POLL: usize = 4;

/// Makes the answer that shows a message.
///
/// # Errors
/// When that panics.
pub(crate) async fn answer<A: IntoResponse>(
    app: &App,
    message: GetMessageResponse,
    show: impl FnOnce(GetMessageResponse) -> A + Send + 'static,
) -> Result<Response, FailureResponse> {
    let length = |body: &Option<String>| body.as_ref().map_or(0, String::len);
    let bytes = length(&message.text_body) + length(&message.html_body);
    let made = app.compute(bytes, move || show(message).into_response()).await?;
    Ok(match bytes > CHUNK_BYTES {
        true => made.map(|body| Body::new(ChunkedBody::of(body))),
        false => made,
    })
}

/// A body that is sent in chunks.
#[derive(Debug)]
struct ChunkedBody {
    body: Body,
    /// Bytes that the body has produced and that are not sent.
    produced: Bytes,
    /// Chunks of this poll of the connection.
    sent: usize,
}

impl ChunkedBody {
    fn of(body: Body) -> Self {
        Self {
            body,
            produced: Bytes::new(),
            sent: 0,
        }
    }
}

impl HttpBody for ChunkedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if this.sent >= CHUNKS_OF_A_POLL {
            this.sent = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.produced.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(produced) => this.produced = produced,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        this.sent += 1;
        let chunk = this.produced.split_to(CHUNK_BYTES.min(this.produced.len()));
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.produced.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (produced, left) = (self.produced.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(left.lower() + produced);
        if let Some(upper) = left.upper() {
            hint.set_upper(upper + produced);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn chunked_body_is_whole_and_lets_others_run() {
        let sent = Bytes::from_iter((0..1_000_000_u32).map(|n| n.to_le_bytes()[0]));
        let mut chunked = ChunkedBody::of(Body::from(sent.clone()));
        let (mut received, mut pauses) = (Vec::new(), 0);
        while !chunked.is_end_stream() {
            assert_eq!(
                chunked.size_hint().exact(),
                Some((sent.len() - received.len()) as u64)
            );
            match chunked.frame().now_or_never() {
                Some(frame) => {
                    let chunk = frame.unwrap().unwrap().into_data().unwrap();
                    assert!(chunk.len() <= CHUNK_BYTES);
                    received.extend_from_slice(&chunk);
                }
                None => pauses += 1,
            }
        }
        assert_eq!(received, sent);
        assert_eq!(pauses, sent.len() / (CHUNKS_OF_A_POLL * CHUNK_BYTES));
    }
}
