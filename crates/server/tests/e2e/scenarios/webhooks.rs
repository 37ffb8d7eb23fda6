//! Webhook deliveries and their signatures, verified by the libraries of Standard Webhooks.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use mayfly_testkit::{MailSender, eventually_within};
use serde_json::{Value, json};

use crate::{
    receiver::{Receiver, WebhookRequest},
    world::World,
};

mod killed;

mod worlds {
    crate::scenario!(webhook_deliveries_are_signed_until_deleted, whole);
    crate::scenario!(filtered_webhook_gets_matching_mail_only);
}

const TIMEOUT: Duration = Duration::from_secs(20);

/// Each script reads cases and prints for each whether the signature is valid.
const PYTHON: &str = r#"
import hashlib, hmac, json, sys
from standardwebhooks import Webhook
def is_valid(case):
    headers = case["headers"]
    try:
        Webhook(case["secret"]).verify(case["body"], headers)
        return True
    except Exception as error:
        print(error, file=sys.stderr)
        return False
def is_plain(case):
    headers = case["headers"]
    message = headers["webhook-timestamp"] + "." + case["body"]
    digest = hmac.new(case["secret"].encode(), message.encode(), hashlib.sha256).hexdigest()
    return headers["x-webhook-signature"] == "sha256=" + digest
cases = json.load(sys.stdin)
print(json.dumps([[is_valid(case), is_plain(case)] for case in cases]))
"#;

const NODE: &str = r#"
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
const isGenuine = ({ secret, body, headers }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(isGenuine)));
"#;

fn run(command: &mut Command, cases: &[Value]) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let input = serde_json::to_vec(cases).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"))
}

/// Verifies with the Rust library.
pub(super) fn is_valid(case: &Value) -> bool {
    let mut headers = http::HeaderMap::new();
    for (name, value) in case["headers"].as_object().unwrap() {
        let name: http::HeaderName = name.parse().unwrap();
        headers.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    let webhook = standardwebhooks::Webhook::new(case["secret"].as_str().unwrap()).unwrap();
    webhook
        .verify(case["body"].as_str().unwrap().as_bytes(), &headers)
        .is_ok()
}

/// Verifies with the libraries of three languages, which must agree. Also returns whether the plain HMAC header is valid.
pub(super) fn verify(cases: &[Value]) -> (Vec<bool>, Vec<bool>) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let python = format!("{root}/target/tools/clients/bin/python");
    let results = run(Command::new(python).args(["-c", PYTHON]), cases);
    let results: Vec<[bool; 2]> = serde_json::from_value(results).unwrap();
    let (standard, plain): (Vec<_>, Vec<_>) = results.into_iter().map(<(bool, bool)>::from).unzip();
    let mut node = crate::node::command();
    node.args(["--input-type=module", "-e", NODE]);
    let of_node: Vec<bool> = serde_json::from_value(run(&mut node, cases)).unwrap();
    let of_rust: Vec<bool> = cases.iter().map(is_valid).collect();
    assert_eq!((&of_node, &of_rust), (&standard, &standard));
    (standard, plain)
}

pub(super) fn case(request: &WebhookRequest, secret: &str) -> Value {
    let headers: serde_json::Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    json!({"secret": secret, "body": request.body, "headers": headers})
}

/// A case with one header changed.
fn with_header(request: &WebhookRequest, secret: &str, name: &str, value: &str) -> Value {
    let mut case = case(request, secret);
    case["headers"][name] = value.into();
    case
}

/// The request is valid as received, and invalid with any part changed.
fn assert_signed(request: &WebhookRequest, secret: &str, other_secret: &str) {
    let mut body = case(request, secret);
    body["body"] = request.body.replacen("news", "sews", 1).into();
    assert_ne!(body["body"], request.body);
    let time: i64 = request.header("webhook-timestamp").parse().unwrap();
    let cases = [
        case(request, secret),
        body,
        with_header(request, secret, "webhook-id", "evt_another"),
        with_header(request, secret, "webhook-timestamp", &(time + 1).to_string()),
        with_header(request, secret, "webhook-timestamp", &(time - 3600).to_string()),
        case(request, other_secret),
    ];
    let (standard, plain) = verify(&cases);
    assert_eq!(standard, [true, false, false, false, false, false]);
    // The plain HMAC header does not cover the id.
    assert_eq!(plain, [true, false, true, false, false, false]);
}

async fn send(world: &World, recipient: &str) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = b"From: Ann <ann@example.com>\r\nSubject: news\r\n\r\nHello.\r\n";
    let reply = sender.send("bounce@example.com", &[recipient], mail).await;
    assert_eq!(reply.unwrap().code, 250);
}

