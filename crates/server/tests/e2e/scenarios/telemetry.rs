//! Telemetry export: one trace from the edge to the use case, metrics, logs, and an unavailable collector.

mod export;
mod traces;

use mayfly_testkit::MailSender;

use crate::{
    client::{Client, Mailbox, PASSWORD},
    otlp::Collector,
    world::{Kind, World},
};

const FOREIGN_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The `traceparent` of an untrusted client, with the sampled flag.
fn traceparent() -> String {
    format!("00-{FOREIGN_TRACE}-b7ad6b7169203331-01")
}

/// Signs in, lists messages, and sends a mail. Returns the id of the list request.
async fn use_everything(world: &World) -> (Mailbox, String) {
    let client = world.client();
    let mailbox = client.create_mailbox("traced@mayfly.test", None).await;
    let sign_in = serde_json::json!({"address": mailbox.address, "password": PASSWORD});
    let signed_in = client.call("POST", "/api/token", None, Some(sign_in)).await;
    assert_eq!(signed_in.status, 200);
    let list = client
        .request("GET", "/api/messages?page=1")
        .bearer_auth(&mailbox.token)
        .header("traceparent", traceparent())
        .header("tracestate", "vendor=anything");
    let listed = Client::read(list).await;
    assert_eq!(listed.status, 200);
    let request_id = listed.headers["x-request-id"].to_str().unwrap().to_owned();
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = b"Subject: traced\r\n\r\nHello.\r\n";
    let reply = sender
        .send("someone@example.com", &["traced@mayfly.test"], mail)
        .await
        .unwrap();
    assert_eq!(reply.code, 250);
    let reply = sender.command("MAIL FROM:<someone@example.com>").await.unwrap();
    assert_eq!(reply.code, 250);
    let reply = sender.command("RCPT TO:<nobody@mayfly.test>").await.unwrap();
    assert_eq!(reply.code, 550);
    (mailbox, request_id)
}

/// Sends SIGTERM to each process, edges first; each must exit with 0.
fn terminate(world: &mut World) {
    for process in world.processes.iter_mut().rev() {
        assert_eq!(process.terminate(), Some(0), "{}", process.log());
    }
}

#[tokio::test]
async fn revoke_token_increments_the_counter() {
    let collector = Collector::start();
    let mut world = World::start_with(Kind::AllInOne, &[collector.env()]);
    let client = world.client();
    let pro = client.register("revoker@example.com").await;
    let (id, _) = client.create_token(&pro, "short-lived").await;
    let path = format!("/pro/api/tokens/{id}");
    assert_eq!(client.call("DELETE", &path, Some(&pro), None).await.status, 204);
    terminate(&mut world);
    for name in ["auth.token.revocations", "auth.token.revocation.duration"] {
        let (_, points) = &collector.metrics()[name];
        assert!(
            points.contains("pro_token") && points.contains("certain"),
            "{name}: {points}"
        );
    }
}
