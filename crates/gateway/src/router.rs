//! Every route, in one table.

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::Redis;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{Any, CorsLayer},
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access_log::{self, AccessLog},
    config::Config,
    error::ApiError,
    host::{self, HostCheck},
    idempotency_key::IDEMPOTENCY_KEY,
    openapi,
    rate_limit::{self, RateLimit},
    routes::{accounts, domains, events, me, messages, pro, qr, tickets, token, wait, ws},
    state::Gateway,
    web,
};

/// The table: each handler carries its method, path and documentation.
pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    let api = OpenApiRouter::new()
        .routes(routes!(domains::list::handle))
        .routes(routes!(accounts::create::handle))
        .routes(routes!(token::create::handle))
        .routes(routes!(me::get::handle, me::delete::handle))
        .routes(routes!(messages::list::handle))
        .routes(routes!(wait::of_mailbox))
        .routes(routes!(events::of_mailbox))
        .routes(routes!(messages::get::handle, messages::delete::handle))
        .routes(routes!(messages::mark_read::handle))
        .routes(routes!(messages::source::handle))
        .routes(routes!(messages::body::handle))
        .routes(routes!(messages::attachment::handle))
        .routes(routes!(tickets::create::handle))
        .routes(routes!(qr::get::handle));
    let pro = OpenApiRouter::new()
        .routes(routes!(pro::register::handle))
        .routes(routes!(pro::login::handle))
        .routes(routes!(pro::me::handle))
        .routes(routes!(pro::usage::handle))
        .routes(routes!(wait::of_user))
        .routes(routes!(events::of_user))
        .routes(routes!(pro::accounts::list::handle))
        .routes(routes!(pro::accounts::delete::handle))
        .routes(routes!(pro::accounts::reset_password::handle))
        .routes(routes!(pro::accounts::list_messages::handle))
        .routes(routes!(pro::accounts::get_message::handle))
        .routes(routes!(pro::tokens::list::handle, pro::tokens::create::handle))
        .routes(routes!(pro::tokens::revoke::handle))
        .routes(routes!(pro::domains::list::handle, pro::domains::add::handle))
        .routes(routes!(pro::domains::verify::handle))
        .routes(routes!(
            pro::domains::set_catch_all::handle,
            pro::domains::delete::handle
        ))
        .routes(routes!(
            pro::webhooks::list::handle,
            pro::webhooks::create::handle
        ))
        .routes(routes!(pro::webhooks::delete::handle))
        .routes(routes!(pro::webhooks::rotate::handle))
        .routes(routes!(pro::webhooks::deliveries::handle))
        .routes(routes!(pro::webhooks::replay::handle))
        .routes(routes!(pro::webhooks::test::handle));
    OpenApiRouter::with_openapi(openapi::base())
        .nest("/api", api)
        .nest("/pro/api", pro)
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path has other methods: see Allow",
    )
}

/// Any origin may call `/api` with a bearer header; credentials of a browser are never asked for. It stands outside the
/// routes, since a preflight request has a method that none of them serves.
async fn cors(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let layer = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            events::LAST_EVENT_ID,
            IDEMPOTENCY_KEY,
        ])
        .expose_headers([
            wait::SINCE,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            header::CONTENT_DISPOSITION,
        ]);
    match layer.layer(next).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Builds the router with everything that stands around it.
pub(crate) fn router(config: &Config, gateway: Gateway, redis: Option<Redis>, tasks: &Tasks) -> Router {
    let (router, document) = routes().split_for_parts();
    let request_id = HeaderName::from_static("x-request-id");
    let around = ServiceBuilder::new()
        // A caller's own id is not taken over: it would let anyone write into our logs.
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
            AccessLog::new(config.tls_cert.is_some()),
            access_log::log,
        ))
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::internal("a handler panicked").into_response()
        }))
        .option_layer(config.tls_cert.is_some().then(|| {
            let year = HeaderValue::from_static("max-age=31536000");
            SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, year)
        }))
        .layer(middleware::from_fn_with_state(
            HostCheck::new(config),
            host::check,
        ));
    let limit = middleware::from_fn_with_state(RateLimit::new(config, redis, tasks), rate_limit::limit);
    router
        // Not of HTTP's kind: `docs/STREAMS.md` documents it.
        .route("/api/ws", get(ws::handle))
        .with_state(gateway)
        .merge(openapi::routes(document))
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(method_not_allowed)
        .layer(
            ServiceBuilder::new()
                .layer(limit)
                .layer(middleware::from_fn(cors)),
        )
        // A page is a dozen files that cost nothing to serve: they are no part of anybody's limit.
        .merge(web::routes().method_not_allowed_fallback(method_not_allowed))
        .layer(around)
}
