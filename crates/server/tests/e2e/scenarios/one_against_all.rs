//! One client takes all that it can get of each shared pool, and another client's requests are not refused. Clients are
//! loopback addresses, or what a trusted proxy on 127.0.0.1 names.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use mayfly_testkit::MailSender;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::{
    client::{Client, Mailbox, PASSWORD},
    world::{Kind, World},
};

const GREEDY: &str = "198.51.100.1";
const OTHER: &str = "198.51.100.2";

fn world(more: &[(&str, &str)]) -> World {
    let proxy = [("MAYFLY_GATEWAY__TRUSTED_PROXIES", "127.0.0.1/32")];
    World::start_with(Kind::AllInOne, &[&proxy[..], more].concat())
}

/// A request of a client behind the proxy.
fn from(client: &Client, address: &str, method: &str, path: &str, token: &str) -> RequestBuilder {
    client
        .request(method, path)
        .header("x-forwarded-for", address)
        .bearer_auth(token)
}

async fn status(request: RequestBuilder) -> u16 {
    Client::read(request).await.status
}

/// Connects from a loopback address.
async fn connect_from(source: [u8; 4], world: &World) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((source, 0))).unwrap();
    let address = world.http().strip_prefix("http://").unwrap().parse().unwrap();
    socket.connect(address).await.unwrap()
}

async fn mail(world: &World, mailbox: &Mailbox, bytes: &[u8]) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("a@example.com", &[&mailbox.address], bytes)
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

async fn message_path(client: &Client, mailbox: &Mailbox) -> String {
    let messages = client.messages(&mailbox.token).await;
    format!("/api/messages/{}", messages[0]["id"].as_str().unwrap())
}

