//! The same for the routes of mail.td: every documented route with every kind of credential.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    call, documented, never_good,
    owner::Owner,
    routes::{Route, Takes},
    unused_id,
};
use crate::{client::Client, world::World};

mod worlds {
    crate::scenario!(every_route_of_mailtd_rejects_foreign_credentials);
}

/// Every route. Routes that delete or reset come last.
fn table() -> Vec<Route> {
    use Takes::{Any, Nothing, Pro, ProOrNothing};
    let route = |method, path, takes, owner_status| Route {
        method,
        path,
        takes,
        body: None,
        owner_status,
    };
    let with = |route: Route, body| Route {
        body: Some(body),
        ..route
    };
    let address = json!({"address": "fresh@mayfly.test", "password": "correct horse"});
    let email = json!({"email": "fresh@example.com", "password": "correct horse"});
    let password = json!({"password": "battery staple"});
    vec![
        with(route("POST", "/api/accounts", ProOrNothing, 201), address.clone()),
        with(route("POST", "/api/token", Nothing, 200), address),
        with(route("POST", "/api/user/register", Nothing, 201), email.clone()),
        with(route("POST", "/api/user/login", Nothing, 200), email),
        route("GET", "/api/accounts/{account}", Any, 200),
        route("GET", "/api/accounts/{account}/messages", Any, 200),
        route("GET", "/api/accounts/{account}/messages/{id}", Any, 200),
        route("GET", "/api/accounts/{account}/messages/{id}/source", Any, 200),
        route(
            "GET",
            "/api/accounts/{account}/messages/{id}/attachments/{index}",
            Any,
            200,
        ),
        route("PUT", "/api/accounts/{account}/messages/{id}/read", Any, 204),
        with(
            route("PUT", "/api/accounts/{account}/messages/read", Any, 200),
            json!({"all": true}),
        ),
        route("GET", "/api/user/me", Pro, 200),
        route("GET", "/api/user/accounts", Pro, 200),
        route("GET", "/api/user/accounts/{account}/messages", Pro, 200),
        route("GET", "/api/user/subscription/status", Pro, 200),
        route("POST", "/api/user/subscription/cancel", Pro, 404),
        route("POST", "/api/user/subscription/resume", Pro, 404),
        route("POST", "/api/user/billing/portal", Pro, 404),
        route("GET", "/api/user/tokens", Pro, 200),
        with(
            route("POST", "/api/user/tokens", Pro, 201),
            json!({"name": "fresh"}),
        ),
        route("GET", "/api/user/domains", Pro, 200),
        with(
            route("POST", "/api/user/domains", Pro, 201),
            json!({"domain": "fresh.example.com"}),
        ),
        route("POST", "/api/user/domains/{id}/verify", Pro, 200),
        route("DELETE", "/api/user/domains/{id}", Pro, 204),
        route("GET", "/api/user/sandbox", Pro, 200),
        route("GET", "/api/user/sandbox/messages", Pro, 200),
        route("GET", "/api/user/sandbox/messages/{id}", Pro, 200),
        route("GET", "/api/user/sandbox/messages/{id}/source", Pro, 200),
        route(
            "GET",
            "/api/user/sandbox/messages/{id}/attachments/{index}",
            Pro,
            200,
        ),
        route("GET", "/api/user/webhooks", Pro, 200),
        route("GET", "/api/user/webhooks/{id}/deliveries", Pro, 200),
        route("POST", "/api/user/webhooks/{id}/rotate", Pro, 200),
        route("DELETE", "/api/user/webhooks/{id}", Pro, 204),
        with(
            route("POST", "/api/user/webhooks", Pro, 201),
            json!({"url": "https://hooks.example.com/fresh"}),
        ),
        route("DELETE", "/api/user/sandbox/messages/{id}", Pro, 204),
        route("DELETE", "/api/user/sandbox/messages", Pro, 200),
        route("DELETE", "/api/user/tokens/{id}", Pro, 204),
        route("DELETE", "/api/accounts/{account}/messages/{id}", Any, 204),
        with(
            route("PUT", "/api/accounts/{account}/reset-password", Pro, 200),
            password.clone(),
        ),
        with(
            route("PUT", "/api/user/accounts/{account}/reset-password", Pro, 200),
            password,
        ),
        route("DELETE", "/api/user/accounts/{account}", Pro, 204),
        route("DELETE", "/api/accounts/{account}", Any, 204),
    ]
}

