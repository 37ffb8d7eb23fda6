//! What tokens with limits reach: what is outside of them is answered as if it were another user's.

use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::{Answer, CUSTOM_DOMAIN, MAIL, Mailbox, World};

db_test!(
    token_with_limits_reaches_what_fits_alone,
    token_creates_mailboxes_that_fit_every_limit,
    stream_of_limited_token_has_mail_within_alone,
    webhook_of_limited_token_posts_mail_within_alone,
);

/// A Pro user with a mailbox inside of the limits that tests choose, and one outside.
struct Tenant {
    world: World,
    pro: String,
    inside: Mailbox,
    outside: Mailbox,
    inside_message: String,
    outside_message: String,
    sandbox_id: String,
    sandbox_account: String,
}

impl Tenant {
    async fn start(db: Db) -> Self {
        let world = World::open_on(db).await;
        let pro = world.register().await;
        let inside = world.create_mailbox_for("ci-1@mayfly.test", &pro).await;
        let outside = world.create_mailbox_for("ceo@mayfly.test", &pro).await;
        let inside_message = world.deliver(&inside, MAIL).await;
        let outside_message = world.deliver(&outside, MAIL).await;
        let sandbox = world.create_sandbox(&pro).await.json();
        let sandboxes = world.get("/pro/api/sandboxes", &pro).await.json();
        assert_eq!(sandboxes["sandboxes"].as_array().unwrap().len(), 1);
        let text = |key: &str| sandbox[key].as_str().unwrap_or_default().to_owned();
        Self {
            sandbox_id: text("id"),
            sandbox_account: text("account_id"),
            world,
            pro,
            inside,
            outside,
            inside_message,
            outside_message,
        }
    }

    async fn token(&self, limits: Value) -> String {
        let wanted = json!({"name": "limited", "limits": limits});
        self.world.create_token(&self.pro, wanted).await
    }

