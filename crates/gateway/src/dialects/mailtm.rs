//! The API of mail.tm: plain JSON or Hydra collections, by the `Accept` header.

pub(crate) mod accept;
pub(crate) mod errors;
mod openapi;
mod responses;
mod routes;
mod views;

use axum::{
    Router,
    routing::{MethodRouter, get},
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::routes::{accounts, domains, me, mercure, messages, sources, token};
use crate::{app::App, dialects::shared::openapi::serve};

/// The first segments of the dialect's paths.
const ROOTS: [&str; 6] = ["domains", "accounts", "token", "me", "messages", "sources"];
const MERCURE: &str = "/.well-known/mercure";
const DOCUMENT_PATH: &str = "/api/docs/mailtm";

/// Tells whether a path is one of the dialect's, served or not. It may begin with two slashes: clients put one before a
/// `downloadUrl`, which has one.
pub(crate) fn has_path(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let root = path.split('/').next().unwrap_or_default();
    ROOTS.contains(&root) || path == &MERCURE[1..]
}

/// The table: each handler carries its method, path and documentation.
fn documented_routes() -> (Router<App>, OpenApi) {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(domains::list::handle))
        .routes(routes!(domains::get::handle))
        .routes(routes!(accounts::create::handle))
        .routes(routes!(accounts::get::handle, accounts::delete::handle))
        .routes(routes!(token::create::handle))
        .routes(routes!(me::get::handle))
        .routes(routes!(messages::list::handle))
        .routes(routes!(
            messages::get::handle,
            messages::mark::handle,
            messages::delete::handle
        ))
        .routes(routes!(messages::download::handle))
        .routes(routes!(messages::attachment::handle))
        .routes(routes!(sources::get::handle))
        .routes(routes!(mercure::handle))
        .split_for_parts()
}

/// The `GET` routes that are served with two slashes too.
fn with_two_slashes() -> [(&'static str, MethodRouter<App>); 9] {
    [
        ("//domains", get(domains::list::handle)),
        ("//domains/{id}", get(domains::get::handle)),
        ("//accounts/{id}", get(accounts::get::handle)),
        ("//me", get(me::get::handle)),
        ("//messages", get(messages::list::handle)),
        ("//messages/{id}", get(messages::get::handle)),
        ("//messages/{id}/download", get(messages::download::handle)),
        (
            "//messages/{id}/attachment/{attachment_id}",
            get(messages::attachment::handle),
        ),
        ("//sources/{id}", get(sources::get::handle)),
    ]
}

/// Returns the whole OpenAPI document, without serving it.
#[must_use]
pub fn document() -> OpenApi {
    documented_routes().1
}

/// Every route of the dialect, its document included.
pub(crate) fn router(app: App, base_path: &str) -> Router {
    let (router, document) = documented_routes();
    with_two_slashes()
        .into_iter()
        .fold(router, |router, (path, route)| router.route(path, route))
        .with_state(app)
        .route(DOCUMENT_PATH, serve(document, base_path))
}
