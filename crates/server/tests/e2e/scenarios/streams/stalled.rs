//! Readers that stop reading: the server buffers little for them, closes them, and they resume without a gap.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use h2::client::handshake;
use http::Request;
use mayfly_testkit::eventually_within;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{connections::until_open, large::send_links, text};
use crate::{
    client::Mailbox,
    follow::{Events, Frame, Socket, connect_with_small_buffer},
    world::{Kind, World},
};

/// 100 KiB each: more than the buffers of a connection hold.
const MAILS: usize = 90;
/// After this many, the buffers of a stalled reader are full.
const KEPT: usize = 30;
const MAILBOXES: usize = 8;
/// Bound of the memory growth. Without backpressure, two readers per mailbox would take 94 MiB.
const FLAT_BYTES: u64 = 48 << 20;

#[tokio::test]
async fn stalled_reader_is_closed_and_resumes() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let base = world.http().to_owned();
    let mut stopped = Vec::new();
    for n in 0..MAILBOXES {
        let mailbox = client.create_mailbox(&format!("a{n}@mayfly.test"), None).await;
        let connection = connect_with_small_buffer(&base).await;
        let address = connection.local_addr().unwrap();
        let socket = Socket::follow_over(connection, &base, &mailbox.token).await;
        let events = follow_events(&base, &mailbox.token).await;
        stopped.push((mailbox, socket.unwrap(), address, events));
    }
    until_open(&world, "events", MAILBOXES).await;
    let mut reading = Socket::follow(&base, &stopped[0].0.token, None).await.unwrap();
    let addresses: Vec<String> = stopped
        .iter()
        .map(|(mailbox, ..)| mailbox.address.clone())
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();

    let rss = || world.processes[0].rss_bytes();
    let (mut before, mut most) = (0, 0);
    for n in 0..MAILS {
        send_links(&world, &addresses, &format!("n{n}")).await;
        // Another reader is not affected.
        let Frame::Text(message) = reading.next().await else {
            panic!("n{n} is published")
        };
        assert_eq!(text(&message, "subject"), format!("n{n}"));
        if n <= KEPT {
            before = rss();
        }
        most = most.max(rss());
    }
    // The write time-out is ten seconds.
    tokio::join!(
        until_open(&world, "websocket", 1),
        until_open(&world, "events", 0)
    );
    let grown = most.max(rss()).saturating_sub(before);
    assert!(grown < FLAT_BYTES, "memory grew by {grown} bytes");

    // Clients that read again resume from their cursor. The others stay closed.
    let (never, again): (Vec<_>, Vec<_>) = stopped.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
    for (_, (mailbox, socket, _, events)) in again {
        resume_socket(&base, &mailbox, socket).await;
        resume_events(&base, &mailbox, events).await;
    }
    let left = never.iter().map(async |(_, (_, _, address, events))| {
        until_closed(*address).await;
        until_closed(events.local_addr().unwrap()).await;
    });
    join_all(left).await;
}

/// The reader has ten seconds for the close frame, so it reads as soon as it is closed, while mail still arrives.
#[tokio::test]
async fn stalled_websocket_gets_the_close_code() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let connection = connect_with_small_buffer(world.http()).await;
    let socket = Socket::follow_over(connection, world.http(), &mailbox.token).await;
    let mut socket = socket.unwrap();
    until_open(&world, "websocket", 1).await;
    let send = async {
        for n in 0..MAILS {
            send_links(&world, &[&mailbox.address], &format!("n{n}")).await;
        }
    };
    let read = async {
        until_open(&world, "websocket", 0).await;
        loop {
            match socket.next().await {
                Frame::Text(_) => {}
                end => break end,
            }
        }
    };
    let ((), end) = tokio::join!(send, read);
    assert_eq!(end, Frame::Closed(1013));
}

/// Requests events and reads nothing.
async fn follow_events(base: &str, token: &str) -> TcpStream {
    let mut stream = connect_with_small_buffer(base).await;
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn resume_socket(base: &str, mailbox: &Mailbox, mut socket: Socket) {
    let mut received = Vec::new();
    let end = loop {
        match socket.next().await {
            Frame::Text(message) => received.push(message),
            end => break end,
        }
    };
    // The server keeps the close frame for ten seconds only, and many clients and mails can take longer than that.
    assert!(matches!(end, Frame::Closed(1013) | Frame::Lost), "{end:?}");
    assert!(received.len() < MAILS, "the server never stopped writing");
    let since = received.last().map(|last| text(last, "id"));
    let mut socket = Socket::follow(base, &mailbox.token, since.as_deref())
        .await
        .unwrap();
    while received.len() < MAILS {
        let Frame::Text(message) = socket.next().await else {
            panic!("the remaining messages are received")
        };
        received.push(message);
    }
    assert_complete(&received);
}

async fn resume_events(base: &str, mailbox: &Mailbox, mut stream: TcpStream) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let body = String::from_utf8(bytes).unwrap();
    // The last event is incomplete.
    let (whole, _) = body.rsplit_once("\n\n").unwrap();
    let data = whole.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut received: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    assert!(received.len() < MAILS, "the server never stopped writing");
    let last = whole
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .next_back();
    let url = format!("{base}/api/events");
    let mut events = Events::open(&url, Some(&mailbox.token), last).await.unwrap();
    while received.len() < MAILS {
        received.push(
            events
                .next()
                .await
                .expect("the remaining messages are received")
                .data,
        );
    }
    assert_complete(&received);
}

fn assert_complete(received: &[Value]) {
    let subjects: Vec<String> = received.iter().map(|message| text(message, "subject")).collect();
    let all: Vec<String> = (0..MAILS).map(|n| format!("n{n}")).collect();
    assert_eq!(subjects, all);
}

/// Waits until no process owns the other side of a connection. The kernel may still hold it, with unsent data.
async fn until_closed(client: SocketAddr) {
    let far_end = format!(":{:04X}", client.port());
    eventually_within(
        "the stalled reader is closed",
        Duration::from_secs(45),
        async || {
            let connections = tokio::fs::read_to_string("/proc/net/tcp").await.unwrap();
            !connections.lines().skip(1).any(|line| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                // The remote address and the owning inode; 0 means no process.
                fields[2].ends_with(&far_end) && fields[9] != "0"
            })
        },
    )
    .await;
}

/// Over HTTP/2 a client can answer pings and read nothing. A stream with unread data holds its permit.
#[tokio::test]
async fn unread_http2_stream_keeps_its_permit() {
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_GATEWAY__MAX_STREAMS", "1")]);
    let client = world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let url = format!("{}/api/events", world.http());
    let stream = TcpStream::connect(world.http().strip_prefix("http://").unwrap());
    let (stalled, connection) = handshake(stream.await.unwrap()).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::get(&url).header("authorization", format!("Bearer {}", mailbox.token));
    let mut stalled = stalled.ready().await.unwrap();
    let (response, _) = stalled.send_request(request.body(()).unwrap(), true).unwrap();
    // The body is never read.
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    for n in 0..KEPT {
        send_links(&world, &[&mailbox.address], &format!("n{n}")).await;
    }
    until_open(&world, "events", 0).await;
    let refused = Events::open(&url, Some(&mailbox.token), None).await.unwrap_err();
    assert_eq!(refused, 429, "the unread stream still holds its client's share");

    connection.abort();
    drop((response, stalled));
    eventually_within("its permit is free", Duration::from_secs(10), async || {
        Events::open(&url, Some(&mailbox.token), None).await.is_ok()
    })
    .await;
}
