//! Sessions of users with the role admin: the API of operators at `/pro/api/admin`, on the public listener.

use mayfly_testkit::eventually;
use serde_json::{Value, json};

use super::{Operated, ROUTES};
use crate::{
    client::{Answer, Client, PASSWORD},
    world::Kind,
};

/// A user with the role admin.
struct Admin {
    id: String,
    jwt: String,
}

impl Admin {
    async fn create(operated: &Operated) -> Self {
        let jwt = operated.world.client().register("root@example.com").await;
        let found = operated.succeeds("GET", "/users?contains=root@", None).await;
        let admin = Self {
            id: found["users"][0]["id"].as_str().unwrap().to_owned(),
            jwt,
        };
        admin.set_role(operated, "admin").await;
        admin
    }

    async fn set_role(&self, operated: &Operated, role: &str) {
        let path = format!("/users/{}/role", self.id);
        operated.succeeds("PUT", &path, Some(json!({"role": role}))).await;
    }

    async fn call(&self, gateway: &Client, method: &str, path: &str, body: Option<Value>) -> Answer {
        let path = format!("/pro/api/admin{path}");
        gateway.call(method, &path, Some(&self.jwt), body).await
    }
}

mod worlds {
    use super::{Kind, Operated};

    #[tokio::test]
    async fn all_in_one() {
        super::role_that_is_taken_away_ends_at_once(Operated::start(Kind::AllInOne)).await;
    }

    #[tokio::test]
    async fn replicas() {
        super::role_that_is_taken_away_ends_at_once(Operated::start(Kind::Replicas)).await;
    }
}

#[tokio::test]
async fn operator_routes_exist_for_sessions_of_admins_only() {
    let operated = Operated::start(Kind::AllInOne);
    let client = operated.world.client();
    let admin = Admin::create(&operated).await;
    let (_, own_token) = client.create_token(&admin.jwt, "ci").await;
    let other = client.register("bob@example.com").await;
    let (_, other_token) = client.create_token(&other, "ci").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let unknown = client.call("GET", "/pro/api/nothing", Some(&other), None).await;
    assert_eq!(unknown.outcome(), (404, "not_found".to_owned()));
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH"];
    let wrong_methods = methods.map(|method| (method, "/statistics"));
    for (method, path) in ROUTES.iter().chain(&wrong_methods) {
        let path = format!("/pro/api/admin{path}");
        let call = async |token: Option<&str>| client.call(method, &path, token, Some(json!({}))).await;
        for (whose, token) in [
            ("the operator's API token", &own_token),
            ("another user's session", &other),
            ("another user's API token", &other_token),
            ("a mailbox's session", &mailbox.token),
        ] {
            let answer = call(Some(token)).await;
            assert_eq!(answer.status, 404, "{method} {path} with {whose}: {answer:?}");
            assert_eq!(answer.body, unknown.body, "{method} {path} with {whose}");
            assert!(!answer.headers.contains_key("allow"), "{method} {path}");
        }
        for token in [None, Some("nonsense"), Some(super::TOKEN)] {
            let answer = call(token).await;
            assert_eq!(
                answer.outcome(),
                (401, "invalid_token".to_owned()),
                "{method} {path}"
            );
        }
    }
    // Roles are given and taken on the admin listener only.
    let path = format!("/users/{}/role", admin.id);
    let answer = admin
        .call(&client, "PUT", &path, Some(json!({"role": "user"})))
        .await;
    assert_eq!(answer.outcome(), (404, "not_found".to_owned()));
    let answer = admin.call(&client, "GET", "/nothing", None).await;
    assert_eq!(answer.body, unknown.body);
    let answer = admin.call(&client, "PATCH", "/statistics", None).await;
    assert_eq!(answer.outcome(), (405, "method_not_allowed".to_owned()));
    let answer = admin.call(&client, "GET", "/users?limit=many", None).await;
    assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()));
    assert_eq!(admin.call(&client, "GET", "/statistics", None).await.status, 200);
    // No page of another origin can read an answer.
    let request = client.request("GET", "/pro/api/admin/statistics");
    let request = request
        .bearer_auth(&admin.jwt)
        .header("origin", "https://evil.example");
    let answer = Client::read(request).await;
    assert!(
        !answer.headers.contains_key("access-control-allow-origin"),
        "{answer:?}"
    );
}