/// The route with the objects of an owner: a mailbox of the Pro user where the table says so, else the one without a user.
fn path(owner: &Owner, route: &Route) -> String {
    let id = match route.path {
        path if path.starts_with("/api/user/tokens/") => &owner.token_id,
        path if path.starts_with("/api/user/sandbox/") => &owner.captured_id,
        path if path.starts_with("/api/user/domains/") => &owner.domain_id,
        path if path.starts_with("/api/user/webhooks/") => &owner.webhook_id,
        _ if route.takes == Takes::Pro => &owner.owned_message_id,
        _ => &owner.message_id,
    };
    let account = match route.takes {
        Takes::Pro => &owner.owned.id,
        _ => &owner.mailbox.id,
    };
    let path = route.path.replace("{account}", account).replace("{id}", id);
    path.replace("{index}", "0")
}

/// Tells whether the path has the codes of mail.td; the others are the bearer API's.
fn has_own_codes(path: &str) -> bool {
    path.starts_with("/api/accounts/") || path.starts_with("/api/user/")
}

async fn every_route_of_mailtd_rejects_foreign_credentials(world: World) {
    let client = world.client();
    let tabled: BTreeSet<String> = table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(
        documented(&client, "/api/docs/mailtd").await,
        tabled,
        "a route is missing from the document or from this table"
    );
    let owner = Owner::create(&client, &world, "owner").await;
    let other = Owner::create(&client, &world, "other").await;
    let never_good = never_good(&client, &world, &owner).await;

    for route in table() {
        let path = path(&owner, &route);
        let name = format!("{} {}", route.method, route.path);
        if !has_own_codes(route.path) || route.takes == Takes::Nothing {
            continue;
        }
        let invalid = (401, "invalid_or_expired_token".to_owned());
        for (what, token) in &never_good {
            let answer = call(&client, &route, &path, Some(token)).await;
            assert_eq!(answer.outcome(), invalid, "{name} with {what}");
        }
        let answer = call(&client, &route, &path, None).await;
        let expected = (401, "unauthorized".to_owned());
        assert_eq!(answer.outcome(), expected, "{name} without a credential");
        if route.path.starts_with("/api/user/") {
            let answer = call(&client, &route, &path, Some(&owner.owned.token)).await;
            assert_eq!(
                answer.outcome(),
                invalid,
                "{name} with the wrong kind of credential"
            );
        }
        rejects_other_owners(&client, &owner, &other, &route, &path).await;
    }

    for route in table() {
        let token = match route.takes {
            Takes::Pro => Some(owner.pro_token.as_str()),
            Takes::Any => Some(owner.mailbox.token.as_str()),
            _ => None,
        };
        let answer = call(&client, &route, &path(&owner, &route), token).await;
        assert_eq!(
            answer.status, route.owner_status,
            "{} {} by its owner: {answer:?}",
            route.method, route.path
        );
    }
}

/// Checks that another owner sees nothing, as if it were not there, by id or by address.
async fn rejects_other_owners(client: &Client, owner: &Owner, other: &Owner, route: &Route, path: &str) {
    let tokens: &[&str] = match route.path.starts_with("/api/user/") {
        true => &[&other.pro, &other.pro_token],
        false => &[
            &other.mailbox.token,
            &other.owned.token,
            &other.pro,
            &other.pro_token,
        ],
    };
    for token in tokens {
        if path == route.path {
            if route.method == "GET" {
                let answer = call(client, route, path, Some(token)).await;
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                let is_leaked = owner.secrets().iter().any(|secret| body.contains(secret));
                assert!(!is_leaked, "{path} leaks to another owner: {body}");
            }
            continue;
        }
        let mut missing = path.to_owned();
        for id in owner.secrets() {
            missing = missing.replace(id, &unused_id(id));
        }
        let missing = call(client, route, &missing, Some(token)).await;
        let by_address = path
            .replace(&owner.mailbox.id, &owner.mailbox.address)
            .replace(&owner.owned.id, &owner.owned.address);
        for path in [path, &by_address] {
            let answer = call(client, route, path, Some(token)).await;
            assert_eq!(answer.outcome(), (404, "not_found".to_owned()), "{path}");
            assert_eq!(
                answer.body, missing.body,
                "{path}: a foreign and a missing object must be indistinguishable"
            );
        }
    }
}
