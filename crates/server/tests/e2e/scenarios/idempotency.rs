//! Idempotency keys: concurrent and repeated calls are applied once and return the same answer.

use std::time::Duration;

use mayfly_testkit::eventually_within;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    client::{Answer, Client, PASSWORD},
    receiver::Receiver,
    scenarios::webhooks::{case, verify},
    world::World,
};

mod worlds {
    crate::scenario!(idempotent_calls_at_once_are_applied_once, whole);
    crate::scenario!(idempotent_retry_returns_the_first_answer);
    crate::scenario!(invalid_idempotency_key_is_rejected_on_every_route);
}

const SOON: Duration = Duration::from_secs(20);

/// A Pro user with a client for every gateway.
struct User {
    clients: Vec<Client>,
    pro: String,
}

impl User {
    async fn register(world: &World, email: &str) -> Self {
        let clients: Vec<Client> = world.all("HTTP").into_iter().map(Client::new).collect();
        let pro = clients[0].register(email).await;
        Self { clients, pro }
    }

    async fn call(&self, path: &str, body: &Value, key: &str) -> Answer {
        call(&self.clients[0], path, &self.pro, body, key).await
    }

    /// Makes a call twenty times concurrently.
    async fn at_once(&self, path: &str, body: &Value, key: &str) -> Vec<Answer> {
        let mut calls = JoinSet::new();
        for n in 0..20 {
            let client = self.clients[n % self.clients.len()].clone();
            let (path, pro, body, key) = (path.to_owned(), self.pro.clone(), body.clone(), key.to_owned());
            calls.spawn(async move { call(&client, &path, &pro, &body, &key).await });
        }
        calls.join_all().await
    }

    /// Makes a call twenty times concurrently; all answers must be equal.
    async fn once(&self, path: &str, body: &Value, key: &str) -> Value {
        let answers = self.at_once(path, body, key).await;
        for answer in &answers {
            assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
            assert_eq!(answer.body, answers[0].body, "{path}");
        }
        answers[0].json()
    }

    async fn list(&self, what: &str) -> Vec<Value> {
        let answer = self.clients[0].get(&format!("/pro/api/{what}"), &self.pro).await;
        let name = what.rsplit('/').next().unwrap();
        answer.json()[name].as_array().expect("a list").clone()
    }
}

