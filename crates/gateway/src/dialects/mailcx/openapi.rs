//! The OpenAPI document, made from the handlers. The page at `/api/docs` shows it.

use axum::Router;
use utoipa::openapi::{HttpMethod, OpenApi, PathItem, RefOr, link::LinkBuilder, path::Operation};

use crate::dialects::shared::openapi::serve;

const DOCUMENT_PATH: &str = "/api/openapi.json";

/// Serves the document.
pub(crate) fn routes(document: OpenApi, base_path: &str) -> Router {
    Router::new().route(DOCUMENT_PATH, serve(document, base_path))
}

/// From an answer that names an object to the operations on it: the operation and status that names it, the target, and
/// the target's parameters.
type LinkRow = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);
const LINKS: &[LinkRow] = &[
    ("list_messages", "200", "get_message", MESSAGE),
    ("list_messages", "200", "delete_message", MESSAGE),
    ("list_messages", "200", "mark_message_read", MESSAGE),
    ("list_messages", "200", "mark_message_unread", MESSAGE),
    ("list_messages", "200", "get_message_source", MESSAGE),
    ("list_messages", "200", "get_message_body", MESSAGE),
    (
        "get_message",
        "200",
        "get_attachment",
        &[
            ("id", "$response.body#/id"),
            ("index", "$response.body#/attachments/0/index"),
        ],
    ),
    ("send_test_message", "201", "get_message", ID),
    ("create_account", "201", "delete_account", ID),
    ("create_account", "201", "reset_password", ID),
    ("create_account", "201", "list_account_messages", ID),
    ("list_accounts", "200", "list_account_messages", ACCOUNT),
    (
        "send_account_test_message",
        "201",
        "get_account_message",
        &[("id", "$request.path.id"), ("message_id", "$response.body#/id")],
    ),
    (
        "list_account_messages",
        "200",
        "get_account_message",
        OWNED_MESSAGE,
    ),
    (
        "list_account_messages",
        "200",
        "mark_account_message_read",
        OWNED_MESSAGE,
    ),
    (
        "list_account_messages",
        "200",
        "mark_account_message_unread",
        OWNED_MESSAGE,
    ),
    (
        "list_account_messages",
        "200",
        "get_account_message_source",
        OWNED_MESSAGE,
    ),
    (
        "list_account_messages",
        "200",
        "delete_account_message",
        OWNED_MESSAGE,
    ),
    (
        "get_account_message",
        "200",
        "get_account_attachment",
        &[
            ("id", "$request.path.id"),
            ("message_id", "$response.body#/id"),
            ("index", "$response.body#/attachments/0/index"),
        ],
    ),
    ("create_pro_token", "201", "revoke_token", ID),
    ("add_domain", "201", "verify_domain", ID),
    ("add_domain", "201", "set_catch_all", ID),
    ("add_domain", "201", "delete_domain", ID),
    ("create_sandbox", "201", "update_sandbox", ID),
    ("create_sandbox", "201", "rotate_sandbox", ID),
    ("create_sandbox", "201", "delete_sandbox", ID),
    ("list_sandbox_messages", "200", "get_sandbox_message", MESSAGE),
    (
        "list_sandbox_messages",
        "200",
        "get_sandbox_message_source",
        MESSAGE,
    ),
    ("list_sandbox_messages", "200", "delete_sandbox_message", MESSAGE),
    (
        "get_sandbox_message",
        "200",
        "get_sandbox_attachment",
        &[
            ("id", "$response.body#/id"),
            ("index", "$response.body#/attachments/0/index"),
        ],
    ),
    ("create_webhook", "201", "update_webhook", ID),
    ("create_webhook", "201", "rotate_webhook_secret", ID),
    ("create_webhook", "201", "test_webhook", ID),
    ("create_webhook", "201", "list_webhook_deliveries", ID),
    ("create_webhook", "201", "delete_webhook", ID),
    (
        "list_webhook_deliveries",
        "200",
        "replay_webhook_delivery",
        &[
            ("id", "$request.path.id"),
            ("delivery_id", "$response.body#/deliveries/0/id"),
        ],
    ),
];
const ID: &[(&str, &str)] = &[("id", "$response.body#/id")];
const OWNED_MESSAGE: &[(&str, &str)] = &[
    ("id", "$request.path.id"),
    ("message_id", "$response.body#/messages/0/id"),
];
const MESSAGE: &[(&str, &str)] = &[("id", "$response.body#/messages/0/id")];
const ACCOUNT: &[(&str, &str)] = &[("id", "$response.body#/accounts/0/id")];

/// Adds the links, by which a client finds every operation from the answers of others.
pub(crate) fn add_links(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let id = operation.operation_id.clone().unwrap_or_default();
            for (source, status, target, parameters) in LINKS {
                if *source != id {
                    continue;
                }
                let mut link = LinkBuilder::new().operation_id(*target);
                for (name, expression) in *parameters {
                    link = link.parameter(*name, *expression);
                }
                if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(*status) {
                    response
                        .links
                        .insert((*target).to_owned(), RefOr::T(link.build()));
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::openapi::path::Parameter;

    use super::*;
    use crate::{dialects::mailcx::document, edge::idempotency_key::IDEMPOTENCY_KEY};

    fn takes_idempotency_key(operation: &Operation) -> bool {
        let is_key = |parameter: &RefOr<Parameter>| match parameter {
            RefOr::T(parameter) => parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY.as_str()),
            RefOr::Ref(_) => false,
        };
        operation.parameters.iter().flatten().any(is_key)
    }

    #[test]
    fn idempotency_key_is_declared_by_posts_with_effects() {
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
                "/pro/api/tokens/{id}/rotate",
                "/pro/api/webhooks",
                "/pro/api/webhooks/{id}/deliveries/{delivery_id}/replay",
                "/pro/api/webhooks/{id}/rotate",
                "/pro/api/webhooks/{id}/test",
            ]
        );
    }

    #[test]
    fn conflict_is_declared_only_by_routes_that_take_names() {
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

    #[test]
    fn links_name_operations_statuses_and_parameters_that_exist() {
        let mut document = document();
        let mut declared = BTreeSet::new();
        let mut linked = BTreeSet::new();
        for item in document.paths.paths.values_mut() {
            for (_, operation) in operations(item) {
                let id = operation.operation_id.clone().unwrap();
                for parameter in operation.parameters.iter().flatten() {
                    if let RefOr::T(parameter) = parameter {
                        declared.insert((id.clone(), parameter.name.clone()));
                    }
                }
                for response in operation.responses.responses.values() {
                    let RefOr::T(response) = response else { continue };
                    linked.extend(response.links.keys().map(|target| (id.clone(), target.clone())));
                }
            }
        }
        for (source, _, target, parameters) in LINKS {
            assert!(
                linked.contains(&((*source).to_owned(), (*target).to_owned())),
                "{source} {target}"
            );
            for (name, _) in *parameters {
                assert!(
                    declared.contains(&((*target).to_owned(), (*name).to_owned())),
                    "{target} {name}"
                );
            }
        }
    }
}
