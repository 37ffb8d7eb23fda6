//! What the OpenAPI documents of several dialects have in common.

use axum::{
    http::header,
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use utoipa::openapi::{
    Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa::{PartialSchema, ToSchema};

use super::errors::ErrorBody;

/// What stands in the document of an API with bearer tokens before the routes are added.
pub(crate) fn base() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0 OR MIT").build();
    let info = InfoBuilder::new()
        .title("Mayfly")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Mailboxes for programs."))
        .license(Some(license));
    let mut components = Components::new();
    let bearer = |text: &str| {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(text))
            .build();
        SecurityScheme::Http(scheme)
    };
    components.add_security_scheme(
        "mailbox",
        bearer("A mailbox JWT, from POST /api/accounts or /api/token."),
    );
    components.add_security_scheme("pro", bearer("A Pro JWT, or a Pro API token (tm_pro_…)."));
    let ticket = ApiKeyValue::with_description("ticket", "A ticket of POST /api/tickets.");
    components.add_security_scheme("ticket", SecurityScheme::ApiKey(ApiKey::Query(ticket)));
    components
        .schemas
        .insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}

/// Makes the handler that serves a document, with the path that the server is under. The document is written once: it is large,
/// and everybody may ask for it.
pub(crate) fn serve(mut document: OpenApi, base_path: &str) -> MethodRouter {
    if !base_path.is_empty() {
        document.servers = Some(vec![Server::new(base_path)]);
    }
    // Writing to memory does not fail.
    let written = Bytes::from(document.to_json().unwrap_or_default());
    get(move || async move { ([(header::CONTENT_TYPE, "application/json")], written) })
}
