//! Yours is yours: every route of the document with every kind of credential. A route that is missing from the table
//! fails the test.

use std::collections::BTreeSet;

use mayfly_testkit::MailSender;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, Mailbox},
    tokens,
    world::World,
};

mod worlds {
    crate::scenario!(every_route_refuses_everybody_but_its_owner);
}

/// Whose credential a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Mailbox,
    Pro,
    ProOrNothing,
    /// Either kind.
    Any,
}

struct Route {
    method: &'static str,
    path: &'static str,
    takes: Takes,
    body: Option<Value>,
    owner_status: u16,
}

/// Every route; those that end something stand last.
fn table() -> Vec<Route> {
    use Takes::{Any, Mailbox, Nothing, Pro, ProOrNothing};
    let route = |method, path, takes, owner_status| Route {
        method,
        path,
        takes,
        body: None,
        owner_status,
    };
    let with = |route: Route, body: Value| Route {
        body: Some(body),
        ..route
    };
    let address = json!({"address": "fresh@mayfly.test", "password": "correct horse"});
    let email = json!({"email": "fresh@example.com", "password": "correct horse"});
    vec![
        route("GET", "/api/domains", Nothing, 200),
        // A code without a text is nobody's: this route says so to everyone.
        route("GET", "/api/qr", Nothing, 400),
        with(route("POST", "/api/accounts", ProOrNothing, 201), address.clone()),
        with(route("POST", "/api/token", Nothing, 200), address),
        with(route("POST", "/pro/api/register", Nothing, 201), email.clone()),
        with(route("POST", "/pro/api/login", Nothing, 200), email),
        route("GET", "/api/me", Mailbox, 200),
        route("GET", "/api/messages", Mailbox, 200),
        route("GET", "/api/messages/wait", Mailbox, 204),
        route("GET", "/api/events", Mailbox, 200),
        route("GET", "/pro/api/messages/wait", Pro, 204),
        route("GET", "/pro/api/events", Pro, 200),
        route("GET", "/api/messages/{id}", Mailbox, 200),
        route("GET", "/api/messages/{id}/source", Mailbox, 200),
        route("GET", "/api/messages/{id}/body", Any, 200),
        with(route("POST", "/api/tickets", Any, 201), json!({"for": "events"})),
        route("GET", "/api/messages/{id}/attachments/{index}", Mailbox, 200),
        route("PUT", "/api/messages/{id}/read", Mailbox, 204),
        route("GET", "/pro/api/me", Pro, 200),
        route("GET", "/pro/api/usage", Pro, 200),
        route("GET", "/pro/api/accounts", Pro, 200),
        route("GET", "/pro/api/accounts/{id}/messages", Pro, 200),
        route("GET", "/pro/api/accounts/{id}/messages/{message_id}", Pro, 200),
        route("GET", "/pro/api/tokens", Pro, 200),
        with(
            route("POST", "/pro/api/tokens", Pro, 201),
            json!({"name": "fresh"}),
        ),
        with(
            route("PUT", "/pro/api/accounts/{id}/reset-password", Pro, 200),
            json!({"password": "battery staple"}),
        ),
        route("GET", "/pro/api/domains", Pro, 200),
        with(
            route("POST", "/pro/api/domains", Pro, 201),
            json!({"domain": "fresh.example.com"}),
        ),
        route("POST", "/pro/api/domains/{id}/verify", Pro, 200),
        with(
            route("PUT", "/pro/api/domains/{id}", Pro, 200),
            json!({"catch_all": null}),
        ),
        route("DELETE", "/pro/api/domains/{id}", Pro, 204),
        route("GET", "/pro/api/webhooks", Pro, 200),
        route("GET", "/pro/api/webhooks/{id}/deliveries", Pro, 200),
        route("POST", "/pro/api/webhooks/{id}/test", Pro, 202),
        route(
            "POST",
            "/pro/api/webhooks/{id}/deliveries/{delivery_id}/replay",
            Pro,
            202,
        ),
        route("POST", "/pro/api/webhooks/{id}/rotate", Pro, 200),
        route("DELETE", "/pro/api/webhooks/{id}", Pro, 204),
        with(
            route("POST", "/pro/api/webhooks", Pro, 201),
            json!({"url": "https://hooks.example.com/fresh"}),
        ),
        route("DELETE", "/pro/api/tokens/{id}", Pro, 204),
        route("DELETE", "/api/messages/{id}", Mailbox, 204),
        route("DELETE", "/api/me", Mailbox, 204),
        route("DELETE", "/pro/api/accounts/{id}", Pro, 204),
    ]
}

