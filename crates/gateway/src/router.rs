//! The router: every dialect and the page, and the layers around them.

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::IntoResponse,
    routing::get,
};
use mayfly_rpc::Failure;
use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::Redis;
use mayfly_types::{ErrorCode, Reason};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
};

use crate::{
    app::App,
    config::Config,
    dialects::{self, Cors, Dialects},
    edge::{
        access_log::{self, AccessLog},
        admin_session,
        base_path::serve_under,
        failure::FailureResponse,
        host::{self, HostCheck},
        rate_limit::{self, RateLimit},
    },
    mcp, web,
};

async fn method_not_allowed() -> FailureResponse {
    let message = "this path has other methods: see Allow";
    Failure::new(ErrorCode::InvalidArgument, Reason::MethodNotAllowed, message).into()
}

/// Builds the router with everything that stands around it.
pub(crate) fn router(
    config: &Config,
    app: &App,
    operators: mayfly_admin::Services,
    redis: Option<Redis>,
    tasks: &Tasks,
) -> Router {
    let request_id = HeaderName::from_static("x-request-id");
    let dialects = Dialects::new(&config.dialects);
    let around = ServiceBuilder::new()
        // A client's own id is dropped: it would let clients write into the logs.
        .map_request(|mut request: Request| {
            request.headers_mut().remove("x-request-id");
            request
        })
        .layer(SetRequestIdLayer::new(request_id.clone(), MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(request_id))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(middleware::from_fn_with_state(
            AccessLog::new(config.is_tls()),
            access_log::log,
        ))
        .layer(middleware::from_fn_with_state(
            dialects.clone(),
            dialects::render_failures,
        ))
        .layer(CatchPanicLayer::custom(|_| {
            FailureResponse(Failure::internal("a handler panicked")).into_response()
        }))
        .option_layer(config.is_tls().then(|| {
            let year = HeaderValue::from_static("max-age=31536000");
            SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, year)
        }))
        // Around all that can refuse, so that pages of other origins can read a refusal. A preflight request ends here: it
        // has no effect, so no limit counts it.
        .layer(middleware::from_fn_with_state(
            Cors::new(dialects.clone()),
            dialects::cors,
        ))
        .layer(middleware::from_fn_with_state(
            HostCheck::new(config),
            host::check,
        ));
    let mcp = config.mcp.then(|| mcp::router(app, config, redis.clone(), tasks));
    let limit = middleware::from_fn_with_state(RateLimit::new(config, redis, tasks), rate_limit::limit);
    let not_found = web::not_found(&config.base_path);
    let of_page = Router::new()
        .route(web::server::PATH, get(web::server::handle))
        .route(web::captcha::PATH, get(web::captcha::handle))
        .with_state(app.clone());
    let router = dialects::router(&dialects, app, &config.base_path)
        .merge(of_page)
        .merge(mcp.unwrap_or_default());
    let router = admin_session::nest(router, operators)
        .fallback(move |request: Request| async move { not_found(&request) })
        .method_not_allowed_fallback(method_not_allowed)
        .layer(limit)
        // The files of the page are cheap to serve, so the rate limit does not count them.
        .merge(
            web::routes(&config.base_path, &app.submission, &dialects)
                .method_not_allowed_fallback(method_not_allowed),
        )
        .layer(around);
    serve_under(&config.base_path, router)
}