/// Posts a body; none if it is null.
async fn call(client: &Client, path: &str, pro: &str, body: &Value, key: &str) -> Answer {
    let request = client.request("POST", path).bearer_auth(pro);
    let request = request.header("idempotency-key", key);
    Client::read(if body.is_null() {
        request
    } else {
        request.json(body)
    })
    .await
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn account(name: &str) -> Value {
    json!({"address": format!("{name}@mayfly.test"), "password": PASSWORD})
}

async fn idempotent_calls_at_once_are_applied_once(world: World) {
    let (ann, receiver) = (
        User::register(&world, "ann@example.com").await,
        Receiver::start().await,
    );
    let key = "\"the-same-for-all\"".to_owned();
    let reused = (422, "idempotency_key_reused".to_owned());

    let made = ann.at_once("/api/accounts", &account("ann"), &key).await;
    for answer in &made {
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json()["id"], made[0].json()["id"]);
        let me = ann.clients[0]
            .get("/api/me", &text(&answer.json()["token"]))
            .await;
        assert_eq!(me.json()["address"], "ann@mayfly.test", "{me:?}");
    }
    assert_eq!(ann.list("accounts").await.len(), 1);
    let mut another = account("ann");
    another["password"] = "battery staple".into();
    for body in [account("bob"), another] {
        assert_eq!(ann.call("/api/accounts", &body, &key).await.outcome(), reused);
    }
    let keyless = ann.clients[0]
        .call("POST", "/api/accounts", Some(&ann.pro), Some(account("ann")))
        .await;
    assert_eq!(keyless.outcome(), (409, "address_taken".to_owned()));

    let token = ann.once("/pro/api/tokens", &json!({"name": "ci"}), &key).await;
    assert_eq!(
        ann.clients[0]
            .get("/pro/api/me", &text(&token["token"]))
            .await
            .status,
        200
    );
    assert_eq!(ann.list("tokens").await.len(), 1);
    ann.once("/pro/api/domains", &json!({"domain": "mail.example.com"}), &key)
        .await;
    assert_eq!(ann.list("domains").await.len(), 1);
    // The limit is one webhook per user.
    let target = json!({"url": receiver.url("/hook")});
    let webhook = ann.once("/pro/api/webhooks", &target, &key).await;
    assert!(text(&webhook["secret"]).starts_with("whsec_"));
    let path = format!("/pro/api/webhooks/{}", text(&webhook["id"]));
    let tested = ann.once(&format!("{path}/test"), &Value::Null, &key).await;
    assert_eq!(receiver.until_received(1).await.json()["id"], tested["event_id"]);
    let deliveries = format!("webhooks/{}/deliveries", text(&webhook["id"]));
    eventually_within("noted", SOON, async || ann.list(&deliveries).await.len() == 1).await;
    let delivery = text(&ann.list(&deliveries).await[0]["id"]);
    let replay = format!("{path}/deliveries/{delivery}/replay");
    assert_eq!(ann.once(&replay, &Value::Null, &key).await, tested);
    assert_eq!(receiver.until_received(2).await.json()["id"], tested["event_id"]);
    let rotated = ann.once(&format!("{path}/rotate"), &Value::Null, &key).await;
    assert_ne!(rotated["secret"], webhook["secret"]);
    // The previous secret also signs. It is the first one only if exactly one rotation was applied.
    let last = ann.call(&format!("{path}/test"), &Value::Null, "another").await;
    let request = receiver.until_received(3).await;
    assert_eq!(request.json()["id"], last.json()["event_id"]);
    assert_eq!(receiver.requests().len(), 3);
    let secrets = [&webhook["secret"], &rotated["secret"]];
    let (results, _) = verify(&secrets.map(|secret| case(&request, &text(secret))));
    assert_eq!(results, [true, true]);

    for (path, body) in [
        ("/pro/api/tokens", json!({"name": "another"})),
        ("/pro/api/domains", json!({"domain": "another.example.com"})),
        ("/pro/api/webhooks", json!({"url": receiver.url("/another")})),
    ] {
        assert_eq!(ann.call(path, &body, &key).await.outcome(), reused, "{path}");
    }
    // Keys are scoped to a user.
    let bob = User::register(&world, "bob@example.com").await;
    let others = bob.call("/pro/api/tokens", &json!({"name": "ci"}), &key).await;
    assert_eq!(others.status, 201);
    assert_ne!(others.json()["token"], token["token"]);
    assert_eq!(
        bob.call(&format!("{path}/rotate"), &Value::Null, &key)
            .await
            .status,
        404
    );
    // The key is the same for every credential of the user.
    let (value, body) = (text(&token["token"]), json!({"name": "ci"}));
    let same = call(&ann.clients[0], "/pro/api/tokens", &value, &body, &key).await;
    assert_eq!(same.json(), token);
}

/// Sends a call and returns the connection without reading the answer.
async fn send(world: &World, path: &str, pro: &str, body: &Value, key: &str) -> TcpStream {
    let address = world.http().strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).await.expect("a gateway");
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {pro}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

