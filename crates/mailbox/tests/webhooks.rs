//! Webhooks through the service: signed events, retries, replays, and isolation between owners.

mod bounds;
mod crowded;
mod filters;
mod hostile;
mod model;
mod repeated;
mod scans;
mod secrets;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::HeaderMap;
use mayfly_proto::mailbox::{
    CreateWebhookRequest, CreateWebhookResponse, DeleteWebhookRequest, ListWebhookDeliveriesRequest,
    ListWebhooksRequest, ReplayWebhookDeliveryRequest, RotateWebhookSecretRequest, TestWebhookRequest,
    Webhook, WebhookDelivery, WebhookStatus,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test, eventually};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
};

use crate::world::{World, assert_refused, mail, user};

db_test!(
    deliver_message_posts_one_signed_event,
    deliver_message_event_has_codes_and_links,
    failed_attempt_is_retried_with_same_id_and_body,
    rotate_webhook_secret_keeps_old_signature_for_a_day,
    replay_is_not_cancelled_by_late_success,
    gone_receiver_gets_no_events_until_rotation,
    create_webhook_rejects_private_targets,
    webhook_calls_hide_webhooks_of_other_users,
    redirect_response_fails_and_is_not_followed,
);

/// A receiver with a configurable response. It records its requests.
#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    answer: watch::Sender<String>,
    takes: std::time::Duration,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::late(std::time::Duration::ZERO).await
    }

    /// Delays each response.
    async fn late(takes: std::time::Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            answer: watch::Sender::new("204 No Content".to_owned()),
            takes,
            received: Arc::default(),
        };
        let this = receiver.clone();
        #[expect(clippy::disallowed_methods, reason = "a receiver is no part of Mayfly")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move { this.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(&self, mut stream: tokio::net::TcpStream) {
        let mut bytes = Vec::new();
        while let Ok(1..) = stream.read_buf(&mut bytes).await {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let mut headers = HeaderMap::new();
            for line in head.lines().skip(1) {
                let (name, value) = line.split_once(": ").unwrap();
                headers.insert(
                    http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    value.parse().unwrap(),
                );
            }
            let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
            if body.len() < length {
                continue;
            }
            let body = Bytes::copy_from_slice(body.as_bytes());
            self.received.lock().unwrap().push((headers, body));
            tokio::time::sleep(self.takes).await;
            let mut answers = self.answer.subscribe();
            let answer = answers
                .wait_for(|answer| !answer.is_empty())
                .await
                .unwrap()
                .clone();
            let _ = stream
                .write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .await;
            return;
        }
    }

    /// Sets the response. While it is empty, requests wait.
    pub(crate) fn answers(&self, answer: &str) {
        self.answer.send_replace(answer.to_owned());
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn received(&self) -> Vec<(HeaderMap, Bytes)> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) async fn until_received(&self, count: usize) -> Vec<(HeaderMap, Bytes)> {
        eventually("received", async || self.received().len() >= count).await;
        self.received()
    }
}

pub(crate) async fn create(world: &World, owner: &str, url: &str) -> Result<CreateWebhookResponse, Failure> {
    create_once(world, owner, url, None).await
}

async fn create_once(
    world: &World,
    owner: &str,
    url: &str,
    key: Option<&str>,
) -> Result<CreateWebhookResponse, Failure> {
    let request = CreateWebhookRequest {
        owner_user_id: owner.to_owned(),
        url: url.to_owned(),
        events: Vec::new(),
        filter: String::new(),
        idempotency_key: key.map(str::to_owned),
        ..CreateWebhookRequest::default()
    };
    let answer = world.client.clone().create_webhook(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner())
}

pub(crate) async fn list(world: &World, owner: &str) -> Vec<Webhook> {
    let owner_user_id = owner.to_owned();
    let mut client = world.client.clone();
    let answer = client
        .list_webhooks(ListWebhooksRequest {
            owner_user_id,
            ..ListWebhooksRequest::default()
        })
        .await;
    answer.unwrap().into_inner().webhooks
}