/// One mailbox with a message, and the Pro user that owns another.
struct Owner {
    mailbox: Mailbox,
    message_id: String,
    pro: String,
    pro_token: String,
    token_id: String,
    domain_id: String,
    owned: Mailbox,
    owned_message_id: String,
    webhook_id: String,
    delivery_id: String,
}

impl Owner {
    async fn create(client: &Client, world: &World, name: &str) -> Self {
        let pro = client.register(&format!("{name}@example.com")).await;
        let (_, pro_token) = client.create_token(&pro, "used").await;
        let (token_id, _) = client.create_token(&pro, "to be revoked").await;
        let domain = json!({"domain": format!("{name}.example.com")});
        let domain = client
            .call("POST", "/pro/api/domains", Some(&pro), Some(domain))
            .await;
        assert_eq!(domain.status, 201, "{domain:?}");
        let domain_id = domain.json()["id"].as_str().unwrap().to_owned();
        let (webhook_id, delivery_id) = webhook(client, &pro_token).await;
        let mailbox = client.create_mailbox(&format!("{name}@mayfly.test"), None).await;
        let owned = client
            .create_mailbox(&format!("{name}-owned@mayfly.test"), Some(&pro_token))
            .await;
        let mail = format!(
            "Subject: of {name}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
             Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\npdf\r\n--b--\r\n"
        );
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        for recipient in [&mailbox, &owned] {
            let reply = sender
                .send("a@example.com", &[&recipient.address], mail.as_bytes())
                .await
                .unwrap();
            assert_eq!(reply.code, 250, "{reply:?}");
        }
        let id = |messages: Vec<Value>| messages[0]["id"].as_str().unwrap().to_owned();
        let message_id = id(client.messages(&mailbox.token).await);
        let owned_message_id = id(client.messages(&owned.token).await);
        Self {
            mailbox,
            message_id,
            pro,
            pro_token,
            token_id,
            domain_id,
            owned,
            owned_message_id,
            webhook_id,
            delivery_id,
        }
    }

    fn path(&self, route: &Route) -> String {
        let id = match route.path {
            path if path.starts_with("/api/messages/") => &self.message_id,
            path if path.starts_with("/pro/api/tokens/") => &self.token_id,
            path if path.starts_with("/pro/api/domains/") => &self.domain_id,
            path if path.starts_with("/pro/api/webhooks/") => &self.webhook_id,
            _ => &self.owned.id,
        };
        let path = route.path.replace("{id}", id).replace("{index}", "0");
        let path = path.replace("{delivery_id}", &self.delivery_id);
        path.replace("{message_id}", &self.owned_message_id)
    }

    /// What nobody else may ever be told.
    fn secrets(&self) -> [&str; 8] {
        [
            &self.mailbox.id,
            &self.message_id,
            &self.owned.id,
            &self.owned_message_id,
            &self.token_id,
            &self.domain_id,
            &self.webhook_id,
            &self.delivery_id,
        ]
    }
}