async fn idempotent_retry_returns_the_first_answer(mut world: World) {
    let user = User::register(&world, "ann@example.com").await;
    for round in 0..6 {
        let (name, key) = (format!("ann{round}"), format!("round-{round}"));
        let calls = [
            ("/pro/api/tokens", json!({"name": name})),
            ("/api/accounts", account(&name)),
        ];
        for (path, body) in &calls {
            drop(send(&world, path, &user.pro, body, &key).await);
        }
        if round % 3 == 2 {
            // The call is at an unknown point. After the kill no process holds it in memory.
            world.kill_and_restart();
        }
        let user = User {
            clients: world.all("HTTP").into_iter().map(Client::new).collect(),
            pro: user.pro.clone(),
        };
        let token = user.once(calls[0].0, &calls[0].1, &key).await;
        assert_eq!(
            user.clients[0]
                .get("/pro/api/me", &text(&token["token"]))
                .await
                .status,
            200
        );
        for answer in user.at_once(calls[1].0, &calls[1].1, &key).await {
            assert_eq!(answer.status, 201, "{answer:?}");
            let me = user.clients[0]
                .get("/api/me", &text(&answer.json()["token"]))
                .await;
            assert_eq!(me.status, 200, "{me:?}");
        }
        assert_eq!(user.list("tokens").await.len(), round + 1);
        assert_eq!(user.list("accounts").await.len(), round + 1);
    }
}

async fn invalid_idempotency_key_is_rejected_on_every_route(world: World) {
    let (ann, receiver) = (
        User::register(&world, "ann@example.com").await,
        Receiver::start().await,
    );
    let (client, pro) = (&ann.clients[0], Some(ann.pro.as_str()));
    let target = json!({"url": receiver.url("/hook")});
    let webhook = client
        .call("POST", "/pro/api/webhooks", pro, Some(target.clone()))
        .await
        .json();
    let webhook = format!("/pro/api/webhooks/{}", text(&webhook["id"]));
    let long = "k".repeat(256);
    let routes = [
        ("/api/accounts".to_owned(), account("ann"), pro),
        ("/api/accounts".to_owned(), account("ownerless"), None),
        ("/pro/api/tokens".to_owned(), json!({"name": "ci"}), pro),
        (
            "/pro/api/domains".to_owned(),
            json!({"domain": "mail.example.com"}),
            pro,
        ),
        ("/pro/api/webhooks".to_owned(), target, pro),
        (format!("{webhook}/test"), Value::Null, pro),
        (format!("{webhook}/rotate"), Value::Null, pro),
        (
            format!("{webhook}/deliveries/01a20f14-c5d0-75e4-aa11-c633d343d4ed/replay"),
            Value::Null,
            pro,
        ),
    ];
    for (path, body, pro) in &routes {
        for keys in [
            vec![&b""[..]],
            vec![b"two words"],
            vec![b"tab\tbed"],
            vec!["schl\u{fc}ssel".as_bytes()],
            vec![b"\xff"],
            vec![long.as_bytes()],
            vec![b"a", b"b"],
        ] {
            let mut request = client.request("POST", path);
            if let Some(pro) = pro {
                request = request.bearer_auth(pro);
            }
            if !body.is_null() {
                request = request.json(body);
            }
            for key in &keys {
                request = request.header("idempotency-key", *key);
            }
            let answer = Client::read(request).await;
            assert_eq!(
                answer.outcome(),
                (400, "invalid_request".to_owned()),
                "{path} {keys:?}"
            );
            assert!(
                text(&answer.json()["message"]).contains("Idempotency-Key"),
                "{answer:?}"
            );
        }
        // A carriage return would end the header line, so the request is rejected.
        let broken = send(&world, path, &ann.pro, body, "a\rX-Other: b").await;
        assert!(read(broken).await.starts_with("HTTP/1.1 400 "), "{path}");
    }
    for what in ["accounts", "tokens", "domains"] {
        assert!(ann.list(what).await.is_empty(), "{what}");
    }
    assert!(receiver.requests().is_empty());
    // Without an owner the key is ignored: the second call finds the address taken.
    let request = || client.request("POST", "/api/accounts").json(&account("free"));
    for status in [201, 409] {
        let answer = Client::read(request().header("idempotency-key", "k")).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

async fn read(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}