async fn deliveries(world: &World, owner: &str, id: &str) -> Result<Vec<WebhookDelivery>, Failure> {
    let request = ListWebhookDeliveriesRequest {
        owner_user_id: owner.to_owned(),
        webhook_id: id.to_owned(),
        ..ListWebhookDeliveriesRequest::default()
    };
    let answer = world.client.clone().list_webhook_deliveries(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().deliveries)
}

pub(crate) async fn rotate(world: &World, owner: &str, id: &str) -> Result<String, Failure> {
    rotate_once(world, owner, id, None).await
}

async fn rotate_once(world: &World, owner: &str, id: &str, key: Option<&str>) -> Result<String, Failure> {
    let request = RotateWebhookSecretRequest {
        owner_user_id: owner.to_owned(),
        webhook_id: id.to_owned(),
        idempotency_key: key.map(str::to_owned),
        ..RotateWebhookSecretRequest::default()
    };
    let answer = world.client.clone().rotate_webhook_secret(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().secret)
}

/// Replays the event of an attempt; returns the event's id.
async fn replay(world: &World, owner: &str, made: &WebhookDelivery) -> Result<String, Failure> {
    let webhook_id = list(world, owner).await[0].webhook_id.clone();
    replay_once(world, owner, &webhook_id, &made.delivery_id, None).await
}

async fn replay_once(
    world: &World,
    owner: &str,
    id: &str,
    delivery_id: &str,
    key: Option<&str>,
) -> Result<String, Failure> {
    let request = ReplayWebhookDeliveryRequest {
        owner_user_id: owner.to_owned(),
        webhook_id: id.to_owned(),
        delivery_id: delivery_id.to_owned(),
        idempotency_key: key.map(str::to_owned),
        ..ReplayWebhookDeliveryRequest::default()
    };
    let answer = world.client.clone().replay_webhook_delivery(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().event_id)
}

async fn test(world: &World, owner: &str, id: &str) -> Result<String, Failure> {
    test_once(world, owner, id, None).await
}

async fn test_once(world: &World, owner: &str, id: &str, key: Option<&str>) -> Result<String, Failure> {
    let request = TestWebhookRequest {
        owner_user_id: owner.to_owned(),
        webhook_id: id.to_owned(),
        idempotency_key: key.map(str::to_owned),
        ..TestWebhookRequest::default()
    };
    let answer = world.client.clone().test_webhook(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().event_id)
}

