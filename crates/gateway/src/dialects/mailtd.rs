//! The API of mail.td: mailboxes by id or address in the path, and `/api/user`. Its shapes are those of the bearer API, and so are
//! most of its handlers.

mod account;
pub(crate) mod errors;
mod openapi;
mod routes;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::routes::{account as accounts, billing, list_accounts, messages, user};
use crate::{
    app::App,
    dialects::shared::{
        openapi::serve,
        routes::{domains, sandbox, tokens, webhooks},
    },
};

/// The table: each handler carries its method, path and documentation.
fn documented_routes() -> (Router<App>, OpenApi) {
    let api = OpenApiRouter::new()
        .routes(routes!(accounts::get, accounts::delete))
        .routes(routes!(accounts::reset_password))
        .routes(routes!(messages::list))
        .routes(routes!(messages::get, messages::delete))
        .routes(routes!(messages::mark_many_read))
        .routes(routes!(messages::mark_read))
        .routes(routes!(messages::get_source))
        .routes(routes!(messages::get_attachment));
    let of_user = OpenApiRouter::new()
        .routes(routes!(user::register))
        .routes(routes!(user::login))
        .routes(routes!(user::me))
        .routes(routes!(list_accounts::handle))
        .routes(routes!(user::delete_account))
        .routes(routes!(user::reset_password))
        .routes(routes!(user::list_messages))
        .routes(routes!(billing::status))
        .routes(routes!(billing::cancel))
        .routes(routes!(billing::resume))
        .routes(routes!(billing::portal))
        .routes(routes!(sandbox::get::handle))
        .routes(routes!(sandbox::messages::list, sandbox::messages::delete_all))
        .routes(routes!(sandbox::messages::get, sandbox::messages::delete))
        .routes(routes!(sandbox::messages::get_source))
        .routes(routes!(sandbox::messages::get_attachment))
        .routes(routes!(domains::list::handle, domains::add::handle))
        .routes(routes!(domains::verify::handle))
        .routes(routes!(domains::delete::handle))
        .routes(routes!(tokens::list::handle, tokens::create::handle))
        .routes(routes!(tokens::revoke::handle))
        .routes(routes!(webhooks::list::handle, webhooks::create::handle))
        .routes(routes!(webhooks::delete::handle))
        .routes(routes!(webhooks::rotate::handle))
        .routes(routes!(webhooks::deliveries::handle));
    let routes = OpenApiRouter::with_openapi(openapi::base())
        .nest("/api", api)
        .nest("/api/user", of_user);
    let (router, mut document) = routes.split_for_parts();
    openapi::rename_codes(&mut document);
    (router, document)
}

/// Returns the OpenAPI document of mail.td, without serving it.
#[must_use]
pub fn document() -> OpenApi {
    documented_routes().1
}

/// Every route of the dialect that the bearer API does not have, its document included.
pub(crate) fn router(app: App, base_path: &str) -> Router {
    let (router, document) = documented_routes();
    router
        .with_state(app)
        .route(openapi::PATH, serve(document, base_path))
}
