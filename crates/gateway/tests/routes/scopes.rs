//! What tokens with scopes, limits and an expiry may do: every documented route with every scope alone. A route that is missing
//! from the table fails the test.

use std::collections::BTreeMap;

use axum::http::header;
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, UNKNOWN_ID, World};

db_test!(token_with_one_scope_reaches_its_routes_alone);

const SCOPES: [&str; 14] = [
    "accounts:read",
    "accounts:write",
    "messages:read",
    "messages:write",
    "sandbox:read",
    "sandbox:write",
    "sandbox:send",
    "domains:read",
    "domains:write",
    "webhooks:read",
    "webhooks:write",
    "faults:write",
    "usage:read",
    "audit:read",
];
/// The header of routes that no scope grants.
const UNRESTRICTED: &str = "unrestricted";
/// The header of routes that need no scope.
const ANY: &str = "";

/// What each route needs of a Pro API token. Routes that take none are not here.
fn table() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("POST /api/accounts", "accounts:write"),
        ("GET /api/messages/{id}/body", "messages:read"),
        ("POST /api/tickets", "messages:read"),
        ("GET /pro/api/me", UNRESTRICTED),
        ("PUT /pro/api/me/password", UNRESTRICTED),
        ("POST /pro/api/me/delete", UNRESTRICTED),
        ("DELETE /pro/api/sessions", UNRESTRICTED),
        ("GET /pro/api/tokens", UNRESTRICTED),
        ("POST /pro/api/tokens", UNRESTRICTED),
        ("GET /pro/api/tokens/current", ANY),
        ("DELETE /pro/api/tokens/{id}", UNRESTRICTED),
        ("POST /pro/api/tokens/{id}/rotate", UNRESTRICTED),
        ("GET /pro/api/usage", "usage:read"),
        ("GET /pro/api/audit", "audit:read"),
        ("GET /pro/api/messages/search", "messages:read"),
        ("DELETE /pro/api/messages", "messages:write"),
        ("PUT /pro/api/messages/read", "messages:write"),
        ("DELETE /pro/api/messages/read", "messages:write"),
        ("GET /pro/api/messages/wait", "messages:read"),
        ("GET /pro/api/events", "messages:read"),
        ("GET /pro/api/accounts", "accounts:read"),
        ("DELETE /pro/api/accounts/{id}", "accounts:write"),
        ("PUT /pro/api/accounts/{id}/reset-password", "accounts:write"),
        ("GET /pro/api/accounts/{id}/messages", "messages:read"),
        ("POST /pro/api/accounts/{id}/test-message", "messages:write"),
        (
            "GET /pro/api/accounts/{id}/messages/{message_id}",
            "messages:read",
        ),
        (
            "DELETE /pro/api/accounts/{id}/messages/{message_id}",
            "messages:write",
        ),
        (
            "PUT /pro/api/accounts/{id}/messages/{message_id}/read",
            "messages:write",
        ),
        (
            "DELETE /pro/api/accounts/{id}/messages/{message_id}/read",
            "messages:write",
        ),
        (
            "GET /pro/api/accounts/{id}/messages/{message_id}/source",
            "messages:read",
        ),
        (
            "GET /pro/api/accounts/{id}/messages/{message_id}/attachments/{index}",
            "messages:read",
        ),
        ("GET /pro/api/domains", "domains:read"),
        ("POST /pro/api/domains", "domains:write"),
        ("POST /pro/api/domains/{id}/verify", "domains:write"),
        ("PUT /pro/api/domains/{id}", "domains:write"),
        ("DELETE /pro/api/domains/{id}", "domains:write"),
        ("GET /pro/api/sandbox", "sandbox:read"),
        ("GET /pro/api/sandbox/messages", "sandbox:read"),
        ("DELETE /pro/api/sandbox/messages", "sandbox:write"),
        ("GET /pro/api/sandbox/messages/{id}", "sandbox:read"),
        ("DELETE /pro/api/sandbox/messages/{id}", "sandbox:write"),
        ("GET /pro/api/sandbox/messages/{id}/source", "sandbox:read"),
        (
            "GET /pro/api/sandbox/messages/{id}/attachments/{index}",
            "sandbox:read",
        ),
        ("GET /pro/api/sandboxes", "sandbox:read"),
        ("POST /pro/api/sandboxes", "sandbox:write"),
        ("PATCH /pro/api/sandboxes/{id}", "sandbox:write"),
        ("DELETE /pro/api/sandboxes/{id}", "sandbox:write"),
        ("POST /pro/api/sandboxes/{id}/rotate", "sandbox:write"),
        ("GET /pro/api/webhooks", "webhooks:read"),
        ("POST /pro/api/webhooks", "webhooks:write"),
        ("PUT /pro/api/webhooks/{id}", "webhooks:write"),
        ("DELETE /pro/api/webhooks/{id}", "webhooks:write"),
        ("POST /pro/api/webhooks/{id}/rotate", "webhooks:write"),
        ("POST /pro/api/webhooks/{id}/test", "webhooks:write"),
        ("GET /pro/api/webhooks/{id}/deliveries", "webhooks:read"),
        (
            "POST /pro/api/webhooks/{id}/deliveries/{delivery_id}/replay",
            "webhooks:write",
        ),
        // mail.td
        ("GET /api/accounts/{account}", "accounts:read"),
        ("DELETE /api/accounts/{account}", "accounts:write"),
        ("PUT /api/accounts/{account}/reset-password", "accounts:write"),
        ("GET /api/accounts/{account}/messages", "messages:read"),
        ("PUT /api/accounts/{account}/messages/read", "messages:write"),
        ("GET /api/accounts/{account}/messages/{id}", "messages:read"),
        ("DELETE /api/accounts/{account}/messages/{id}", "messages:write"),
        ("PUT /api/accounts/{account}/messages/{id}/read", "messages:write"),
        (
            "GET /api/accounts/{account}/messages/{id}/source",
            "messages:read",
        ),
        (
            "GET /api/accounts/{account}/messages/{id}/attachments/{index}",
            "messages:read",
        ),
        ("GET /api/user/me", UNRESTRICTED),
        ("GET /api/user/accounts", "accounts:read"),
        ("DELETE /api/user/accounts/{account}", "accounts:write"),
        (
            "PUT /api/user/accounts/{account}/reset-password",
            "accounts:write",
        ),
        ("GET /api/user/accounts/{account}/messages", "messages:read"),
        ("GET /api/user/subscription/status", UNRESTRICTED),
        ("POST /api/user/subscription/cancel", UNRESTRICTED),
        ("POST /api/user/subscription/resume", UNRESTRICTED),
        ("POST /api/user/billing/portal", UNRESTRICTED),
        ("GET /api/user/sandbox", "sandbox:read"),
        ("GET /api/user/sandbox/messages", "sandbox:read"),
        ("DELETE /api/user/sandbox/messages", "sandbox:write"),
        ("GET /api/user/sandbox/messages/{id}", "sandbox:read"),
        ("DELETE /api/user/sandbox/messages/{id}", "sandbox:write"),
        ("GET /api/user/sandbox/messages/{id}/source", "sandbox:read"),
        (
            "GET /api/user/sandbox/messages/{id}/attachments/{index}",
            "sandbox:read",
        ),
        ("GET /api/user/domains", "domains:read"),
        ("POST /api/user/domains", "domains:write"),
        ("POST /api/user/domains/{id}/verify", "domains:write"),
        ("DELETE /api/user/domains/{id}", "domains:write"),
        ("GET /api/user/tokens", UNRESTRICTED),
        ("POST /api/user/tokens", UNRESTRICTED),
        ("DELETE /api/user/tokens/{id}", UNRESTRICTED),
        ("GET /api/user/webhooks", "webhooks:read"),
        ("POST /api/user/webhooks", "webhooks:write"),
        ("DELETE /api/user/webhooks/{id}", "webhooks:write"),
        ("POST /api/user/webhooks/{id}/rotate", "webhooks:write"),
        ("GET /api/user/webhooks/{id}/deliveries", "webhooks:read"),
        // mail.tm, which knows no 403
        ("POST /accounts", "accounts:write"),
        ("GET /domains", "domains:read"),
        ("GET /domains/{id}", "domains:read"),
        // mail.cx /v1
        ("GET /v1/inbox/{address}", "messages:read"),
        ("DELETE /v1/inbox/{address}", "messages:write"),
        ("POST /v1/inbox", ANY),
        ("GET /v1/me", "messages:read"),
        ("GET /v1/domain/{name}", "messages:read"),
        ("GET /v1/email/{id}", "messages:read"),
        ("DELETE /v1/email/{id}", "messages:write"),
        ("GET /v1/email/{id}/raw", "messages:read"),
        ("GET /v1/email/{id}/attachments/{index}", "messages:read"),
        ("GET /v1/sse/addr", "messages:read"),
        ("GET /v1/sse/user", "messages:read"),
        ("GET /v1/domains", "domains:read"),
        ("POST /v1/domains", "domains:write"),
        ("DELETE /v1/domains/{id}", "domains:write"),
        ("GET /v1/tokens", UNRESTRICTED),
        ("POST /v1/tokens", UNRESTRICTED),
        ("DELETE /v1/tokens/{id}", UNRESTRICTED),
        ("GET /v1/config", ANY),
        ("POST /v1/sessions/anon", ANY),
    ])
}

