//! The bearer API of mail.cx: `/api` and `/pro/api`.

pub(crate) mod errors;
pub(crate) mod openapi;
mod responses;
mod routes;
mod views;

use std::time::Duration;

use axum::{
    Router,
    extract::Request,
    http::{Method, header},
    middleware::Next,
    response::Response,
    routing::get,
};
use tower::{Layer, ServiceExt};
use tower_http::cors::{Any, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::routes::{accounts, domains, events, me, messages, pro, qr, tickets, token, wait, ws};
use crate::{app::App, edge::idempotency_key::IDEMPOTENCY_KEY};

/// How long browsers remember the answer to a preflight request; Chromium takes no more.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The table: each handler carries its method, path and documentation.
fn documented_routes() -> (Router<App>, OpenApi) {
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
        .routes(routes!(pro::change_password::handle))
        .routes(routes!(pro::delete_user::handle))
        .routes(routes!(pro::sign_out::handle))
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
    let routes = OpenApiRouter::with_openapi(openapi::base())
        .nest("/api", api)
        .nest("/pro/api", pro);
    let (router, mut document) = routes.split_for_parts();
    openapi::add_links(&mut document);
    (router, document)
}

/// Returns the whole OpenAPI document, without serving it.
#[must_use]
pub fn document() -> OpenApi {
    documented_routes().1
}

/// Every route of the dialect, its document included.
pub(crate) fn router(app: App, base_path: &str) -> Router {
    let (router, document) = documented_routes();
    router
        // Not part of the OpenAPI document: `docs/STREAMS.md` documents it.
        .route("/api/ws", get(ws::handle))
        .with_state(app)
        .merge(openapi::routes(document, base_path))
}

/// Any origin may call `/api` with a bearer header; credentials of a browser are never asked for. It stands outside the
/// routes, since a preflight request has a method that none of them serves.
pub(crate) async fn cors(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let layer = CorsLayer::new()
        .allow_origin(Any)
        .max_age(PREFLIGHT_MAX_AGE)
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
