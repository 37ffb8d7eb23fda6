//! Answers with a whole message, which can have many megabytes: they are made beside the runtime and sent in chunks, so that
//! other tasks wait for neither.

use axum::{
    body::{HttpBody, to_bytes},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use mayfly_proto::mailbox::GetMessageResponse;
use mayfly_rpc::Failure;

use crate::{
    app::{App, answer_memory::HeldMemory, open_message::Opened, paced_body::paced_body},
    edge::failure::FailureResponse,
};

/// Bytes of a chunk.
const CHUNK_BYTES: usize = 64 << 10;

/// Makes the answer that shows a message.
///
/// # Errors
/// When that panics.
pub(crate) async fn answer<A: IntoResponse>(
    app: &App,
    message: Opened<GetMessageResponse>,
    show: impl FnOnce(GetMessageResponse) -> A + Send + 'static,
) -> Result<Response, FailureResponse> {
    let Opened { content, memory } = message;
    let length = |body: &Option<String>| body.as_ref().map_or(0, String::len);
    let bytes = length(&content.text_body) + length(&content.html_body);
    let made = app.compute(bytes, move || show(content).into_response()).await?;
    send(app, made, memory).await
}

/// Sends an answer that was made, and keeps its memory until the client has taken it.
///
/// # Errors
/// When its body fails.
pub(crate) async fn send(
    app: &App,
    made: Response,
    memory: Option<HeldMemory>,
) -> Result<Response, FailureResponse> {
    // Messages are large by their attachments too.
    let bytes = made.body().size_hint().lower();
    let Some(mut memory) = memory.filter(|_| bytes > CHUNK_BYTES as u64) else {
        return Ok(made);
    };
    memory.shrink_to(bytes);
    let (mut head, body) = made.into_parts();
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|error| Failure::internal(error.to_string()))?;
    head.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let sent = paced_body(&app.tasks, memory, stream::iter(chunks(body).map(Ok)));
    Ok(Response::from_parts(head, sent))
}

fn chunks(mut left: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || match left.is_empty() {
        true => None,
        false => Some(left.split_to(CHUNK_BYTES.min(left.len()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_body_are_the_whole_body() {
        let body = Bytes::from_iter((0..1_000_000_u32).map(|n| n.to_le_bytes()[0]));
        let sent: Vec<Bytes> = chunks(body.clone()).collect();
        assert!(sent.iter().all(|chunk| chunk.len() <= CHUNK_BYTES));
        assert_eq!(sent.concat(), body);
    }
}