/// The routes of all documents that take a Pro API token, with the scopes that they document.
fn documented() -> BTreeMap<String, String> {
    let documents = [
        mayfly_gateway::document(),
        mayfly_gateway::mailtm_document(),
        mayfly_gateway::mailtd_document(),
        mayfly_gateway::mailcx_v1_document(),
    ];
    let mut routes = BTreeMap::new();
    for document in documents {
        let document = serde_json::to_value(document).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let alternatives = operation["security"].as_array().cloned().unwrap_or_default();
                let takes_pro = |one: &Value| one.get("pro").or(one.get("token")).cloned();
                if let Some(scopes) = alternatives.iter().find_map(takes_pro) {
                    let scopes: Vec<&str> = scopes
                        .as_array()
                        .unwrap()
                        .iter()
                        .flat_map(Value::as_str)
                        .collect();
                    routes.insert(format!("{} {path}", method.to_uppercase()), scopes.join(" "));
                }
            }
        }
    }
    routes
}

#[test]
fn every_route_that_takes_a_token_documents_its_scope() {
    let table = table();
    let tabled = table.iter().map(|(route, scope)| {
        let scope = if *scope == UNRESTRICTED { "" } else { scope };
        ((*route).to_owned(), scope.to_owned())
    });
    assert_eq!(
        documented(),
        tabled.collect(),
        "add the route to the table, and its scope to `security`"
    );
}

