//! The API of operators on the admin listener, and `mayfly admin`: who may call it, what it changes, and that a change holds
//! for every gateway once it is answered.

mod command;
mod sessions;

use std::io::{Cursor, Read};

use mayfly_testkit::{MailSender, eventually};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, PASSWORD},
    delivery_log::mail,
    world::{Kind, World},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Every route of the admin listener, and one that does not exist.
const ROUTES: [(&str, &str); 23] = [
    ("GET", "/statistics"),
    ("GET", "/audit"),
    ("GET", "/users"),
    ("POST", "/users"),
    ("DELETE", "/users/1"),
    ("POST", "/users/1/password"),
    ("POST", "/users/1/suspend"),
    ("POST", "/users/1/resume"),
    ("PUT", "/users/1/role"),
    ("GET", "/users/1/webhooks"),
    ("POST", "/webhooks/1/pause"),
    ("POST", "/webhooks/1/resume"),
    ("GET", "/accounts"),
    ("DELETE", "/accounts/1"),
    ("POST", "/accounts/1/suspend"),
    ("POST", "/accounts/1/resume"),
    ("GET", "/accounts/1/export"),
    ("GET", "/domains"),
    ("PUT", "/domains/mayfly.test"),
    ("GET", "/blocks"),
    ("PUT", "/blocks"),
    ("DELETE", "/blocks/1"),
    ("GET", "/nothing"),
];

/// A world whose gateways accept the token of the operator `ann`.
struct Operated {
    world: World,
    _tokens: tempfile::NamedTempFile,
    admin: Client,
}

