//! For tests: streams over services whose answers are made by the test.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use mayfly_proto::{
    auth::{
        ProPrincipal, ValidateTokenResponse, auth_client::AuthClient, validate_token_response::Principal,
    },
    mailbox::mailbox_client::MailboxClient,
};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use prost::Message;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};

use super::Follow;

/// Makes streams over services whose every call is answered by one function: with an encoded message, or a failure.
pub(crate) fn follow(answer: impl Fn() -> Result<Vec<u8>, Status> + Clone + Send + Sync + 'static) -> Follow {
    let service = Transport::new(tower::service_fn(move |_: Request<Body>| {
        let response = answer().map(response);
        async { response }
    }));
    let tasks = Tasks::new(CancellationToken::new());
    let (auth, mailbox) = (AuthClient::new(service.clone()), MailboxClient::new(service));
    Follow::new(auth, mailbox, 100, &tasks)
}

/// The answer to a token that is valid.
pub(crate) fn pro_principal() -> Vec<u8> {
    let principal = Principal::Pro(ProPrincipal::default());
    let answer = ValidateTokenResponse {
        principal: Some(principal),
    };
    answer.encode_to_vec()
}

fn response(message: Vec<u8>) -> Response<Body> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let status = (
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    );
    let trailers = HeaderMap::from_iter([status]);
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(http::header::CONTENT_TYPE, grpc);
    response
}
