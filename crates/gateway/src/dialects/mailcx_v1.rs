//! The API of mail.cx `/v1`: inboxes without an account, on open domains. A Pro user reads the own mailboxes too.

mod credential;
pub(crate) mod errors;
mod openapi;
mod responses;
mod routes;
mod views;

use axum::{Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::routes::{email, events, inbox, session, wait};
use crate::{
    app::App,
    dialects::shared::{
        openapi::serve,
        routes::{domains, tokens},
    },
};

/// The table: each handler carries its method, path and documentation.
fn documented_routes() -> (Router<App>, OpenApi) {
    let v1 = OpenApiRouter::new()
        .routes(routes!(session::config))
        .routes(routes!(session::create_anonymous))
        .routes(routes!(inbox::create))
        .routes(routes!(wait::of_inbox, inbox::clear))
        .routes(routes!(wait::of_user))
        .routes(routes!(wait::of_domain))
        .routes(routes!(events::of_inbox))
        .routes(routes!(events::of_user))
        .routes(routes!(email::get, email::delete))
        .routes(routes!(email::get_raw))
        .routes(routes!(email::get_attachment))
        .routes(routes!(domains::list::handle, domains::add::handle))
        .routes(routes!(domains::delete::handle))
        .routes(routes!(tokens::list::handle, tokens::create::handle))
        .routes(routes!(tokens::revoke::handle));
    let routes = OpenApiRouter::with_openapi(openapi::base()).nest("/v1", v1);
    let (router, mut document) = routes.split_for_parts();
    openapi::adapt(&mut document);
    (router, document)
}

/// Returns the OpenAPI document of mail.cx `/v1`, without serving it.
#[must_use]
pub fn document() -> OpenApi {
    documented_routes().1
}

/// Every route of the dialect, its document included.
pub(crate) fn router(app: App, base_path: &str) -> Router {
    let (router, document) = documented_routes();
    router
        .layer(middleware::from_fn(credential::use_api_token))
        .with_state(app)
        .route(openapi::PATH, serve(document, base_path))
}