/// A world with a receiver, a mailbox of an owner, and the owner's webhook.
pub(crate) async fn with_webhook(db: Db) -> (World, Receiver, String, String, CreateWebhookResponse) {
    let (world, receiver, owner) = (World::new(db).await, Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let webhook = create(&world, &owner, &receiver.url()).await.unwrap();
    (world, receiver, owner, account, webhook)
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

async fn deliver_message_posts_one_signed_event(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let unowned = world.create("bob@mayfly.test").await;
    world.deliver(&[&unowned], &mail("private")).await.unwrap();
    let ids = world.deliver(&[&account], &mail("news")).await.unwrap();
    let received = receiver.until_received(1).await;
    let (headers, body) = &received[0];
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["type"], "email.received");
    assert_eq!(body["data"]["email_id"], ids[0]);
    assert_eq!(body["data"]["subject"], "news");
    assert_eq!(body["data"]["address"], "ann@mayfly.test");
    assert_eq!(body["data"]["codes"], serde_json::json!([]));
    let id = text(headers, "webhook-id");
    assert_eq!(body["id"], id);
    assert_eq!(text(headers, "x-webhook-id"), id);
    assert!(id.starts_with("evt_") && webhook.secret.starts_with("whsec_"));
    assert!(text(headers, "x-webhook-signature").starts_with("sha256="));
    let webhook = webhook.webhook.unwrap();
    eventually("noted", async || {
        list(&world, &owner).await[0].last_triggered_at.is_some()
    })
    .await;
    let made = deliveries(&world, &owner, &webhook.webhook_id).await.unwrap();
    assert_eq!(
        (made.len(), made[0].status_code, made[0].attempt),
        (1, Some(204), 1)
    );
    assert_eq!(receiver.received().len(), 1);
}

/// In the form of the streams.
async fn deliver_message_event_has_codes_and_links(db: Db) {
    let (world, receiver, _, account, _) = with_webhook(db).await;
    let mail = b"Subject: 482913 is your code\r\n\r\nConfirm: https://b.test/verify/1\r\n";
    world.deliver(&[&account], mail).await.unwrap();
    let received = receiver.until_received(1).await;
    let body: serde_json::Value = serde_json::from_slice(&received[0].1).unwrap();
    assert_eq!(
        (&body["data"]["codes"], &body["data"]["links"]),
        (
            &serde_json::json!([{"value": "482913", "found_in": "subject", "confidence": 0.75}]),
            &serde_json::json!([
                {"url": "https://b.test/verify/1", "text": null, "kind": "verify", "confidence": 0.98}
            ]),
        )
    );
}

async fn failed_attempt_is_retried_with_same_id_and_body(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let id = webhook.webhook.unwrap().webhook_id;
    receiver.answers("500 Sorry");
    world.deliver(&[&account], &mail("news")).await.unwrap();
    receiver.until_received(1).await;
    eventually("noted", async || list(&world, &owner).await[0].failure_count == 1).await;
    // After the rotation both secrets sign.
    rotate(&world, &owner, &id).await.unwrap();
    receiver.answers("200 OK");
    world.clock.advance(Duration::seconds(7));
    let received = receiver.until_received(2).await;
    let [(first, body), (second, again)] = &received[..] else {
        panic!()
    };
    assert_eq!(body, again);
    assert_eq!(text(first, "webhook-id"), text(second, "webhook-id"));
    assert_ne!(
        text(first, "webhook-timestamp"),
        text(second, "webhook-timestamp")
    );
    assert_eq!(text(first, "webhook-signature").split(' ').count(), 1);
    assert_eq!(text(second, "webhook-signature").split(' ').count(), 2);
    eventually("noted", async || {
        deliveries(&world, &owner, &id).await.unwrap().len() == 2
    })
    .await;
    let made = deliveries(&world, &owner, &id).await.unwrap();
    assert_eq!((made[0].attempt, made[1].attempt), (2, 1));
    assert_eq!(list(&world, &owner).await[0].failure_count, 0);
    let replayed = replay(&world, &owner, &made[0]).await.unwrap();
    let third = receiver.until_received(3).await.remove(2);
    assert_eq!(text(&third.0, "webhook-id"), replayed);
    assert_eq!(third.1, *body);
}

async fn rotate_webhook_secret_keeps_old_signature_for_a_day(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let id = webhook.webhook.unwrap().webhook_id;
    rotate(&world, &owner, &id).await.unwrap();
    let minutes = [0, 24 * 60 - 1, 2];
    for (n, (minutes, signatures)) in minutes.into_iter().zip([2, 2, 1]).enumerate() {
        world.clock.advance(Duration::minutes(minutes));
        world.deliver(&[&account], &mail("news")).await.unwrap();
        let (headers, _) = receiver.until_received(n + 1).await.remove(n);
        assert_eq!(
            text(&headers, "webhook-signature").split(' ').count(),
            signatures,
            "{n}"
        );
    }
}

async fn replay_is_not_cancelled_by_late_success(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let id = webhook.webhook.unwrap().webhook_id;
    receiver.answers("500 Sorry");
    world.deliver(&[&account], &mail("news")).await.unwrap();
    eventually("noted", async || list(&world, &owner).await[0].failure_count == 1).await;
    let failed = deliveries(&world, &owner, &id).await.unwrap().remove(0);
    receiver.answers("");
    world.clock.advance(Duration::seconds(7));
    receiver.until_received(2).await;
    // The second attempt is in flight; its response comes after the replay call.
    replay(&world, &owner, &failed).await.unwrap();
    receiver.answers("200 OK");
    let received = receiver.until_received(3).await;
    let ids: Vec<_> = received
        .iter()
        .map(|(headers, _)| text(headers, "webhook-id"))
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    eventually("noted", async || {
        let made = deliveries(&world, &owner, &id).await.unwrap();
        let mut attempts: Vec<_> = made.iter().map(|made| made.attempt).collect();
        // Two of them have the same time.
        attempts.sort_unstable();
        attempts == [1, 1, 2]
    })
    .await;
}

async fn gone_receiver_gets_no_events_until_rotation(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let id = webhook.webhook.unwrap().webhook_id;
    receiver.answers("410 Gone");
    world.deliver(&[&account], &mail("one")).await.unwrap();
    eventually("failed", async || {
        list(&world, &owner).await[0].status() == WebhookStatus::Failed
    })
    .await;
    world.deliver(&[&account], &mail("unheard")).await.unwrap();
    let made = deliveries(&world, &owner, &id).await.unwrap().remove(0);
    for refused in [
        test(&world, &owner, &id).await,
        replay(&world, &owner, &made).await,
    ] {
        assert_eq!(
            refused.unwrap_err().reason,
            Reason::InvalidRequest,
            "nothing is kept for it"
        );
    }
    receiver.answers("200 OK");
    rotate(&world, &owner, &id).await.unwrap();
    let webhook = list(&world, &owner).await.remove(0);
    assert_eq!(
        (webhook.status(), webhook.failure_count),
        (WebhookStatus::Active, 0)
    );
    world.deliver(&[&account], &mail("two")).await.unwrap();
    let received = receiver.until_received(2).await;
    assert!(String::from_utf8_lossy(&received[1].1).contains("\"subject\":\"two\""));
}

async fn redirect_response_fails_and_is_not_followed(db: Db) {
    let (world, receiver, owner, account, _) = with_webhook(db).await;
    let elsewhere = Receiver::start().await;
    receiver.answers(&format!("307 Elsewhere\r\nLocation: {}", elsewhere.url()));
    world.deliver(&[&account], &mail("news")).await.unwrap();
    eventually("noted", async || list(&world, &owner).await[0].failure_count == 1).await;
    assert!(elsewhere.received().is_empty());
}

async fn create_webhook_rejects_private_targets(db: Db) {
    let world = World::new(db).await;
    for url in [
        "https://10.0.0.1/",
        "https://a@hooks.example.com/",
        "https://hooks.example.com:25/",
        "x",
    ] {
        let refused = create(&world, &user(), url).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidUrl);
    }
}

async fn webhook_calls_hide_webhooks_of_other_users(db: Db) {
    let (world, _, owner, _, webhook) = with_webhook(db).await;
    let (id, other) = (webhook.webhook.unwrap().webhook_id, user());
    assert!(list(&world, &other).await.is_empty());
    assert_refused(
        deliveries(&world, &other, &id).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    assert_refused(
        rotate(&world, &other, &id).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    let delete = async |owner: &str| {
        let request = DeleteWebhookRequest {
            owner_user_id: owner.to_owned(),
            webhook_id: id.clone(),
            ..DeleteWebhookRequest::default()
        };
        let answer = world.client.clone().delete_webhook(request).await;
        answer.map(drop).map_err(Failure::from)
    };
    assert_refused(delete(&other).await, ErrorCode::NotFound, Reason::NotFound);
    delete(&owner).await.unwrap();
    assert_refused(delete(&owner).await, ErrorCode::NotFound, Reason::NotFound);
}
