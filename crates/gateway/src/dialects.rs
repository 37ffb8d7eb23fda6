//! The HTTP APIs over the same mailboxes. Each has its paths, its JSON shapes, and one table from failures to answers.

pub(crate) mod mailcx;

use axum::{extract::Request, middleware::Next, response::Response};
use mayfly_rpc::Failure;

/// Renders a failure in the dialect of the path. It stands around everything that can fail.
pub(crate) async fn render_failures(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Failure>() {
        Some(failure) => mailcx::errors::render(failure, response),
        None => response,
    }
}