impl Operated {
    fn start(kind: Kind) -> Self {
        let tokens = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(tokens.path(), format!("ann {TOKEN}\n")).unwrap();
        let path = tokens.path().to_str().unwrap().to_owned();
        let world = World::start_with(kind, &[("MAYFLY_ADMIN__TOKEN_FILE", &path)]);
        let index = match kind {
            Kind::AllInOne => 0,
            _ => world.replicas("gateway").start,
        };
        let admin = Client::new(&world.processes[index].banner["admin"]);
        Self {
            world,
            _tokens: tokens,
            admin,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let path = format!("/admin/api{path}");
        self.admin.call(method, &path, Some(TOKEN), body).await
    }

    async fn succeeds(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let answer = self.call(method, path, body).await;
        assert!(
            matches!(answer.status, 200 | 201 | 204),
            "{method} {path}: {answer:?}"
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// A client of each gateway.
    fn gateways(&self) -> Vec<Client> {
        self.world.all("HTTP").into_iter().map(Client::new).collect()
    }

    /// The last reply to a mail.
    async fn send(&self, from: &str, to: &str) -> u16 {
        let mut sender = MailSender::ready(self.world.smtp()).await.unwrap();
        sender.send(from, &[to], &mail("news")).await.unwrap().code
    }
}

/// Defines a test in one process on SQLite, and in two for each role over PostgreSQL.
macro_rules! operated {
    ($($name:ident)+) => {
        mod worlds {
            use super::{Kind, Operated};
            $(mod $name {
                #[tokio::test]
                async fn all_in_one() {
                    super::super::$name(super::Operated::start(super::Kind::AllInOne)).await;
                }

                #[tokio::test]
                async fn replicas() {
                    super::super::$name(super::Operated::start(super::Kind::Replicas)).await;
                }
            })+
        }
    };
}

operated! {
    suspended_mailbox_is_closed_on_every_gateway
    suspended_user_is_rejected_on_every_gateway
    blocked_mail_is_rejected
    deleted_user_is_gone_on_every_gateway
}

#[tokio::test]
async fn operator_api_needs_a_token_of_the_file() {
    let operated = Operated::start(Kind::AllInOne);
    let client = operated.world.client();
    let pro = client.register("ann@example.com").await;
    let (_, api_token) = client.create_token(&pro, "ci").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    for (method, path) in ROUTES {
        let path = format!("/admin/api{path}");
        for token in [
            None,
            Some(&pro),
            Some(&api_token),
            Some(&mailbox.token),
            Some(&"x".repeat(32)),
        ] {
            let token = token.map(String::as_str);
            let answer = operated.admin.call(method, &path, token, Some(json!({}))).await;
            assert_eq!(
                answer.outcome(),
                (401, "invalid_token".to_owned()),
                "{method} {path}"
            );
        }
        // The public listener has no such route.
        let answer = client.call(method, &path, Some(TOKEN), Some(json!({}))).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
        // A page of another site that points its name here.
        let request = operated.admin.request(method, &path).bearer_auth(TOKEN);
        let answer = Client::read(request.header("host", "evil.example")).await;
        assert_eq!(answer.status, 421, "{method} {path}: {answer:?}");
    }
    assert_eq!(operated.call("GET", "/statistics", None).await.status, 200);
    assert_eq!(operated.call("GET", "/nothing", None).await.status, 404);
}

#[tokio::test]
async fn operator_api_without_token_file_is_off() {
    let world = World::start(Kind::Split);
    for admin in world.all("admin") {
        let answer = Client::new(admin)
            .call("GET", "/admin/api/users", Some(TOKEN), None)
            .await;
        assert_eq!(answer.status, 404, "{admin}: {answer:?}");
    }
}

async fn suspended_mailbox_is_closed_on_every_gateway(operated: Operated) {
    let client = operated.world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let other = client.create_mailbox("bob@mayfly.test", None).await;
    assert_eq!(operated.send("a@b.test", &mailbox.address).await, 250);
    let found = operated
        .succeeds("GET", "/accounts?address=ann@mayfly.test", None)
        .await;
    assert_eq!(found["accounts"][0]["id"], mailbox.id);
    assert_eq!(found["accounts"][0]["state"], "active");
    let message = client.messages(&mailbox.token).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let path = format!("/accounts/{}", mailbox.id);
    operated
        .succeeds(
            "POST",
            &format!("{path}/suspend"),
            Some(json!({"reason": "phishing"})),
        )
        .await;
    for gateway in operated.gateways() {
        for (method, path) in [
            ("GET", "/api/me".to_owned()),
            ("GET", "/api/messages".to_owned()),
            ("GET", format!("/api/messages/{message}")),
            ("GET", format!("/api/messages/{message}/source")),
            ("GET", "/api/messages/wait?timeout=5".to_owned()),
            ("DELETE", format!("/api/messages/{message}")),
            ("DELETE", "/api/me".to_owned()),
        ] {
            let answer = gateway.call(method, &path, Some(&mailbox.token), None).await;
            assert_eq!(
                answer.outcome(),
                (403, "account_suspended".to_owned()),
                "{method} {path}"
            );
        }
        assert_eq!(gateway.get("/api/messages", &other.token).await.status, 200);
        let body = json!({"address": mailbox.address, "password": PASSWORD});
        assert_eq!(
            gateway
                .call("POST", "/api/token", None, Some(body.clone()))
                .await
                .status,
            401
        );
        let taken = gateway.call("POST", "/api/accounts", None, Some(body)).await;
        assert_eq!(taken.outcome(), (409, "address_taken".to_owned()));
    }
    assert_eq!(operated.send("a@b.test", &mailbox.address).await, 550);
    assert_eq!(operated.send("a@b.test", "ann+tag@mayfly.test").await, 550);
    assert_eq!(operated.send("a@b.test", &other.address).await, 250);

    // The operator can still read it.
    let zip = operated.call("GET", &format!("{path}/export"), None).await;
    assert_eq!(zip.status, 200, "{zip:?}");
    let mut zip = zip::ZipArchive::new(Cursor::new(zip.body)).unwrap();
    let mut raw = Vec::new();
    let name = format!("messages/{message}.eml");
    zip.by_name(&name).unwrap().read_to_end(&mut raw).unwrap();
    assert_eq!(raw, mail("news"));
    let described: Value = serde_json::from_reader(zip.by_name("account.json").unwrap()).unwrap();
    assert_eq!(described["account"]["address"], mailbox.address);
    assert_eq!(described["messages"][0]["sender"], "a@b.test");

    operated
        .succeeds("POST", &format!("{path}/resume"), Some(json!({})))
        .await;
    for gateway in operated.gateways() {
        assert_eq!(gateway.messages(&mailbox.token).await.len(), 1);
    }
    assert_eq!(operated.send("a@b.test", &mailbox.address).await, 250);

    operated.succeeds("DELETE", &path, None).await;
    for gateway in operated.gateways() {
        assert_eq!(gateway.get("/api/messages", &mailbox.token).await.status, 401);
    }
    assert_eq!(operated.call("DELETE", &path, None).await.status, 404);
    let audit = operated.succeeds("GET", "/audit", None).await;
    let actions: Vec<(&str, &str, &str)> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap();
            assert_eq!(text("operator"), "ann");
            assert_eq!(text("subject"), mailbox.id);
            (text("action"), text("detail"), text("operator"))
        })
        .collect();
    assert_eq!(
        actions
            .iter()
            .map(|(action, detail, _)| (*action, *detail))
            .collect::<Vec<_>>(),
        [
            ("suspend_mailbox", "phishing"),
            ("export_mailbox", ""),
            ("resume_mailbox", ""),
            ("delete_mailbox", "")
        ]
    );
    // The log has it too, without the address.
    let log = operated.world.log();
    assert!(log.contains("suspend_mailbox") && log.contains(&mailbox.id));
}

async fn suspended_user_is_rejected_on_every_gateway(operated: Operated) {
    let client = operated.world.client();
    let pro = client.register("ann@example.com").await;
    let (_, token) = client.create_token(&pro, "ci").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", Some(&pro)).await;
    let kept = client.create_mailbox("kept@mayfly.test", Some(&pro)).await;
    let other = client.register("bob@example.com").await;
    let path = format!("/accounts/{}/suspend", kept.id);
    operated.succeeds("POST", &path, Some(json!({}))).await;
    let found = operated.succeeds("GET", "/users?contains=ANN@", None).await;
    assert_eq!(found["users"].as_array().unwrap().len(), 1, "{found}");
    let id = found["users"][0]["id"].as_str().unwrap().to_owned();
    for gateway in operated.gateways() {
        for token in [&pro, &token] {
            assert_eq!(gateway.get("/pro/api/accounts", token).await.status, 200);
        }
    }

    let suspended = operated
        .succeeds(
            "POST",
            &format!("/users/{id}/suspend"),
            Some(json!({"reason": "abuse"})),
        )
        .await;
    assert_eq!(suspended["accounts"], 1);
    for gateway in operated.gateways() {
        for token in [&pro, &token] {
            for (method, path) in [
                ("GET", "/pro/api/me"),
                ("GET", "/pro/api/accounts"),
                ("POST", "/pro/api/tokens"),
                ("POST", "/api/accounts"),
            ] {
                let body = json!({"name": "x", "address": "x@mayfly.test", "password": PASSWORD});
                let answer = gateway.call(method, path, Some(token), Some(body)).await;
                assert_eq!(
                    answer.outcome(),
                    (403, "account_suspended".to_owned()),
                    "{method} {path}"
                );
            }
        }
        let answer = gateway.get("/api/messages", &mailbox.token).await;
        assert_eq!(answer.outcome(), (403, "account_suspended".to_owned()));
        let body = json!({"email": "ann@example.com", "password": PASSWORD});
        let answer = gateway.call("POST", "/pro/api/login", None, Some(body)).await;
        assert_eq!(answer.outcome(), (403, "account_suspended".to_owned()));
        let body = json!({"email": "ann@example.com", "password": "wrong password"});
        let answer = gateway.call("POST", "/pro/api/login", None, Some(body)).await;
        assert_eq!(answer.outcome(), (401, "invalid_credentials".to_owned()));
        assert_eq!(gateway.get("/pro/api/me", &other).await.status, 200);
    }
    assert_eq!(operated.send("a@b.test", &mailbox.address).await, 550);

    operated
        .succeeds("POST", &format!("/users/{id}/resume"), Some(json!({})))
        .await;
    for gateway in operated.gateways() {
        for token in [&pro, &token] {
            assert_eq!(gateway.get("/pro/api/me", token).await.status, 200);
        }
        assert_eq!(gateway.get("/api/messages", &mailbox.token).await.status, 200);
        // Suspended by itself.
        assert_eq!(gateway.get("/api/messages", &kept.token).await.status, 403);
    }

    // A reset ends the sessions.
    let reset = operated
        .succeeds("POST", &format!("/users/{id}/password"), Some(json!({})))
        .await;
    for gateway in operated.gateways() {
        assert_eq!(gateway.get("/pro/api/me", &pro).await.status, 401);
        let body = json!({"email": "ann@example.com", "password": reset["password"]});
        assert_eq!(
            gateway
                .call("POST", "/pro/api/login", None, Some(body))
                .await
                .status,
            200
        );
    }
    let unknown = "/users/0190a0b0-0000-7000-8000-000000000000/suspend";
    assert_eq!(operated.call("POST", unknown, Some(json!({}))).await.status, 404);
}

/// Deleted while suspended, as after abuse.
async fn deleted_user_is_gone_on_every_gateway(operated: Operated) {
    let client = operated.world.client();
    let pro = client.register("ann@example.com").await;
    let (_, token) = client.create_token(&pro, "ci").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", Some(&pro)).await;
    let evidence = client.create_mailbox("evidence@mayfly.test", Some(&pro)).await;
    let other = client.register("bob@example.com").await;
    let body = json!({"url": "https://hooks.example.com/x"});
    let created = client
        .call("POST", "/pro/api/webhooks", Some(&pro), Some(body))
        .await;
    assert_eq!(created.status, 201, "{created:?}");
    let path = format!("/accounts/{}/suspend", evidence.id);
    operated.succeeds("POST", &path, Some(json!({}))).await;
    let found = operated.succeeds("GET", "/users?contains=ann@", None).await;
    let path = format!("/users/{}", found["users"][0]["id"].as_str().unwrap());
    let suspend = format!("{path}/suspend");
    operated.succeeds("POST", &suspend, Some(json!({}))).await;

    operated.succeeds("DELETE", &path, None).await;
    for gateway in operated.gateways() {
        for token in [&pro, &token] {
            let answer = gateway.get("/pro/api/me", token).await;
            assert_eq!(answer.outcome(), (401, "invalid_token".to_owned()));
        }
        assert_eq!(gateway.get("/api/messages", &mailbox.token).await.status, 401);
        assert_eq!(gateway.get("/api/messages", &evidence.token).await.status, 403);
        assert_eq!(gateway.get("/pro/api/me", &other).await.status, 200);
    }
    assert_eq!(operated.send("a@b.test", &mailbox.address).await, 550);
    assert_eq!(operated.call("DELETE", &path, None).await.status, 404);
    let webhooks = operated.succeeds("GET", &format!("{path}/webhooks"), None).await;
    assert_eq!(webhooks["webhooks"], json!([]));
    let audit = operated.succeeds("GET", "/audit?limit=1", None).await;
    assert_eq!(audit["entries"][0]["action"], "delete_user");
    // The e-mail address is free.
    client.register("ann@example.com").await;
}

async fn blocked_mail_is_rejected(operated: Operated) {
    let client = operated.world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let to = mailbox.address.as_str();
    assert_eq!(operated.send("bulk@spam.example", to).await, 250);
    let put = async |body: Value| operated.succeeds("PUT", "/blocks", Some(body)).await;
    let block = put(json!({"sender": "*@Spam.example", "reason": "bulk"})).await;
    assert_eq!(block["sender"], "*@spam.example");
    // Other processes of the service read the list every two seconds.
    let is_rejected = async |from: &str| {
        for _ in 0..4 {
            if operated.send(from, to).await != 550 {
                return false;
            }
        }
        true
    };
    eventually("the sender is blocked", async || {
        is_rejected("bulk@spam.example").await
    })
    .await;
    assert_eq!(operated.send("bulk@ham.example", to).await, 250);
    // The same block again is no second one.
    let again = put(json!({"sender": "*@spam.example", "reason": "again"})).await;
    assert_eq!(again["id"], block["id"]);
    let listed = operated.succeeds("GET", "/blocks", None).await;
    assert_eq!(listed["blocks"].as_array().unwrap().len(), 1, "{listed}");
    let path = format!("/blocks/{}", block["id"].as_str().unwrap());
    operated.succeeds("DELETE", &path, None).await;
    eventually("the sender is free", async || {
        operated.send("bulk@spam.example", to).await == 250
            && operated.send("bulk@spam.example", to).await == 250
    })
    .await;

    let client_block = put(json!({"client": "127.0.0.0/8"})).await;
    eventually("the client is blocked", async || {
        is_rejected("bulk@ham.example").await
    })
    .await;
    let path = format!("/blocks/{}", client_block["id"].as_str().unwrap());
    operated.succeeds("DELETE", &path, None).await;
    put(json!({"address": "ann@mayfly.test"})).await;
    eventually("the address is blocked", async || {
        is_rejected("bulk@ham.example").await
    })
    .await;
    for body in [
        json!({}),
        json!({"sender": "*"}),
        json!({"sender": "a@b.test", "client": "127.0.0.1"}),
        json!({"client": "everybody"}),
        json!({"sender": "a@b.test", "expires_at": 1}),
        json!({"sendr": "a@b.test"}),
    ] {
        let answer = operated.call("PUT", "/blocks", Some(body.clone())).await;
        assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{body}");
    }
    assert_eq!(operated.call("DELETE", &path, None).await.status, 404);
}
