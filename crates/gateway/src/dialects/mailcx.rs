//! The bearer API of mail.cx: `/api` and `/pro/api`.

mod openapi;
mod routes;

use axum::{
    Router,
    http::{HeaderName, header},
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::routes::{
    accounts, domains, events, me, messages, pro, qr, test_message, tickets, token, wait, ws,
};
use crate::{
    app::App,
    dialects::{
        ACCEPTED_SCOPES,
        shared::{
            events::LAST_EVENT_ID,
            openapi::base,
            routes::{domains as own_domains, sandbox, tokens, webhooks},
        },
    },
    edge::idempotency_key::IDEMPOTENCY_KEY,
};

/// The table: each handler carries its method, path and documentation.
fn documented_routes() -> (Router<App>, OpenApi) {
    let api = OpenApiRouter::new()
        .routes(routes!(domains::list::handle))
        .routes(routes!(accounts::create::handle))
        .routes(routes!(token::create::handle))
        .routes(routes!(me::get::handle, me::delete::handle))
        .routes(routes!(
            messages::list::handle,
            messages::delete_by_query::of_mailbox
        ))
        .routes(routes!(messages::search::of_mailbox))
        .routes(routes!(
            messages::mark_by_query::read_of_mailbox,
            messages::mark_by_query::unread_of_mailbox
        ))
        .routes(routes!(wait::of_mailbox))
        .routes(routes!(events::of_mailbox))
        .routes(routes!(messages::get::handle, messages::delete::handle))
        .routes(routes!(
            messages::mark_read::handle,
            messages::mark_unread::handle
        ))
        .routes(routes!(messages::source::handle))
        .routes(routes!(messages::body::handle))
        .routes(routes!(messages::attachment::handle))
        .routes(routes!(test_message::send::of_mailbox))
        .routes(routes!(tickets::create::handle))
        .routes(routes!(qr::get::handle));
    let pro = OpenApiRouter::new()
        .routes(routes!(pro::register::handle))
        .routes(routes!(pro::login::handle))
        .routes(routes!(pro::login_local::handle))
        .routes(routes!(pro::me::handle))
        .routes(routes!(pro::change_password::handle))
        .routes(routes!(pro::delete_user::handle))
        .routes(routes!(pro::sign_out::handle))
        .routes(routes!(pro::usage::handle))
        .routes(routes!(messages::search::of_user))
        .routes(routes!(messages::delete_by_query::of_user))
        .routes(routes!(
            messages::mark_by_query::read_of_user,
            messages::mark_by_query::unread_of_user
        ))
        .routes(routes!(wait::of_user))
        .routes(routes!(events::of_user))
        .routes(routes!(pro::accounts::list::handle))
        .routes(routes!(pro::accounts::delete::handle))
        .routes(routes!(pro::accounts::reset_password::handle))
        .routes(routes!(pro::accounts::list_messages::handle))
        .routes(routes!(test_message::send::of_user))
        .routes(routes!(
            pro::accounts::get_message::handle,
            pro::accounts::messages::delete
        ))
        .routes(routes!(
            pro::accounts::messages::mark_read,
            pro::accounts::messages::mark_unread
        ))
        .routes(routes!(pro::accounts::messages::get_source))
        .routes(routes!(pro::accounts::messages::get_attachment))
        .routes(routes!(tokens::list::handle, tokens::create::handle))
        .routes(routes!(tokens::current::handle))
        .routes(routes!(tokens::revoke::handle))
        .routes(routes!(tokens::rotate::handle))
        .routes(routes!(pro::audit::handle))
        .routes(routes!(own_domains::list::handle, own_domains::add::handle))
        .routes(routes!(own_domains::verify::handle))
        .routes(routes!(
            pro::domains::set_catch_all::handle,
            own_domains::delete::handle
        ))
        .routes(routes!(sandbox::get::handle))
        .routes(routes!(sandbox::messages::list, sandbox::messages::delete_all))
        .routes(routes!(sandbox::messages::get, sandbox::messages::delete))
        .routes(routes!(sandbox::messages::get_source))
        .routes(routes!(sandbox::messages::get_attachment))
        .routes(routes!(
            pro::sandboxes::list::handle,
            pro::sandboxes::create::handle
        ))
        .routes(routes!(
            pro::sandboxes::update::handle,
            pro::sandboxes::delete::handle
        ))
        .routes(routes!(pro::sandboxes::rotate::handle))
        .routes(routes!(webhooks::list::handle, webhooks::create::handle))
        .routes(routes!(pro::webhooks::update::handle, webhooks::delete::handle))
        .routes(routes!(webhooks::rotate::handle))
        .routes(routes!(webhooks::deliveries::handle))
        .routes(routes!(pro::webhooks::replay::handle))
        .routes(routes!(pro::webhooks::test::handle));
    let routes = OpenApiRouter::with_openapi(base())
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

/// The request headers that pages of other origins may send.
pub(crate) const CORS_HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    LAST_EVENT_ID,
    IDEMPOTENCY_KEY,
];

/// The response headers that pages of other origins can read.
pub(crate) const CORS_EXPOSED: [HeaderName; 5] = [
    ACCEPTED_SCOPES,
    wait::SINCE,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    header::CONTENT_DISPOSITION,
];