async fn webhook_deliveries_are_signed_until_deleted(world: World) {
    let (client, receiver) = (world.client(), Receiver::start().await);
    let pro = client.register("ann@example.com").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", Some(&pro)).await;
    let call = async |method: &str, path: &str, body: Option<Value>| {
        let path = format!("/pro/api/webhooks{path}");
        client.call(method, &path, Some(&pro), body).await
    };
    let target = |path: &str| Some(json!({"url": receiver.url(path)}));
    let text = |value: &Value| value.as_str().expect("text").to_owned();

    let created = call("POST", "", target("/hook")).await;
    assert_eq!(created.status, 201, "{created:?}");
    let (webhook, secret) = (created.json(), text(&created.json()["secret"]));
    let id = text(&webhook["id"]);
    assert_eq!(
        call("POST", "", target("/second")).await.outcome(),
        (403, "webhook_limit_reached".to_owned())
    );
    let listed = call("GET", "", None).await;
    assert!(!String::from_utf8_lossy(&listed.body).contains("whsec_"));

    // A new mail is delivered to the webhook.
    send(&world, &mailbox.address).await;
    let first = receiver.until_received(1).await;
    let event = first.json();
    assert_eq!(
        (first.path.as_str(), first.header("content-type")),
        ("/hook", "application/json")
    );
    assert_eq!(event["type"], "email.received");
    assert_eq!(event["id"], first.header("webhook-id"));
    assert_eq!(event["data"]["account_id"], mailbox.id);
    assert_eq!(event["data"]["subject"], "news");
    assert_eq!(
        event["data"]["email_id"],
        client.messages(&mailbox.token).await[0]["id"]
    );
    let another = format!("whsec_{}", "A".repeat(43) + "=");
    assert_signed(&first, &secret, &another);

    // After the rotation both secrets sign; the plain HMAC header uses the new one.
    let rotated = call("POST", &format!("/{id}/rotate"), None).await;
    assert_eq!((rotated.status, &rotated.json()["id"]), (200, &webhook["id"]));
    let new_secret = text(&rotated.json()["secret"]);
    assert_ne!(new_secret, secret);
    let tested = call("POST", &format!("/{id}/test"), None).await;
    assert_eq!(tested.status, 202, "{tested:?}");
    let sample = receiver.until_received(2).await;
    assert_eq!(sample.json()["id"], tested.json()["event_id"]);
    let cases = [
        case(&sample, &secret),
        case(&sample, &new_secret),
        case(&sample, &another),
    ];
    assert_eq!(
        verify(&cases),
        (vec![true, true, false], vec![false, true, false])
    );

    // Attempts are listed newest first; the oldest is replayed.
    let deliveries = async || {
        let answer = call("GET", &format!("/{id}/deliveries"), None).await;
        answer.json()["deliveries"].as_array().expect("a list").clone()
    };
    eventually_within("noted", TIMEOUT, async || deliveries().await.len() == 2).await;
    let made = deliveries().await;
    let events: Vec<&Value> = made.iter().map(|made| &made["event_id"]).collect();
    assert_eq!(events, [&sample.json()["id"], &event["id"]]);
    assert_eq!(made[1]["status_code"], 200);
    assert_eq!(made[1]["attempt"], 1);
    let path = format!("/{id}/deliveries/{}/replay", text(&made[1]["id"]));
    let replayed = call("POST", &path, None).await;
    assert_eq!(
        (replayed.status, &replayed.json()["event_id"]),
        (202, &event["id"])
    );
    let again = receiver.until_received(3).await;
    assert_eq!(
        (&again.body, again.header("webhook-id")),
        (&first.body, first.header("webhook-id"))
    );
    assert_signed(&again, &new_secret, &another);

    // A deleted webhook gets no deliveries.
    assert_eq!(call("DELETE", &format!("/{id}"), None).await.status, 204);
    assert_eq!(call("GET", &format!("/{id}/deliveries"), None).await.status, 404);
    assert_eq!(call("POST", "", target("/other")).await.status, 201);
    send(&world, &mailbox.address).await;
    assert_eq!(receiver.until_received(4).await.path, "/other");
    assert_eq!(receiver.requests().len(), 4);
}

async fn filtered_webhook_gets_matching_mail_only(world: World) {
    let (client, receiver) = (world.client(), Receiver::start().await);
    let pro = client.register("ann@example.com").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", Some(&pro)).await;
    let body =
        json!({"url": receiver.url("/hook"), "filter": "from:shop.example body:parcel -subject:offer"});
    let created = client
        .call("POST", "/pro/api/webhooks", Some(&pro), Some(body))
        .await;
    assert_eq!(created.status, 201, "{created:?}");
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mut send = async |from: &str, subject: &str, text: &str| {
        let mail = format!("From: {from}\r\nSubject: {subject}\r\n\r\n{text}\r\n");
        let reply = sender
            .send("bounce@example.com", &[&mailbox.address], mail.as_bytes())
            .await;
        assert_eq!(reply.unwrap().code, 250);
    };
    send("orders@shop.example", "first", "Your parcel has left.").await;
    send("orders@shop.example", "offer", "A parcel at half the price.").await;
    send("orders@shop.example", "bill", "Please pay.").await;
    send("ann@other.example", "hello", "The parcel is here.").await;
    send("orders@shop.example", "last", "Your PARCEL has arrived.").await;
    receiver.until_received(2).await;
    let path = format!("/pro/api/webhooks/{}", created.json()["id"].as_str().unwrap());
    let removed = client
        .call("PUT", &path, Some(&pro), Some(json!({"filter": null})))
        .await;
    assert_eq!(removed.status, 200, "{removed:?}");
    send("ann@other.example", "unfiltered", "Hello.").await;
    receiver.until_received(3).await;
    let mut subjects: Vec<String> = receiver
        .requests()
        .iter()
        .map(|request| request.json()["data"]["subject"].as_str().unwrap().to_owned())
        .collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["first", "last", "unfiltered"]);
    assert_eq!(client.messages(&mailbox.token).await.len(), 6);
}
