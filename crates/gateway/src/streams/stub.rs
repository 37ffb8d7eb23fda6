//! For tests: a gateway over services whose answers are made by the test.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use mayfly_types::SystemClock;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};

use super::{Hub, Streams};
use crate::{config::Config, state::Gateway};

/// Makes a gateway whose every call is answered by one function: with a message of Protobuf, or a failure.
pub(super) fn gateway(
    hub: Hub,
    answer: impl Fn() -> Result<Vec<u8>, Status> + Clone + Send + Sync + 'static,
) -> Gateway {
    let service = Transport::new(tower::service_fn(move |_: Request<Body>| {
        let response = answer().map(response);
        async { response }
    }));
    let tasks = Tasks::new(CancellationToken::new());
    let config = Config::default();
    let streams = Streams::new(&config, hub, None, &tasks);
    let clock = Arc::new(SystemClock);
    Gateway::new(&config, service.clone(), service, None, clock, streams)
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