/// Calls a route with objects that do not exist, so that no call changes anything.
async fn call(world: &World, route: &str, token: &str) -> Answer {
    let (method, path) = route.split_once(' ').unwrap();
    let path = path
        .replace("{index}", "0")
        .replace("{address}", "nobody%40mayfly.test");
    let path = path
        .replace("{account}", UNKNOWN_ID)
        .replace("{name}", "nowhere.example");
    let path = ["{id}", "{message_id}", "{delivery_id}"]
        .iter()
        .fold(path, |path, name| path.replace(name, UNKNOWN_ID));
    let path = match path.as_str() {
        wait if wait.ends_with("/wait") => format!("{wait}?timeout=0"),
        // No time zone has this name: the call fails before it waits or changes anything.
        search if search.contains("/pro/api/messages") => format!("{search}?q=*&tz=nowhere"),
        "/pro/api/events" => "/pro/api/events?q=%22".to_owned(),
        "/v1/me" => "/v1/me?count=x".to_owned(),
        "/v1/sse/user" => "/v1/sse/user".to_owned(),
        path => path.to_owned(),
    };
    let mut request = axum::http::Request::builder()
        .method(method)
        .uri(&path)
        .header(header::HOST, "localhost")
        .header("last-event-id", "no id");
    request = match path.starts_with("/v1/") {
        true => request.header("x-api-token", token),
        false => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
    };
    world.send(request.body(axum::body::Body::empty()).unwrap()).await
}

/// Returns whether the scopes of the token allow a call, and asserts that a refusal has the form of RFC 6750.
fn is_allowed(route: &str, scope: &str, answer: &Answer) -> bool {
    let accepted = answer.headers.get("mayfly-accepted-scopes");
    assert_eq!(
        accepted.map(|value| value.to_str().unwrap()),
        Some(scope),
        "{route}: {answer:?}"
    );
    let is_mailtm = !route.contains("/api/") && !route.contains("/v1/");
    if is_mailtm {
        return answer.status != 401;
    }
    if answer.status != 403 {
        assert_ne!(answer.status, 401, "{route}: {answer:?}");
        return true;
    }
    assert_eq!(answer.json()["error"], "insufficient_scope", "{route}");
    if !route.contains("/v1/") {
        let challenge = answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        let named = format!("error=\"insufficient_scope\", scope=\"{scope}\"");
        let has_name = challenge.ends_with(&named);
        assert_eq!(has_name, scope != UNRESTRICTED, "{route}: {challenge}");
    }
    false
}

async fn token_with_one_scope_reaches_its_routes_alone(db: Db) {
    let world = World::open_on(db).await;
    let pro = world.register().await;
    let none = world
        .create_token(&pro, json!({"name": "none", "scopes": []}))
        .await;
    let all = world
        .create_token(&pro, json!({"name": "all", "scopes": SCOPES}))
        .await;
    let everything = world.create_token(&pro, json!({"name": "everything"})).await;
    for (route, scope) in table() {
        let answer = call(&world, route, &none).await;
        assert_eq!(
            is_allowed(route, scope, &answer),
            scope == ANY,
            "{route} with no scope"
        );
        let answer = call(&world, route, &all).await;
        assert_eq!(
            is_allowed(route, scope, &answer),
            scope != UNRESTRICTED,
            "{route} with all scopes"
        );
    }
    for scope in SCOPES {
        let token = world
            .create_token(&pro, json!({"name": scope, "scopes": [scope]}))
            .await;
        for (route, needed) in table() {
            let answer = call(&world, route, &token).await;
            let is_expected = needed == scope || needed == ANY;
            assert_eq!(
                is_allowed(route, needed, &answer),
                is_expected,
                "{route} with {scope}"
            );
        }
    }
    // The last, since they end sessions.
    for (route, scope) in table() {
        if route != "DELETE /pro/api/sessions" {
            let answer = call(&world, route, &everything).await;
            assert!(
                is_allowed(route, scope, &answer),
                "{route} with a token of everything"
            );
        }
    }
}

