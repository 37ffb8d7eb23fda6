//! A service in this process.

use std::{convert::Infallible, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use http::{Request, Response};
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use super::{Transport, deadline::Deadline, observe::Observe, trace_context::TraceCalls};

/// Creates a transport to a generated server. A panic in a handler fails only that call, as it does over a network.
pub fn local<S>(service: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let catch_panic = tower::service_fn(move |request| {
        let call = service.clone().oneshot(request);
        async move {
            match AssertUnwindSafe(call).catch_unwind().await {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(never)) => match never {},
                Err(_) => Err(Status::internal("the service panicked")),
            }
        }
    });
    BoxCloneSyncService::new(TraceCalls::local(Deadline(Observe::new(catch_panic))))
}
