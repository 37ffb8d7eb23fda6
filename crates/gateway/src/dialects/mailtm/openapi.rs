//! The OpenAPI document, made from the handlers. It shows the plain representation; JSON-LD adds `@context`, `@id` and `@type`.

use utoipa::openapi::{
    Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa::{PartialSchema, ToSchema};

use super::{
    errors::{ErrorBody, Violation},
    views::{
        domain::Domain,
        message::{MessageItem, NamedAddress},
        node::PageLinks,
    },
};

/// What stands in the document before the routes are added.
pub(super) fn base() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0 OR MIT").build();
    let info = InfoBuilder::new()
        .title("Mayfly for clients of mail.tm")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Plain JSON for `Accept: application/json`, else JSON-LD with Hydra collections.",
        ))
        .license(Some(license));
    let mut components = Components::new();
    for (name, text) in [
        ("mailbox", "A mailbox JWT, from POST /token."),
        ("pro", "A Pro API token (tm_pro_…)."),
    ] {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(text))
            .build();
        components.add_security_scheme(name, SecurityScheme::Http(scheme));
    }
    // Those that no handler names itself.
    let schemas = [
        (ErrorBody::name(), ErrorBody::schema()),
        (Violation::name(), Violation::schema()),
        (Domain::name(), Domain::schema()),
        (MessageItem::name(), MessageItem::schema()),
        (NamedAddress::name(), NamedAddress::schema()),
        (PageLinks::name(), PageLinks::schema()),
    ];
    components
        .schemas
        .extend(schemas.map(|(name, schema)| (name.into_owned(), schema)));
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}