#[tokio::test]
async fn expired_and_revoked_tokens_reach_no_route() {
    let world = World::open().await;
    let pro = world.register().await;
    let expiring = json!({"name": "ci", "scopes": SCOPES, "expires_at": "2026-11-23T12:01:00Z"});
    let expired = world.create_token(&pro, expiring).await;
    let revoked = world
        .create_token(&pro, json!({"name": "ci", "scopes": SCOPES}))
        .await;
    for token in [&expired, &revoked] {
        // Cached from here on.
        world.get("/pro/api/accounts", token).await.expect_status(200);
    }
    let id = world.get("/pro/api/tokens/current", &revoked).await.text("id");
    world
        .delete(&format!("/pro/api/tokens/{id}"), &pro)
        .await
        .expect_status(204);
    world.clock.advance(Duration::seconds(59));
    world.get("/pro/api/accounts", &expired).await.expect_status(200);
    world.clock.advance(Duration::seconds(1));
    for (route, scope) in table() {
        for (token, message) in [
            (&expired, "the token has expired"),
            (&revoked, "a valid bearer token is needed"),
        ] {
            let answer = call(&world, route, token).await;
            assert_eq!(answer.status, 401, "{route}: {answer:?}");
            assert_eq!(answer.headers["mayfly-accepted-scopes"], scope, "{route}");
            if route.contains("/pro/api/") {
                assert_eq!(
                    answer.json(),
                    json!({"error": "invalid_token", "message": message})
                );
            }
        }
    }
}

#[tokio::test]
async fn restricted_token_makes_and_ends_no_token() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let other = world.create_token(&pro, json!({"name": "other"})).await;
    let other = world.get("/pro/api/tokens/current", &other).await.text("id");
    for wanted in [
        json!({"name": "ci", "scopes": SCOPES}),
        json!({"name": "ci", "limits": {"address_prefix": "a"}}),
        json!({"name": "ci", "expires_at": "2026-12-01T00:00:00Z"}),
    ] {
        let token = world.create_token(&pro, wanted.clone()).await;
        let own = world.get("/pro/api/tokens/current", &token).await.text("id");
        for (method, path) in [
            ("POST", "/pro/api/tokens".to_owned()),
            ("GET", "/pro/api/tokens".to_owned()),
            ("DELETE", format!("/pro/api/tokens/{other}")),
            ("POST", format!("/pro/api/tokens/{own}/rotate")),
        ] {
            let answer = world.call(method, &path, &token, json!({"name": "wider"})).await;
            assert_eq!(answer.status, 403, "{method} {path} with {wanted}");
            assert_eq!(answer.json()["error"], "insufficient_scope");
        }
    }
    assert_eq!(
        world.get("/pro/api/tokens", &pro).await.json()["tokens"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test]
async fn create_token_with_invalid_restrictions_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let many: Vec<&str> = vec![UNKNOWN_ID; 13];
    for (restriction, field) in [
        (json!({"scopes": ["tokens:write"]}), "scopes"),
        (json!({"scopes": "messages:read"}), "scopes"),
        (json!({"limits": {}}), "limits"),
        (json!({"limits": {"accounts": []}}), "limits"),
        (json!({"limits": {"accounts": ["x"]}}), "limits.accounts"),
        (json!({"limits": {"accounts": many}}), "limits"),
        (json!({"limits": {"domains": ["no domain"]}}), "limits.domains"),
        (
            json!({"limits": {"address_prefix": "%"}}),
            "limits.address_prefix",
        ),
        (json!({"limits": {"sandboxes": [7]}}), "limits"),
        (json!({"expires_at": "tomorrow"}), "expires_at"),
        (json!({"expires_at": "2026-11-23T12:00:59Z"}), "expires_at"),
        (json!({"expires_at": "2027-11-25T12:00:00Z"}), "expires_at"),
        (json!({"expires_at": 1_800_000_000}), "expires_at"),
    ] {
        let mut body = restriction.clone();
        body["name"] = json!("ci");
        let answer = world.post("/pro/api/tokens", &pro, body).await;
        assert_eq!(answer.status, 400, "{restriction}: {answer:?}");
        let error = answer.json();
        assert_eq!(error["error"], "invalid_request");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(field), "{restriction}: {message}");
    }
}