/// Makes a webhook that has been tried; its receiver is not there.
async fn webhook(client: &Client, pro: &str) -> (String, String) {
    let body = json!({"url": "https://127.0.0.1:1024/"});
    let answer = client
        .call("POST", "/pro/api/webhooks", Some(pro), Some(body))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/pro/api/webhooks/{id}");
    let answer = client
        .call("POST", &format!("{path}/test"), Some(pro), None)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    for _ in 0..200 {
        let answer = client.get(&format!("{path}/deliveries"), pro).await.json();
        if let Some(delivery) = answer["deliveries"][0]["id"].as_str() {
            return (id, delivery.to_owned());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing listens there, and no attempt is listed");
}

async fn call(client: &Client, route: &Route, path: &str, token: Option<&str>) -> Answer {
    if route.path.ends_with("/events") {
        // Without an end: that it begins is all there is to know.
        let mut request = client.request(route.method, path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = match status {
            200 => Vec::new(),
            _ => response.bytes().await.unwrap().to_vec(),
        };
        return Answer {
            status,
            headers,
            body,
        };
    }
    let path = match route.path.ends_with("/wait") {
        true => format!("{path}?timeout=0"),
        false => path.to_owned(),
    };
    client.call(route.method, &path, token, route.body.clone()).await
}

async fn every_route_refuses_everybody_but_its_owner(world: World) {
    let client = world.client();
    let document = client.call("GET", "/api/openapi.json", None, None).await.json();
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let tabled: BTreeSet<String> = table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(
        documented, tabled,
        "a route is missing from the document or from this table"
    );

    let owner = Owner::create(&client, &world, "owner").await;
    let other = Owner::create(&client, &world, "other").await;
    let key = &world.signing_key;

    let deleted = client.create_mailbox("deleted@mayfly.test", None).await;
    assert_eq!(
        client
            .call("DELETE", "/api/me", Some(&deleted.token), None)
            .await
            .status,
        204
    );
    let (revoked_id, revoked) = client.create_token(&owner.pro, "revoked").await;
    let path = format!("/pro/api/tokens/{revoked_id}");
    assert_eq!(
        client.call("DELETE", &path, Some(&owner.pro), None).await.status,
        204
    );

    let damaged = |token: &str| {
        let last = if token.ends_with('A') { 'B' } else { 'A' };
        format!("{}{last}", &token[..token.len() - 1])
    };
    let never_good = [
        ("an old mailbox JWT", tokens::aged(&owner.mailbox.token, key, 8)),
        ("an old Pro JWT", tokens::aged(&owner.pro, key, 8)),
        ("a deleted mailbox's JWT", deleted.token.clone()),
        ("a revoked Pro token", revoked),
        ("a damaged JWT", format!("{}x", owner.mailbox.token)),
        ("a damaged Pro token", damaged(&owner.pro_token)),
        (
            "a JWT for another audience",
            tokens::resigned(&owner.pro, key, |claims| claims["aud"] = "admin".into()),
        ),
        ("nonsense", "nonsense".to_owned()),
    ];

    for route in table() {
        let path = owner.path(&route);
        let name = format!("{} {}", route.method, route.path);
        if route.takes == Takes::Nothing {
            continue;
        }
        for (what, token) in &never_good {
            let answer = call(&client, &route, &path, Some(token)).await;
            assert_eq!(
                answer.verdict(),
                (401, "invalid_token".to_owned()),
                "{name} with {what}"
            );
        }
        let wrong_kind: &[&str] = match route.takes {
            Takes::Mailbox => &[&owner.pro, &owner.pro_token],
            Takes::Any => &[],
            _ => &[&owner.mailbox.token, &owner.owned.token],
        };
        for token in wrong_kind {
            let answer = call(&client, &route, &path, Some(token)).await;
            assert_eq!(
                answer.verdict(),
                (401, "invalid_token".to_owned()),
                "{name} with the wrong kind"
            );
        }
        if route.takes == Takes::ProOrNothing {
            continue;
        }
        let answer = call(&client, &route, &path, None).await;
        assert_eq!(
            answer.verdict(),
            (401, "invalid_token".to_owned()),
            "{name} with nothing"
        );

        let others: &[&str] = match route.takes {
            Takes::Mailbox => &[&other.mailbox.token, &other.owned.token],
            Takes::Any => &[&other.mailbox.token, &other.pro, &other.pro_token],
            _ => &[&other.pro, &other.pro_token],
        };
        for token in others {
            if path != route.path {
                let answer = call(&client, &route, &path, Some(token)).await;
                let missing = path.replace(&owner.message_id, &not_there(&owner.message_id));
                let missing = missing.replace(&owner.owned.id, &not_there(&owner.owned.id));
                let missing = missing.replace(&owner.token_id, &not_there(&owner.token_id));
                let missing = missing.replace(&owner.domain_id, &not_there(&owner.domain_id));
                let missing = missing.replace(&owner.webhook_id, &not_there(&owner.webhook_id));
                let missing = call(&client, &route, &missing, Some(token)).await;
                assert_eq!(
                    answer.verdict(),
                    (404, "not_found".to_owned()),
                    "{name} of another owner"
                );
                assert_eq!(
                    answer.body, missing.body,
                    "{name}: theirs and missing must look alike"
                );
            } else if route.method == "GET" {
                let answer = call(&client, &route, &path, Some(token)).await;
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                assert_eq!(answer.status, route.owner_status, "{name} of another owner's own");
                assert!(
                    owner.secrets().iter().all(|secret| !body.contains(secret)),
                    "{name} tells another owner: {body}"
                );
            }
        }
    }

    for route in table() {
        let token = match route.takes {
            Takes::Nothing => None,
            Takes::Mailbox | Takes::Any => Some(&owner.mailbox.token),
            Takes::Pro => Some(&owner.pro_token),
            Takes::ProOrNothing => None,
        };
        let answer = call(&client, &route, &owner.path(&route), token.map(String::as_str)).await;
        assert_eq!(
            answer.status, route.owner_status,
            "{} {} by its owner: {answer:?}",
            route.method, route.path
        );
    }
}

/// An id of the same age that names nothing.
fn not_there(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &id[..id.len() - 1])
}
