//! Answers with a whole message, which can have many megabytes: they are made beside the runtime and sent in parts, so that other
//! tasks wait for neither.

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

/// Bytes that are sent in one part.
const PART_BYTES: usize = 64 << 10;
/// Parts after which other tasks run, also when the client takes all at once.
const PARTS_OF_A_POLL: usize = 4;

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
    Ok(match bytes > PART_BYTES {
        true => made.map(|body| Body::new(Parts::of(body))),
        false => made,
    })
}

/// A body in parts.
#[derive(Debug)]
struct Parts {
    body: Body,
    /// What the body has given and is not sent.
    given: Bytes,
    /// Parts of this poll of the connection.
    sent: usize,
}

impl Parts {
    fn of(body: Body) -> Self {
        Self {
            body,
            given: Bytes::new(),
            sent: 0,
        }
    }
}

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if this.sent >= PARTS_OF_A_POLL {
            this.sent = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.given.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(given) => this.given = given,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        this.sent += 1;
        let part = this.given.split_to(PART_BYTES.min(this.given.len()));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.given.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (given, left) = (self.given.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(left.lower() + given);
        if let Some(upper) = left.upper() {
            hint.set_upper(upper + given);
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
    async fn body_in_parts_is_whole_and_lets_others_run() {
        let sent = Bytes::from_iter((0..1_000_000_u32).map(|n| n.to_le_bytes()[0]));
        let mut parts = Parts::of(Body::from(sent.clone()));
        let (mut received, mut pauses) = (Vec::new(), 0);
        while !parts.is_end_stream() {
            assert_eq!(
                parts.size_hint().exact(),
                Some((sent.len() - received.len()) as u64)
            );
            match parts.frame().now_or_never() {
                Some(frame) => {
                    let part = frame.unwrap().unwrap().into_data().unwrap();
                    assert!(part.len() <= PART_BYTES);
                    received.extend_from_slice(&part);
                }
                None => pauses += 1,
            }
        }
        assert_eq!(received, sent);
        assert_eq!(pauses, sent.len() / (PARTS_OF_A_POLL * PART_BYTES));
    }
}