/// Silent connections of one client: others get through, and each is closed by a deadline.
#[tokio::test]
async fn silent_connections_of_one_client_refuse_no_other() {
    let world = world(&[
        ("MAYFLY_GATEWAY__MAX_CONNECTIONS", "60"),
        ("MAYFLY_GATEWAY__MAX_CONNECTIONS_PER_CLIENT", "20"),
    ]);
    let mut silent = Vec::new();
    for n in 0..100 {
        let mut stream = connect_from([127, 0, 0, 2], &world).await;
        // Nothing, one byte, or most of an HTTP/2 preface; a refused connection may be closed already.
        let sent: &[u8] = [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"][n % 3];
        let _ = stream.write_all(sent).await;
        silent.push(stream);
    }
    for _ in 0..50 {
        let mut other = connect_from([127, 0, 0, 3], &world).await;
        let request = b"GET /api/domains HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        other.write_all(request).await.unwrap();
        let mut answer = String::new();
        other.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let closed = silent.into_iter().map(async |mut stream| {
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "a silent connection stays open");
        answer.starts_with(b"HTTP/1.1 429 ")
    });
    let refused = join_all(closed)
        .await
        .into_iter()
        .filter(|is_refused| *is_refused)
        .count();
    // A client that sends while it is refused can lose the reason to a reset.
    assert!((20..=80).contains(&refused), "{refused}");
}

#[tokio::test]
async fn streams_of_one_client_refuse_no_other() {
    let world = world(&[("MAYFLY_GATEWAY__MAX_STREAMS", "40")]);
    let client = world.client();
    let (mut greedy, mut taken) = (Vec::new(), 0);
    for n in 0..4 {
        greedy.push(client.create_mailbox(&format!("g{n}@mayfly.test"), None).await);
    }
    let other = client.create_mailbox("other@mayfly.test", None).await;
    let mut waits = JoinSet::new();
    for mailbox in greedy.iter().cycle().take(80) {
        let path = "/api/messages/wait?timeout=20";
        waits.spawn(status(from(&client, GREEDY, "GET", path, &mailbox.token)));
    }
    for _ in 0..30 {
        let path = "/api/messages/wait?timeout=0";
        assert_eq!(status(from(&client, OTHER, "GET", path, &other.token)).await, 204);
    }
    while let Some(status) = waits.join_next().await {
        let status = status.unwrap();
        assert!(matches!(status, 204 | 429), "{status}");
        taken += u32::from(status == 204);
    }
    assert!((1..=10).contains(&taken), "a quarter of 40: {taken}");
}

/// Slow downloads of one mailbox: others download, and memory stays flat.
#[tokio::test]
async fn slow_downloads_of_one_mailbox_refuse_no_other() {
    let world = world(&[]);
    let client = world.client();
    let greedy = client.create_mailbox("greedy@mayfly.test", None).await;
    let other = client.create_mailbox("other@mayfly.test", None).await;
    let large = format!(
        "Subject: large\r\n\r\n{}",
        "some text in a line\r\n".repeat(700_000)
    );
    mail(&world, &greedy, large.as_bytes()).await;
    mail(&world, &other, b"Subject: small\r\n\r\nx\r\n").await;
    let paths = [
        message_path(&client, &greedy).await,
        message_path(&client, &other).await,
    ];
    let paths = paths.map(|path| format!("{path}/source"));
    let before = world.processes[0].rss_bytes();
    let downloads = (0..40).map(|_| from(&client, GREEDY, "GET", &paths[0], &greedy.token).send());
    let slow = tokio::spawn(join_all(downloads));
    for _ in 0..30 {
        assert_eq!(
            status(from(&client, OTHER, "GET", &paths[1], &other.token)).await,
            200
        );
    }
    let mut responses: Vec<_> = slow.await.unwrap().into_iter().map(Result::unwrap).collect();
    for _ in 0..30 {
        assert_eq!(
            status(from(&client, OTHER, "GET", &paths[1], &other.token)).await,
            200
        );
    }
    let grown = world.processes[0].rss_bytes().saturating_sub(before);
    assert!(grown < 200 << 20, "memory grew by {grown} bytes");
    let taken = responses
        .iter()
        .filter(|response| response.status() == 200)
        .count();
    assert_eq!(taken, 4, "the share of a mailbox");
    responses.retain(|response| response.status() == 200);
    // What was read late is whole.
    let body = responses.swap_remove(0).bytes().await.unwrap();
    assert!(body == large.as_bytes(), "{} bytes", body.len());
}

/// Whole messages that one client does not take: others read theirs, and memory stays bounded.
#[tokio::test]
async fn untaken_messages_of_one_client_refuse_no_other() {
    let world = world(&[]);
    let client = world.client();
    let greedy = client.create_mailbox("greedy@mayfly.test", None).await;
    let other = client.create_mailbox("other@mayfly.test", None).await;
    let line = "some text in a line\r\n";
    let large = |lines: usize| format!("Subject: large\r\n\r\n{}", line.repeat(lines));
    mail(&world, &greedy, large(700_000).as_bytes()).await;
    mail(&world, &other, large(100_000).as_bytes()).await;
    let paths = [
        message_path(&client, &greedy).await,
        message_path(&client, &other).await,
    ];
    let before = world.processes[0].rss_bytes();
    let requests = (0..40).map(|_| from(&client, GREEDY, "GET", &paths[0], &greedy.token).send());
    let untaken = tokio::spawn(join_all(requests));
    for _ in 0..10 {
        assert_eq!(
            status(from(&client, OTHER, "GET", &paths[1], &other.token)).await,
            200
        );
    }
    let mut responses: Vec<_> = untaken.await.unwrap().into_iter().map(Result::unwrap).collect();
    let grown = world.processes[0].rss_bytes().saturating_sub(before);
    assert!(grown < 400 << 20, "memory grew by {grown} bytes");
    let taken = |response: &reqwest::Response| response.status() == 200;
    let refused = responses.iter().filter(|response| !taken(response));
    assert!(refused.clone().all(|response| response.status() == 429));
    assert_eq!(refused.count(), 36, "64 MiB of a client");
    responses.retain(taken);
    // What was taken late is whole.
    let body: Value = responses.swap_remove(0).json().await.unwrap();
    assert!(body["text_body"].as_str().unwrap() == line.repeat(700_000));
}

#[tokio::test]
async fn documents_of_one_mailbox_refuse_no_other() {
    let world = world(&[]);
    let client = world.client();
    let greedy = client.create_mailbox("greedy@mayfly.test", None).await;
    let other = client.create_mailbox("other@mayfly.test", None).await;
    let html = "Content-Type: text/html\r\n\r\n";
    let costly = format!(
        "{html}{}",
        "<table><tr><td>x&amp;y</td></tr></table>\r\n".repeat(9_000)
    );
    mail(&world, &greedy, costly.as_bytes()).await;
    mail(&world, &other, format!("{html}<p>x</p>\r\n").as_bytes()).await;
    let paths = [
        message_path(&client, &greedy).await,
        message_path(&client, &other).await,
    ];
    let paths = paths.map(|path| format!("{path}/body"));
    let mut costly = JoinSet::new();
    for _ in 0..60 {
        costly.spawn(status(from(&client, GREEDY, "GET", &paths[0], &greedy.token)));
    }
    for _ in 0..20 {
        assert_eq!(
            status(from(&client, OTHER, "GET", &paths[1], &other.token)).await,
            200
        );
    }
    while let Some(status) = costly.join_next().await {
        let status = status.unwrap();
        assert!(matches!(status, 200 | 429), "{status}");
    }
}

#[tokio::test]
async fn tickets_of_one_mailbox_refuse_no_other() {
    let world = world(&[]);
    let client = world.client();
    let greedy = client.create_mailbox("greedy@mayfly.test", None).await;
    let other = client.create_mailbox("other@mayfly.test", None).await;
    let ticket = |address, token: &str| {
        status(from(&client, address, "POST", "/api/tickets", token).json(&json!({"for": "events"})))
    };
    let mut statuses: Vec<u16> = Vec::new();
    for _ in 0..300 {
        statuses.push(ticket(GREEDY, &greedy.token).await);
    }
    assert!(
        statuses.iter().all(|status| matches!(status, 201 | 429)),
        "{statuses:?}"
    );
    for _ in 0..20 {
        assert_eq!(ticket(OTHER, &other.token).await, 201);
    }
}

/// A flood of sign-ins of one client to many accounts does not fill the queue of the hashing threads.
#[tokio::test]
async fn sign_ins_of_one_client_refuse_no_other() {
    let world = world(&[
        ("MAYFLY_GATEWAY__SIGN_IN_LIMIT", "0"),
        ("MAYFLY_AUTH__HASH_QUEUE", "20"),
        ("MAYFLY_AUTH__HASH_WORKERS", "1"),
    ]);
    let client = world.client();
    client.create_mailbox("other@mayfly.test", None).await;
    let sign_in = |address: &str, account: &str| {
        let body: Value = json!({"address": account, "password": PASSWORD});
        let request = client
            .request("POST", "/api/token")
            .header("x-forwarded-for", address);
        status(request.json(&body))
    };
    let mut flood = JoinSet::new();
    for n in 0..200 {
        flood.spawn(sign_in(GREEDY, &format!("n{n}@mayfly.test")));
    }
    for _ in 0..10 {
        assert_eq!(sign_in(OTHER, "other@mayfly.test").await, 200);
    }
    while let Some(status) = flood.join_next().await {
        let status = status.unwrap();
        assert!(matches!(status, 401 | 429), "{status}");
    }
}

/// Addresses of 1 MiB, which the limit of sign-ins counts: none of them stays in memory.
#[tokio::test]
async fn sign_in_with_long_addresses_keeps_memory_flat() {
    let world = world(&[]);
    let client = world.client();
    let sign_in = async |n: usize| {
        let address = format!("{n}{}@mayfly.test", "x".repeat(1_000_000));
        let body = json!({"address": address, "password": PASSWORD});
        let address = format!("198.51.100.{}", n % 250);
        let request = client
            .request("POST", "/api/token")
            .header("x-forwarded-for", address);
        assert_eq!(status(request.json(&body)).await, 401);
    };
    for n in 0..20 {
        sign_in(n).await;
    }
    let before = world.processes[0].rss_bytes();
    for n in 20..140 {
        sign_in(n).await;
    }
    let grown = world.processes[0].rss_bytes().saturating_sub(before);
    assert!(grown < 60 << 20, "memory grew by {grown} bytes");
}
