//! No issued or entered secret appears in logs, metrics, traces or the database.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use mayfly_testkit::MailSender;
use serde_json::json;

use crate::{
    client::{Client, PASSWORD},
    mcp,
    otlp::Collector,
    smtp_client::SmtpClient,
    world::{Kind, World},
};

const BODY: &str = "a private sentence of the body";
const KEY: &str = "order-4711-of-canary";

#[tokio::test]
async fn secrets_are_not_logged_or_stored_all_in_one() {
    assert_no_leak(Kind::AllInOne).await;
}

#[tokio::test]
async fn secrets_are_not_logged_or_stored_split() {
    assert_no_leak(Kind::Split).await;
}

async fn assert_no_leak(kind: Kind) {
    let collector = Collector::start();
    // Queues large enough for everything: the test must see what would otherwise be dropped.
    let room = "50000";
    let mut world = World::start_with(
        kind,
        &[
            ("MAYFLY_LOG__LEVEL", "trace"),
            ("OTEL_BLRP_MAX_QUEUE_SIZE", room),
            ("OTEL_BSP_MAX_QUEUE_SIZE", room),
            collector.env(),
        ],
    );
    let client = world.client();
    let pro = client.register("leak@example.com").await;
    let (id, revoked) = client.create_token(&pro, "revoked").await;
    let request = client.request("POST", "/pro/api/tokens").bearer_auth(&pro);
    let request = request.header("idempotency-key", KEY);
    let made = Client::read(request.json(&json!({"name": "kept"}))).await.json();
    let kept = made["token"].as_str().unwrap().to_owned();
    let mailbox = client.create_mailbox("canary@mayfly.test", Some(&kept)).await;
    let reset = json!({"password": "battery staple"});
    let path = format!("/pro/api/accounts/{}/reset-password", mailbox.id);
    assert_eq!(
        client.call("PUT", &path, Some(&pro), Some(reset)).await.status,
        200
    );
    assert_eq!(client.get("/api/me", &mailbox.token).await.status, 401);
    let sign_in = json!({"address": "canary@mayfly.test", "password": "battery staple"});
    let token = client
        .call("POST", "/api/token", None, Some(sign_in))
        .await
        .json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let wrong = json!({"address": "canary@mayfly.test", "password": "a wrong guess"});
    assert_eq!(
        client.call("POST", "/api/token", None, Some(wrong)).await.status,
        401
    );
    assert_eq!(
        client
            .call("DELETE", &format!("/pro/api/tokens/{id}"), Some(&pro), None)
            .await
            .status,
        204
    );
    assert_eq!(client.get("/pro/api/me", &revoked).await.status, 401);

    // Places where a client may put a token by mistake.
    for path in [format!("/api/me?access_token={kept}"), format!("/api/{kept}")] {
        let lost = client.get(&path, &token).await;
        assert!(lost.status == 400 || lost.status == 404, "{lost:?}");
    }

    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = format!("Subject: quiet\r\n\r\n{BODY}\r\n");
    let reply = sender
        .send(
            "correspondent@example.com",
            &["canary@mayfly.test"],
            mail.as_bytes(),
        )
        .await
        .unwrap();
    assert_eq!(reply.code, 250);
    let message = client.messages(&token).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        client
            .get(&format!("/api/messages/{message}"), &token)
            .await
            .status,
        200
    );

    let read = json!({ "name": "read_mail", "arguments": { "message_id": message } });
    let read = mcp::post(
        &client,
        "/mcp",
        Some(&token),
        &mcp::request(1, "tools/call", read),
    )
    .await;
    assert!(String::from_utf8_lossy(&read.body).contains(BODY), "{read:?}");
    let create = json!({ "name": "create_mailbox", "arguments": {} });
    let create = mcp::request(2, "tools/call", create);
    let created = mcp::post(&client, "/mcp/anonymous", None, &create).await.json();
    let anonymous = created["result"]["_meta"]["mayfly/token"].as_str().unwrap();

    let sandbox = json!({"name": "canary"});
    let sandbox = client
        .call("POST", "/pro/api/sandboxes", Some(&pro), Some(sandbox))
        .await
        .json();
    let field = |name: &str| sandbox[name].as_str().unwrap().to_owned();
    let (username, password) = (field("username"), field("password"));
    let mut smtp = SmtpClient::connect(world.smtp()).await;
    smtp.log_in(&username, &password).await;
    let reply = smtp
        .send("a@example.com", &["captured@private.example"], &mail)
        .await;
    assert!(reply.starts_with("250 "), "{reply}");
    drop(smtp);
    let login = STANDARD.encode(format!("\0{username}\0{password}"));

    let log = world.log();
    assert!(log.contains("/api/token"), "the log is not empty");
    let mut exported = log;
    for process in &world.processes {
        let admin = Client::new(&process.banner["admin"]);
        exported.push_str(&String::from_utf8(admin.call("GET", "/metrics", None, None).await.body).unwrap());
    }
    drop(sender);
    for process in world.processes.iter_mut().rev() {
        assert_eq!(process.terminate(), Some(0), "{}", process.log());
    }
    for (signal, known) in collector
        .everything()
        .iter()
        .zip(["POST /api/token", "smtp.replies", "request"])
    {
        assert!(signal.contains(known), "the collector did not receive {known}");
        exported.push_str(signal);
    }
    let signing_key = world.signing_key.to_hex();
    let secrets = [
        pro.as_str(),
        &revoked,
        &kept,
        &mailbox.token,
        &token,
        anonymous,
        PASSWORD,
        "battery staple",
        "a wrong guess",
        &signing_key,
        &password,
        &login,
    ];
    for secret in secrets {
        if let Some(at) = exported.find(secret) {
            let start = exported[..at].rfind('\n').map_or(0, |at| at + 1);
            panic!("a secret was logged: {}", &exported[start..at]);
        }
    }
    for private in [
        BODY,
        KEY,
        "canary@mayfly.test",
        "correspondent@example.com",
        "leak@example.com",
        "captured@private.example",
    ] {
        if let Some(at) = exported.find(private) {
            let start = exported[..at].rfind('\n').map_or(0, |at| at + 1);
            panic!("{private} was logged: {}", &exported[start..at]);
        }
    }
    let stored: Vec<(String, Vec<u8>)> = match &world.servers {
        Some(servers) => ["auth", "mailbox"]
            .map(|name| (name.to_owned(), servers.postgres.dump(name).into_bytes()))
            .into(),
        None => {
            let files = fs::read_dir(world.data_dir()).unwrap();
            let paths = files.map(|entry| entry.unwrap().path());
            paths
                .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
                .collect()
        }
    };
    assert!(stored.iter().any(|(_, bytes)| !bytes.is_empty()));
    for (name, bytes) in stored {
        for secret in secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{name} contains a secret");
        }
    }
}
