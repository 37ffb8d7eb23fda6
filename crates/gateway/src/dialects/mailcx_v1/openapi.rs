//! The OpenAPI document of mail.cx `/v1`.

use utoipa::openapi::{
    Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Required,
    path::Operation,
    security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
};
use utoipa::{PartialSchema, ToSchema};

use crate::dialects::shared::errors::ErrorBody;

/// Where the document is served.
pub(super) const PATH: &str = "/api/docs/mailcx_v1";

/// What stands in the document before the routes are added.
pub(super) fn base() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0 OR MIT").build();
    let info = InfoBuilder::new()
        .title("Mayfly for clients of mail.cx /v1")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Inboxes of open domains, which everybody reads who knows the address.",
        ))
        .license(Some(license));
    let mut components = Components::new();
    let token = ApiKeyValue::with_description(
        "x-api-token",
        "A Pro API token (tm_pro_…), a Pro JWT, or an anonymous token (tm_anon_…), which gives no rights.",
    );
    components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(token)));
    let ticket =
        ApiKeyValue::with_description("token", "A ticket of POST /api/tickets, or an anonymous token.");
    components.add_security_scheme("ticket", SecurityScheme::ApiKey(ApiKey::Query(ticket)));
    components
        .schemas
        .insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}

/// Returns the scopes that an operation of the bearer API needs.
fn scopes(operation: &Operation) -> Vec<String> {
    let requirements = serde_json::to_value(&operation.security).unwrap_or_default();
    let requirements = requirements.as_array().into_iter().flatten();
    let of_pro = requirements.filter_map(|one| one.get("pro")?.as_array());
    let names = of_pro
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned));
    names.collect()
}

/// Names the credential and the codes of this dialect in operations that the bearer API has too.
pub(super) fn adapt(document: &mut OpenApi) {
    let inbox = document.paths.paths.get_mut("/v1/inbox");
    let body = inbox
        .and_then(|inbox| inbox.post.as_mut())
        .and_then(|post| post.request_body.as_mut());
    if let Some(utoipa::openapi::RefOr::T(body)) = body {
        // An inbox can be named without a body.
        body.required = Some(Required::False);
    }
    for (path, item) in &mut document.paths.paths {
        if !path.starts_with("/v1/domains") && !path.starts_with("/v1/tokens") {
            continue;
        }
        let operations = [&mut item.get, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let token = SecurityRequirement::new("token", scopes(operation));
            operation.security = Some(vec![token]);
            for response in operation.responses.responses.values_mut() {
                if let utoipa::openapi::RefOr::T(response) = response {
                    let description = &response.description;
                    response.description = description.replace("`rate_limited`", "`rate_limit_exceeded`");
                }
            }
        }
    }
}
