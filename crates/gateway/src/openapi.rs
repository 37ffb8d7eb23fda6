//! The OpenAPI document, made from the handlers, and the page that shows it. The page loads nothing from elsewhere.

use axum::{
    Json, Router,
    http::{HeaderValue, header},
    routing::get,
};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::{
    Components, Content, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, Ref,
    RefOr, Response, ResponseBuilder,
    path::{Operation, Parameter},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{error::ErrorBody, idempotency_key::IDEMPOTENCY_KEY};

const DOCUMENT_PATH: &str = "/api/openapi.json";

/// What stands in the document before the routes are added.
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

/// Returns the whole document, without serving it.
#[must_use]
pub fn document() -> OpenApi {
    let (_, mut document) = crate::router::routes().split_for_parts();
    add_errors(&mut document);
    document
}

/// Serves the document and its page.
pub(crate) fn routes(mut document: OpenApi) -> Router {
    add_errors(&mut document);
    let ui = SwaggerUi::new("/api/docs").config(Config::from(DOCUMENT_PATH));
    let policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                  connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let page = Router::from(ui).layer(SetResponseHeaderLayer::overriding(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    ));
    Router::new()
        .route(DOCUMENT_PATH, get(|| async { Json(document) }))
        .merge(page)
}

/// Adds to each operation the errors that stand in the contract for its kind, so that handlers name only their own.
fn add_errors(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let has_body = operation.request_body.is_some();
            let has_security = operation.security.as_ref().is_some_and(|all| !all.is_empty());
            let has_idempotency_key = takes_idempotency_key(operation);
            let signs_in = path.ends_with("/token") || path.ends_with("/login");
            let mut add = |status: u16, text: &str| {
                let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name(ErrorBody::name()))));
                let response: Response = ResponseBuilder::new()
                    .description(text)
                    .content("application/json", content)
                    .build();
                operation
                    .responses
                    .responses
                    .entry(status.to_string())
                    .or_insert(RefOr::T(response));
            };
            if has_body {
                add(413, "`payload_too_large`");
                add(408, "The body took too long to arrive");
                add(415, "The body is compressed");
            }
            if has_body || has_security {
                add(400, "`invalid_request`, or what is wrong with a value");
            }
            if has_security || signs_in {
                add(401, "`invalid_token` or `invalid_credentials`");
            }
            if path.contains('{') {
                add(404, "`not_found`: not there, or not the caller's");
            }
            if path.contains("/messages/{") {
                add(410, "`expired`: past its retention");
            }
            if has_idempotency_key {
                add(
                    410,
                    "`idempotency_answer_gone`: done before, and the answer cannot be read any more",
                );
                add(
                    422,
                    "`idempotency_key_reused`: the key came with another request before",
                );
            }
            if path.ends_with("/verify") {
                add(409, "`domain_already_exists`: somebody else has verified it");
                add(410, "`domain_expired`: not verified within seven days");
            }
            if method == HttpMethod::Post && has_body && !signs_in {
                add(403, "A limit is reached, or registration is closed");
                match path.rsplit('/').next() {
                    Some("accounts") => add(409, "`address_taken`"),
                    Some("register") => add(409, "`email_taken`"),
                    Some("domains") => add(409, "`domain_already_exists`"),
                    _ => {}
                }
            }
            add(429, "`rate_limited`, with `Retry-After` in seconds");
            add(500, "`internal_error`");
            add(503, "`unavailable`, with `Retry-After` in seconds");
        }
    }
}

fn takes_idempotency_key(operation: &Operation) -> bool {
    let is_key = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY.as_str()),
        RefOr::Ref(_) => false,
    };
    operation.parameters.iter().flatten().any(is_key)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_by_every_post_that_cannot_be_repeated_without_it() {
        let mut document = document();
        let mut takes = Vec::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                if takes_idempotency_key(operation) {
                    assert!(method == HttpMethod::Post, "{path}");
                    assert!(operation.responses.responses.contains_key("422"), "{path}");
                    takes.push(path.clone());
                }
            }
        }
        assert_eq!(
            takes,
            [
                "/api/accounts",
                "/pro/api/domains",
                "/pro/api/tokens",
                "/pro/api/webhooks",
                "/pro/api/webhooks/{id}/deliveries/{delivery_id}/replay",
                "/pro/api/webhooks/{id}/rotate",
                "/pro/api/webhooks/{id}/test",
            ]
        );
    }

    #[test]
    fn a_conflict_is_offered_only_where_something_can_be_taken() {
        let mut document = document();
        let mut offered = Vec::new();
        for (path, item) in &mut document.paths.paths {
            for (_, operation) in operations(item) {
                if operation.responses.responses.contains_key("409") {
                    offered.push(path.clone());
                }
            }
        }
        assert_eq!(
            offered,
            [
                "/api/accounts",
                "/pro/api/domains",
                "/pro/api/domains/{id}/verify",
                "/pro/api/register"
            ]
        );
    }
}