async fn role_that_is_taken_away_ends_at_once(operated: Operated) {
    let admin = Admin::create(&operated).await;
    let gateways = operated.gateways();
    for _ in 0..10 {
        for gateway in &gateways {
            assert_eq!(admin.call(gateway, "GET", "/users", None).await.status, 200);
        }
        admin.set_role(&operated, "user").await;
        for gateway in &gateways {
            let answer = admin.call(gateway, "GET", "/users", None).await;
            assert_eq!(answer.outcome(), (404, "not_found".to_owned()));
            // Still a user.
            let me = gateway.get("/pro/api/me", &admin.jwt).await;
            assert_eq!(me.json()["role"], "user");
        }
        admin.set_role(&operated, "admin").await;
    }
    let path = format!("/users/{}/suspend", admin.id);
    operated.succeeds("POST", &path, Some(json!({}))).await;
    for gateway in &gateways {
        let answer = admin.call(gateway, "GET", "/users", None).await;
        assert_eq!(answer.outcome(), (403, "account_suspended".to_owned()));
    }
    let path = format!("/users/{}/resume", admin.id);
    operated.succeeds("POST", &path, Some(json!({}))).await;
    let everywhere = gateways[0]
        .call("DELETE", "/pro/api/sessions", Some(&admin.jwt), None)
        .await;
    assert_eq!(everywhere.status, 204);
    for gateway in &gateways {
        let answer = admin.call(gateway, "GET", "/users", None).await;
        assert_eq!(answer.outcome(), (401, "invalid_token".to_owned()));
    }
}

/// What the dashboard does, with the user in the audit log.
#[tokio::test]
async fn session_of_admin_operates_the_service() {
    let operated = Operated::start(Kind::AllInOne);
    let client = operated.world.client();
    let admin = Admin::create(&operated).await;
    let act = async |method: &str, path: &str, body: Value| {
        let answer = admin.call(&client, method, path, Some(body)).await;
        assert!(
            matches!(answer.status, 200 | 201 | 204),
            "{method} {path}: {answer:?}"
        );
        serde_json::from_slice::<Value>(&answer.body).unwrap_or_default()
    };
    let invited = act("POST", "/users", json!({"email": "ann@example.com"})).await;
    let user = format!("/users/{}", invited["id"].as_str().unwrap());
    let listed = act("GET", "/users?contains=ann@", json!({})).await;
    assert_eq!(listed["users"][0]["role"], "user");
    let reset = act("POST", &format!("{user}/password"), json!({})).await;
    assert_ne!(reset["password"], invited["password"]);
    act("POST", &format!("{user}/suspend"), json!({"reason": "abuse"})).await;
    act("POST", &format!("{user}/resume"), json!({})).await;
    assert_eq!(
        act("GET", &format!("{user}/webhooks"), json!({})).await["webhooks"],
        json!([])
    );
    act("DELETE", &user, json!({})).await;

    let mailbox = client.create_mailbox("bob@mayfly.test", None).await;
    assert_eq!(operated.send("a@b.test", &mailbox.address).await, 250);
    let found = act("GET", "/accounts?address=bob@mayfly.test", json!({})).await;
    assert_eq!(found["accounts"][0]["id"], mailbox.id);
    let path = format!("/accounts/{}", mailbox.id);
    act("POST", &format!("{path}/suspend"), json!({"reason": "phishing"})).await;
    assert_eq!(operated.send("a@b.test", &mailbox.address).await, 550);
    let zip = admin.call(&client, "GET", &format!("{path}/export"), None).await;
    assert_eq!(zip.headers["content-type"], "application/zip");
    act("POST", &format!("{path}/resume"), json!({})).await;
    act("DELETE", &path, json!({})).await;

    act("PUT", "/domains/mayfly.test", json!({"accepting": false})).await;
    let body = json!({"address": "x@mayfly.test", "password": PASSWORD});
    let refused = client.call("POST", "/api/accounts", None, Some(body)).await;
    assert_eq!(refused.outcome(), (400, "invalid_domain".to_owned()));
    act("PUT", "/domains/mayfly.test", json!({"accepting": true})).await;
    let to = client.create_mailbox("carol@mayfly.test", None).await.address;
    let block = act(
        "PUT",
        "/blocks",
        json!({"sender": "*@spam.example", "reason": "bulk"}),
    )
    .await;
    eventually("the sender is blocked", async || {
        operated.send("bulk@spam.example", &to).await == 550
    })
    .await;
    assert_eq!(
        act("GET", "/blocks", json!({})).await["blocks"][0]["id"],
        block["id"]
    );
    act(
        "DELETE",
        &format!("/blocks/{}", block["id"].as_str().unwrap()),
        json!({}),
    )
    .await;
    assert_eq!(act("GET", "/statistics", json!({})).await["users"], 1);

    let audit = act("GET", "/audit", json!({})).await;
    let entries = audit["entries"].as_array().unwrap();
    let (mut of_user, of_token): (Vec<_>, Vec<_>) = entries
        .iter()
        .partition(|entry| entry["operator"] == format!("user:{}", admin.id));
    assert_eq!(of_token.len(), 1, "{audit}");
    assert_eq!(of_token[0]["action"], "set_user_role");
    of_user.sort_by_key(|entry| entry["action"].as_str());
    let actions: Vec<_> = of_user
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(
        actions,
        [
            "delete_block",
            "delete_mailbox",
            "delete_user",
            "export_mailbox",
            "invite_user",
            "put_block",
            "reset_user_password",
            "resume_mailbox",
            "resume_mailboxes_of_user",
            "resume_user",
            "set_domain",
            "set_domain",
            "suspend_mailbox",
            "suspend_mailboxes_of_user",
            "suspend_user",
        ],
        "{audit}"
    );
}