    async fn addresses(&self, token: &str) -> Vec<String> {
        let listed = self
            .world
            .get("/pro/api/accounts", token)
            .await
            .expect_status(200)
            .json();
        let accounts = listed["accounts"].as_array().unwrap().iter();
        accounts
            .map(|account| account["address"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Every route that names a mailbox or a message, with the body that it needs.
fn routes(account: &str, message: &str) -> Vec<(&'static str, String, Value)> {
    let own = format!("/pro/api/accounts/{account}");
    let td = format!("/api/accounts/{account}");
    let user = format!("/api/user/accounts/{account}");
    let password = json!({"password": "battery staple"});
    vec![
        ("GET", format!("{own}/messages"), Value::Null),
        ("GET", format!("{own}/messages/{message}"), Value::Null),
        ("GET", format!("{own}/messages/{message}/source"), Value::Null),
        (
            "GET",
            format!("{own}/messages/{message}/attachments/0"),
            Value::Null,
        ),
        ("GET", format!("/api/messages/{message}/body"), Value::Null),
        (
            "POST",
            "/api/tickets".to_owned(),
            json!({"for": "message", "id": message}),
        ),
        ("PUT", format!("{own}/messages/{message}/read"), Value::Null),
        ("DELETE", format!("{own}/messages/{message}/read"), Value::Null),
        ("POST", format!("{own}/test-message"), Value::Null),
        ("PUT", format!("{own}/reset-password"), password.clone()),
        ("GET", td.clone(), Value::Null),
        ("GET", format!("{td}/messages"), Value::Null),
        ("GET", format!("{td}/messages/{message}"), Value::Null),
        ("GET", format!("{td}/messages/{message}/source"), Value::Null),
        (
            "GET",
            format!("{td}/messages/{message}/attachments/0"),
            Value::Null,
        ),
        ("PUT", format!("{td}/messages/{message}/read"), Value::Null),
        ("PUT", format!("{td}/messages/read"), json!({"all": true})),
        ("PUT", format!("{td}/reset-password"), password.clone()),
        ("GET", format!("{user}/messages"), Value::Null),
        ("PUT", format!("{user}/reset-password"), password),
        ("DELETE", format!("{td}/messages/{message}"), Value::Null),
        ("DELETE", format!("{own}/messages/{message}"), Value::Null),
        ("DELETE", user.to_string(), Value::Null),
        ("DELETE", td, Value::Null),
        ("DELETE", own, Value::Null),
    ]
}

async fn token_with_limits_reaches_what_fits_alone(db: Db) {
    let tenant = Tenant::start(db).await;
    let world = &tenant.world;
    for limits in [
        json!({"accounts": [tenant.inside.id]}),
        json!({"address_prefix": "ci-"}),
        json!({"address_prefix": "ci-", "domains": ["mayfly.test"]}),
        json!({"accounts": [tenant.inside.id, tenant.outside.id], "address_prefix": "ci-"}),
    ] {
        let token = tenant.token(limits.clone()).await;
        assert_eq!(tenant.addresses(&token).await, ["ci-1@mayfly.test"], "{limits}");
        for (method, path, body) in routes(&tenant.outside.id, &tenant.outside_message) {
            let answer = world.call(method, &path, &token, body).await;
            assert_eq!(answer.status, 404, "{method} {path} with {limits}: {answer:?}");
            assert_eq!(answer.json()["error"], "not_found");
        }
        for route in &routes(&tenant.inside.id, &tenant.inside_message)[..10] {
            let (method, path, body) = route.clone();
            let answer = world.call(method, &path, &token, body).await;
            assert!(answer.status < 300, "{method} {path} with {limits}: {answer:?}");
        }
        let found = world
            .get("/pro/api/messages/search?q=code", &token)
            .await
            .expect_status(200);
        let text = String::from_utf8_lossy(&found.body).into_owned();
        assert!(text.contains(&tenant.inside_message), "{limits}: {text}");
        assert!(!text.contains(&tenant.outside_message), "{limits}: {text}");
        let named = format!("/pro/api/messages/search?q=in:{}", tenant.outside.id);
        let found = world.get(&named, &token).await.expect_status(200).json();
        assert_eq!(found["messages"], json!([]), "{limits}");
        world.get("/pro/api/usage", &token).await.expect_status(404);
        world.get("/pro/api/me", &token).await.expect_status(403);
        for empty in ["sandboxes", "webhooks", "domains"] {
            let listed = world
                .get(&format!("/pro/api/{empty}"), &token)
                .await
                .expect_status(200)
                .json();
            assert_eq!(listed[empty], json!([]), "{limits}");
        }
    }
    let token = tenant.token(json!({"accounts": [tenant.inside.id]})).await;
    let changed = world.put("/pro/api/messages/read?q=*", &token, Value::Null).await;
    changed.expect_status(200);
    let deleted = world
        .delete("/pro/api/messages?q=*", &token)
        .await
        .expect_status(200)
        .json();
    assert!(deleted["deleted"].as_i64().unwrap() > 0);
    let path = format!(
        "/pro/api/accounts/{}/messages/{}",
        tenant.outside.id, tenant.outside_message
    );
    let kept = world.get(&path, &tenant.pro).await.expect_status(200).json();
    assert_eq!(kept["is_read"], false, "neither marked nor deleted");
}

#[tokio::test]
async fn token_with_sandbox_reaches_that_alone() {
    let tenant = Tenant::start(Db::Sqlite).await;
    let world = &tenant.world;
    let other = world
        .post("/pro/api/sandboxes", &tenant.pro, json!({"name": "other"}))
        .await;
    let other = other.expect_status(201).text("id");
    let captured = world.submit(&tenant.pro, &["a@example.com"], MAIL).await;
    let token = tenant.token(json!({"sandboxes": [tenant.sandbox_id]})).await;
    let listed = world
        .get("/pro/api/sandboxes", &token)
        .await
        .expect_status(200)
        .json();
    assert_eq!(listed["sandboxes"].as_array().unwrap().len(), 1);
    assert_eq!(listed["sandboxes"][0]["id"], json!(tenant.sandbox_id));
    assert!(tenant.addresses(&token).await.is_empty());
    for (method, path, body) in [
        (
            "PATCH",
            format!("/pro/api/sandboxes/{other}"),
            json!({"name": "x"}),
        ),
        ("POST", format!("/pro/api/sandboxes/{other}/rotate"), Value::Null),
        ("DELETE", format!("/pro/api/sandboxes/{other}"), Value::Null),
        ("POST", "/pro/api/sandboxes".to_owned(), json!({"name": "x"})),
        (
            "GET",
            format!("/pro/api/sandbox/messages/{captured}"),
            Value::Null,
        ),
        (
            "GET",
            format!("/pro/api/accounts/{}/messages", tenant.inside.id),
            Value::Null,
        ),
    ] {
        let answer = world.call(method, &path, &token, body).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    }
    let path = format!("/pro/api/sandboxes/{}", tenant.sandbox_id);
    world
        .call("PATCH", &path, &token, json!({"name": "mine"}))
        .await
        .expect_status(200);
    let of_mailbox = format!("/pro/api/accounts/{}/messages", tenant.sandbox_account);
    if !tenant.sandbox_account.is_empty() {
        world.get(&of_mailbox, &token).await.expect_status(200);
    }
}

async fn create(world: &World, address: &str, token: &str) -> Answer {
    let body = json!({"address": address, "password": "correct horse"});
    world.post("/api/accounts", token, body).await
}

async fn token_creates_mailboxes_that_fit_every_limit(db: Db) {
    let tenant = Tenant::start(db).await;
    let world = &tenant.world;
    let both = tenant
        .token(json!({"domains": ["mayfly.test"], "address_prefix": "ci-"}))
        .await;
    create(world, "ci-2@mayfly.test", &both).await.expect_status(201);
    for address in ["boss@mayfly.test", "ci-2@other.test", "xci-@mayfly.test"] {
        let answer = create(world, address, &both).await;
        assert_eq!(answer.expect_status(404).text("error"), "not_found", "{address}");
    }
    let of_accounts = tenant.token(json!({"accounts": [tenant.inside.id]})).await;
    create(world, "ci-3@mayfly.test", &of_accounts)
        .await
        .expect_status(404);
    // What it created stays in reach, whatever else it may not see.
    let of_sandbox = tenant.token(json!({"sandboxes": [tenant.sandbox_id]})).await;
    create(world, "fresh@mayfly.test", &of_sandbox)
        .await
        .expect_status(201);
    assert_eq!(tenant.addresses(&of_sandbox).await, ["fresh@mayfly.test"]);
    let id = world.get("/pro/api/tokens/current", &of_sandbox).await.text("id");
    let path = format!("/pro/api/tokens/{id}/rotate");
    let rotated = world
        .post(&path, &tenant.pro, Value::Null)
        .await
        .expect_status(201)
        .text("token");
    assert_eq!(tenant.addresses(&rotated).await, ["fresh@mayfly.test"]);
    let again = tenant.token(json!({"sandboxes": [tenant.sandbox_id]})).await;
    assert!(tenant.addresses(&again).await.is_empty());
}

#[tokio::test]
async fn prefix_with_wildcard_character_matches_itself_alone() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for address in ["a_b@mayfly.test", "axb@mayfly.test"] {
        create(&world, address, &pro).await.expect_status(201);
    }
    let token = json!({"name": "ci", "limits": {"address_prefix": "a_"}});
    let token = world.create_token(&pro, token).await;
    let listed = world.get("/pro/api/accounts", &token).await.json();
    let addresses: Vec<&Value> = listed["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["address"])
        .collect();
    assert_eq!(addresses, [&json!("a_b@mayfly.test")]);
}

#[tokio::test]
async fn domain_outside_limits_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let own = world.add_verified_domain(&pro).await;
    let inside = json!({"name": "in", "limits": {"domains": [CUSTOM_DOMAIN]}});
    let inside = world.create_token(&pro, inside).await;
    let outside = json!({"name": "out", "limits": {"domains": ["other.example"]}});
    let outside = world.create_token(&pro, outside).await;
    let listed = world.get("/pro/api/domains", &inside).await.json();
    assert_eq!(listed["domains"].as_array().unwrap().len(), 1);
    let path = format!("/pro/api/domains/{own}");
    for (method, path, body) in [
        ("PUT", path.clone(), json!({"catch_all": null})),
        ("POST", format!("{path}/verify"), Value::Null),
        ("DELETE", path.clone(), Value::Null),
        (
            "POST",
            "/pro/api/domains".to_owned(),
            json!({"domain": "third.example.com"}),
        ),
    ] {
        let answer = world.call(method, &path, &outside, body).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    }
    let foreign = create(&world, "ceo@mayfly.test", &pro).await.text("id");
    let catch_all = json!({"catch_all": foreign});
    world.put(&path, &inside, catch_all).await.expect_status(400);
    world.delete(&path, &inside).await.expect_status(204);
}

async fn stream_of_limited_token_has_mail_within_alone(db: Db) {
    let tenant = Tenant::start(db).await;
    let world = &tenant.world;
    let token = tenant.token(json!({"accounts": [tenant.inside.id]})).await;
    let request = axum::http::Request::builder()
        .uri("/pro/api/events")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {token}"));
    let mut events = world
        .open_events(request.body(axum::body::Body::empty()).unwrap())
        .await;
    events.next().await;
    world.deliver(&tenant.outside, MAIL).await;
    let wanted = world.deliver(&tenant.inside, MAIL).await;
    let event = events.next().await;
    assert!(event.contains(&wanted), "{event}");
    let first = format!(
        "/pro/api/messages/wait?since={}&count=2&timeout=5",
        tenant.inside_message
    );
    let waited = world.get(&first, &token).await;
    assert!(
        !String::from_utf8_lossy(&waited.body).contains(&tenant.outside.id),
        "{waited:?}"
    );
    let waited = world.get("/v1/me", &token).await;
    assert!(
        !String::from_utf8_lossy(&waited.body).contains("ceo@"),
        "{waited:?}"
    );
}

async fn webhook_of_limited_token_posts_mail_within_alone(db: Db) {
    let tenant = Tenant::start(db).await;
    let world = &tenant.world;
    let token = tenant.token(json!({"accounts": [tenant.inside.id]})).await;
    let webhook = world.create_webhook(&token).await;
    world.deliver(&tenant.outside, MAIL).await;
    world.deliver(&tenant.inside, MAIL).await;
    let path = format!("/pro/api/webhooks/{webhook}/deliveries");
    let delivered = mayfly_testkit::eventually("an attempt is recorded", async || {
        let listed = world.get(&path, &token).await.expect_status(200).json();
        (listed["deliveries"] != json!([])).then_some(listed)
    })
    .await;
    let events = delivered["deliveries"].as_array().unwrap().iter();
    let events: std::collections::BTreeSet<&str> =
        events.map(|one| one["event_id"].as_str().unwrap()).collect();
    assert_eq!(events.len(), 1, "{delivered}");
    // The user sees it, and another token with limits does not.
    world.get(&path, &tenant.pro).await.expect_status(200);
    let other = tenant.token(json!({"accounts": [tenant.outside.id]})).await;
    for (method, suffix) in [
        ("GET", "/deliveries"),
        ("POST", "/rotate"),
        ("POST", "/test"),
        ("DELETE", ""),
    ] {
        let path = format!("/pro/api/webhooks/{webhook}{suffix}");
        world
            .call(method, &path, &other, Value::Null)
            .await
            .expect_status(404);
    }
    let listed = world.get("/pro/api/webhooks", &other).await.json();
    assert_eq!(listed["webhooks"], json!([]));
}
