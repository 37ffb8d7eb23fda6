//! For tests: streams over services whose answers the test chooses, encoded by tonic.

use std::future::ready;

use http::{Request, Response};
use mayfly_proto::{
    auth::{
        ProPrincipal, ValidateTokenRequest, ValidateTokenResponse, auth_client::AuthClient,
        validate_token_response::Principal,
    },
    mailbox::{ListMessagesAfterRequest, ListMessagesAfterResponse, mailbox_client::MailboxClient},
};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use prost::Message;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body, server::Grpc};
use tonic_prost::ProstCodec;

use super::Follow;

/// Creates streams over an auth service that answers every validation alike.
pub(crate) fn follow_credentials(
    answer: impl Fn() -> Result<(), Status> + Clone + Send + Sync + 'static,
) -> Follow {
    let auth = service(move |_: ValidateTokenRequest| {
        let principal = Some(Principal::Pro(ProPrincipal::default()));
        answer().map(|()| ValidateTokenResponse { principal })
    });
    follow(auth, service(no_messages))
}

/// Creates streams over a mailbox service whose every list is answered by one function.
pub(crate) fn follow_messages(
    answer: impl Fn() -> ListMessagesAfterResponse + Clone + Send + Sync + 'static,
) -> Follow {
    let auth = service(|_: ValidateTokenRequest| Ok(ValidateTokenResponse::default()));
    follow(auth, service(move |_: ListMessagesAfterRequest| Ok(answer())))
}

fn no_messages(_: ListMessagesAfterRequest) -> Result<ListMessagesAfterResponse, Status> {
    Ok(ListMessagesAfterResponse::default())
}

fn follow(auth: Transport, mailbox: Transport) -> Follow {
    let tasks = Tasks::new(CancellationToken::new());
    Follow::new(AuthClient::new(auth), MailboxClient::new(mailbox), 100, &tasks)
}

/// Creates a transport to a service with one unary method.
fn service<Q, A>(method: impl Fn(Q) -> Result<A, Status> + Clone + Send + Sync + 'static) -> Transport
where
    Q: Message + Default + Send + 'static,
    A: Message + Default + Send + 'static,
{
    Transport::new(tower::service_fn(move |request: Request<Body>| {
        let method = method.clone();
        let unary = tower::service_fn(move |request: tonic::Request<Q>| {
            ready(method(request.into_inner()).map(tonic::Response::new))
        });
        async move {
            let mut server = Grpc::new(ProstCodec::<A, Q>::default());
            let response: Response<Body> = server.unary(unary, request).await;
            Ok::<_, Status>(response)
        }
    }))
}
