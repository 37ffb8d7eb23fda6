//! MCP (Model Context Protocol) over Streamable HTTP: tools of a mailbox for agents. Every request is complete in itself, so any
//! gateway answers it. No tool sends or forwards mail, and none fetches a URL.

mod arrivals;
mod caller;
mod limits;
mod mark;
mod metadata;
mod server;
mod tool;
mod tools;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http_body_util::Full;
use mayfly_rpc::Failure;
use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::Redis;
use mayfly_types::{ErrorCode, Reason};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use self::{caller::Caller, limits::Limits, metadata::Metadata, server::Server};
use crate::{
    app::App,
    config::Config,
    edge::{
        failure::{FailureResponse, ResourceMetadata},
        json::{MAX_BODY_BYTES, read_json},
        origin::is_allowed_origin,
    },
};

const PATH: &str = "/mcp";
/// Needs no credential: its caller keeps the tokens of the mailboxes that it creates.
const ANONYMOUS_PATH: &str = "/mcp/anonymous";

/// What the routes share.
#[derive(Clone)]
struct Mcp(Arc<Shared>);

struct Shared {
    app: App,
    metadata: Metadata,
    service: StreamableHttpService<Server, NeverSessionManager>,
}

/// The routes.
pub(crate) fn router(app: &App, config: &Config, redis: Option<Redis>, tasks: &Tasks) -> Router {
    let server = Server::new(app.clone(), Limits::start(redis, tasks));
    // Hosts and origins are checked before, by the rules of the other routes.
    let transport = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MAX_BODY_BYTES)
        .disable_allowed_hosts();
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(NeverSessionManager::default()),
        transport,
    );
    let mcp = Mcp(Arc::new(Shared {
        app: app.clone(),
        metadata: Metadata::new(config),
        service,
    }));
    Router::new()
        .route(PATH, post(handle))
        .route(ANONYMOUS_PATH, post(handle_anonymous))
        .route(metadata::PATH, get(metadata::handle))
        .with_state(mcp)
}

async fn handle(State(mcp): State<Mcp>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = match check_origin(&parts, &mcp.0.app) {
        Ok(()) => Caller::authenticate(&parts, &mcp.0.app).await,
        Err(failure) => Err(failure),
    };
    serve(&mcp, caller, parts, body).await
}

async fn handle_anonymous(State(mcp): State<Mcp>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = match check_origin(&parts, &mcp.0.app) {
        Ok(()) => Caller::authenticate_optional(&parts, &mcp.0.app).await,
        Err(failure) => Err(failure),
    };
    serve(&mcp, caller, parts, body).await
}

fn check_origin(parts: &Parts, app: &App) -> Result<(), Failure> {
    if is_allowed_origin(&parts.headers, &app.allowed_origins) {
        return Ok(());
    }
    let message = "pages of this origin may not call MCP here";
    Err(Failure::new(
        ErrorCode::PermissionDenied,
        Reason::OriginNotAllowed,
        message,
    ))
}

/// Serves one request of a caller who is known: only then is the body read.
async fn serve(mcp: &Mcp, caller: Result<Caller, Failure>, mut parts: Parts, body: Body) -> Response {
    let read = match caller {
        Ok(caller) => read_json(&parts.headers, body).await.map(|bytes| (caller, bytes)),
        Err(failure) => Err(failure),
    };
    let (caller, bytes) = match read {
        Ok(read) => read,
        Err(failure) => return mcp.refuse(failure, &parts),
    };
    parts.extensions.insert(caller);
    let request = Request::from_parts(parts, Full::<Bytes>::new(bytes.freeze()));
    mcp.0.service.handle(request).await.map(Body::new)
}

impl Mcp {
    /// Renders a failure. A challenge says where the metadata of the resource are (RFC 9728 5.1).
    fn refuse(&self, failure: Failure, parts: &Parts) -> Response {
        let mut response = FailureResponse(failure).into_response();
        if let Some(url) = self.0.metadata.url(parts) {
            response.extensions_mut().insert(ResourceMetadata(url));
        }
        response
    }
}
