//! Tickets: a credential for URLs, valid once, for one purpose, and not longer than its token.

use mayfly_testkit::MailSender;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    world::{Kind, World},
};

mod worlds {
    crate::scenario!(ticket_is_valid_once_for_one_purpose, whole);
    crate::scenario!(body_document_is_sandboxed);
}

const POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; \
                      style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

async fn send(world: &World, to: &str, mail: &str) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = format!("{mail}\r\n");
    let reply = sender
        .send("a@example.com", &[to], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

async fn newest(client: &Client, token: &str) -> String {
    client.messages(token).await[0]["id"].as_str().unwrap().to_owned()
}

async fn issue(client: &Client, token: &str, body: Value) -> Answer {
    client.call("POST", "/api/tickets", Some(token), Some(body)).await
}

async fn ticket(client: &Client, token: &str, body: Value) -> String {
    let answer = issue(client, token, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(answer.json()["expires_at"].as_str().unwrap().ends_with('Z'));
    answer.json()["ticket"].as_str().unwrap().to_owned()
}

async fn body(client: &Client, id: &str, ticket: &str) -> (u16, String) {
    let path = format!("/api/messages/{id}/body?ticket={ticket}");
    client.call("GET", &path, None, None).await.outcome()
}

async fn ticket_is_valid_once_for_one_purpose(world: World) {
    // Calls alternate between gateways.
    let (client, second) = (world.client(), world.client());
    let refused = (401, "invalid_token".to_owned());
    let pro = client.register("ann@example.com").await;
    let (token_id, pro_token) = client.create_token(&pro, "used").await;
    let owned = client.create_mailbox("owned@mayfly.test", Some(&pro)).await;
    let ann = client.create_mailbox("ann@mayfly.test", None).await;
    let bob = client.create_mailbox("bob@mayfly.test", None).await;
    for address in [&ann.address, &ann.address, &bob.address, &owned.address] {
        send(&world, address, "Subject: x\r\n\r\nhello").await;
    }
    let mails = client.messages(&ann.token).await;
    let [id, other_id] = [0, 1].map(|n| mails[n]["id"].as_str().unwrap().to_owned());
    let of_message = json!({"for": "message", "id": id});

    let one = ticket(&client, &ann.token, of_message.clone()).await;
    assert_eq!(body(&second, &id, &one).await, (200, String::new()));
    for client in [&client, &second] {
        assert_eq!(body(client, &id, &one).await, refused, "a replay");
    }
    let for_events = ticket(&client, &ann.token, json!({"for": "events"})).await;
    assert_eq!(body(&second, &id, &for_events).await, refused, "another purpose");
    let for_this = ticket(&client, &ann.token, of_message.clone()).await;
    assert_eq!(
        body(&second, &other_id, &for_this).await,
        refused,
        "another object"
    );
    assert_eq!(body(&second, &id, &for_this).await, refused, "the ticket is used");
    let bobs = issue(&client, &bob.token, of_message.clone()).await;
    assert_eq!(bobs.outcome(), (404, "not_found".to_owned()), "another user");
    let bobs = issue(&client, &pro_token, of_message.clone()).await;
    assert_eq!(bobs.outcome(), (404, "not_found".to_owned()), "another user");

    // A Pro user need not name the mailbox. Revoking a token revokes its tickets.
    let owned_id = newest(&client, &owned.token).await;
    let of_owned = json!({"for": "message", "id": owned_id});
    let good = ticket(&client, &pro_token, of_owned.clone()).await;
    assert_eq!(body(&second, &owned_id, &good).await, (200, String::new()));
    let revoked = ticket(&client, &pro_token, of_owned).await;
    let path = format!("/pro/api/tokens/{token_id}");
    assert_eq!(client.call("DELETE", &path, Some(&pro), None).await.status, 204);
    assert_eq!(body(&second, &owned_id, &revoked).await, refused, "revoked since");

    // Two credentials are rejected, and only some routes accept tickets.
    let both = ticket(&client, &ann.token, of_message.clone()).await;
    for path in [
        format!("/api/messages/{id}/body?ticket={both}"),
        format!("/api/me?ticket={both}"),
    ] {
        let answer = client.get(&path, &ann.token).await;
        assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{path}");
    }
    for path in [
        format!("/api/messages/{id}?ticket={both}"),
        format!("/api/me?ticket={both}"),
    ] {
        assert_eq!(
            client.call("GET", &path, None, None).await.outcome(),
            refused,
            "{path}"
        );
    }
    for name in ["access_token", "token", "ticket"] {
        let path = format!("/api/messages/{id}/body?{name}={}", ann.token);
        assert_eq!(
            client.call("GET", &path, None, None).await.outcome(),
            refused,
            "{name}"
        );
    }
    assert_eq!(
        body(&second, &id, &both).await,
        (200, String::new()),
        "the ticket is unused"
    );

    for wrong in [
        json!({}),
        json!({"for": "all"}),
        json!({"for": "message"}),
        json!({"for": 1}),
    ] {
        let answer = issue(&client, &ann.token, wrong.clone()).await;
        assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{wrong}");
    }
    let log = world.log();
    for secret in [&one, &good, &both, &ann.token] {
        assert!(!log.contains(secret.as_str()), "the log contains a credential");
    }
}

async fn body_document_is_sandboxed(world: World) {
    let client = world.client();
    let ann = client.create_mailbox("ann@mayfly.test", None).await;
    let gif = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
    let html = "<p style='color:red;position:fixed'>hi<script>alert(1)</script>\
                <img src='cid:logo@x'><img src='https://t.test/x'><a href='https://a.test/' onclick=x>go</a>\
                <a href='javascript:x'>no</a>";
    let related = format!(
        "Subject: x\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n\
         --b\r\nContent-Type: image/gif\r\nContent-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n{gif}\r\n--b--\r\n"
    );
    send(&world, &ann.address, &related).await;
    let id = newest(&client, &ann.token).await;
    let answer = client.get(&format!("/api/messages/{id}/body"), &ann.token).await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("content-type", "text/html; charset=utf-8"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("x-dns-prefetch-control", "off"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let found: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(found, [value], "{name}");
    }
    let link = "rel=\"noopener noreferrer\"";
    let shown = String::from_utf8(answer.body).unwrap();
    assert!(
        shown.contains("<p style=\"color:red\">hi<img src=\"data:image/gif;base64,"),
        "{shown}"
    );
    assert!(
        shown.contains(gif) && shown.contains("href=\"https://a.test/\"") && shown.contains(link),
        "{shown}"
    );
    for gone in ["script", "t.test", "onclick", "javascript", "cid:"] {
        assert!(!shown.contains(gone), "{gone} in {shown}");
    }
    let path = format!("/api/messages/{id}/body?images=remote");
    let remote = client.get(&path, &ann.token).await;
    let policy = remote.headers["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        policy,
        POLICY.replace("img-src data:", "img-src data: https: http:")
    );
    assert!(
        String::from_utf8(remote.body)
            .unwrap()
            .contains("<img src=\"https://t.test/x\">")
    );

    send(
        &world,
        &ann.address,
        "Subject: x\r\n\r\n<b>&</b> https://a.test/?a=1&b=\"x",
    )
    .await;
    let id = newest(&client, &ann.token).await;
    let text = client.get(&format!("/api/messages/{id}/body"), &ann.token).await;
    let text = String::from_utf8(text.body).unwrap();
    assert!(
        text.contains("&lt;b&gt;&amp;&lt;/b&gt; <a href=\"https://a.test/?a=1&amp;b=\" "),
        "{text}"
    );
}

/// The gRPC calls and raw reads of a process, from its metrics.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    grpc_calls: u64,
    raw_reads: u64,
}

impl Cost {
    async fn read(world: &World) -> Self {
        let admin = Client::new(world.admin());
        let metrics = admin.call("GET", "/metrics", None, None).await.body;
        let metrics = String::from_utf8(metrics).unwrap();
        let count = |name: &str, label: &str| {
            let counters = metrics
                .lines()
                .filter(|line| line.starts_with(name) && line.contains(label));
            counters
                .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
                .sum()
        };
        Self {
            grpc_calls: count("rpc_server_call_duration_seconds_count", "rpc_method="),
            raw_reads: count(
                "db_client_operation_duration_seconds_count",
                "db_operation_name=\"find_raw_message\"",
            ),
        }
    }
}

/// The page reads the message, gets a ticket and loads the body in a frame: three requests, whatever the number of images.
#[tokio::test]
async fn open_html_mail_costs_six_calls() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let ann = client.create_mailbox("ann@mayfly.test", None).await;
    let gif = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
    let html: String = (0..20).map(|n| format!("<img src='cid:{n}@x'>")).collect();
    let images: String = (0..20)
        .map(|n| {
            format!(
                "--b\r\nContent-Type: image/gif\r\nContent-ID: <{n}@x>\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{gif}\r\n"
            )
        })
        .collect();
    let mail = format!(
        "Subject: x\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/html\r\n\r\n{html}\r\n{images}--b--\r\n"
    );
    send(&world, &ann.address, &mail).await;
    let id = newest(&client, &ann.token).await;

    let before = Cost::read(&world).await;
    let message = client.get(&format!("/api/messages/{id}"), &ann.token).await;
    assert_eq!(message.status, 200);
    let ticket = ticket(&client, &ann.token, json!({"for": "message", "id": id})).await;
    let path = format!("/api/messages/{id}/body?ticket={ticket}");
    let body = client.call("GET", &path, None, None).await;
    assert_eq!(body.status, 200);
    let shown = String::from_utf8(body.body).unwrap();
    assert_eq!(shown.matches("data:image/gif;base64,").count(), 20);
    let after = Cost::read(&world).await;
    let cost = Cost {
        grpc_calls: after.grpc_calls - before.grpc_calls,
        raw_reads: after.raw_reads - before.raw_reads,
    };
    let expected = Cost {
        grpc_calls: 6,
        raw_reads: 2,
    };
    assert_eq!(cost, expected);
}
