//! Readers that stop: little is kept for them, they are left, and they miss nothing when they come back.

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
    follow::{Events, Said, Socket, narrow},
    world::{Kind, World},
};

/// Of 100 KiB each: more than the buffers of a connection take.
const MAILS: usize = 90;
/// After so many, a reader that stopped has all that is kept for it.
const KEPT: usize = 30;
const MAILBOXES: usize = 8;
/// What the rest may take of memory; it would be 94 MiB for the two readers of each mailbox.
const FLAT_BYTES: u64 = 48 << 20;

#[tokio::test]
async fn readers_that_stop_are_left_and_miss_nothing() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let base = world.http().to_owned();
    let mut stopped = Vec::new();
    for n in 0..MAILBOXES {
        let mailbox = client.create_mailbox(&format!("a{n}@mayfly.test"), None).await;
        let connection = narrow(&base).await;
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
        // Another reader does not notice.
        let Said::Text(told) = reading.next().await else {
            panic!("n{n} is told")
        };
        assert_eq!(text(&told, "subject"), format!("n{n}"));
        if n <= KEPT {
            before = rss();
        }
        most = most.max(rss());
    }
    // They have ten seconds to read on.
    tokio::join!(
        until_open(&world, "websocket", 1),
        until_open(&world, "events", 0)
    );
    let grown = most.max(rss()).saturating_sub(before);
    assert!(grown < FLAT_BYTES, "{grown} bytes more");

    // Those who read again are told why, and go on from where they were; those who do not are left for good.
    let (never, again): (Vec<_>, Vec<_>) = stopped.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
    for (_, (mailbox, socket, _, events)) in again {
        socket_goes_on(&base, &mailbox, socket).await;
        events_go_on(&base, &mailbox, events).await;
    }
    let left = never.iter().map(async |(_, (_, _, address, events))| {
        until_left(*address).await;
        until_left(events.local_addr().unwrap()).await;
    });
    join_all(left).await;
}

/// Asks for events, and reads nothing.
async fn follow_events(base: &str, token: &str) -> TcpStream {
    let mut stream = narrow(base).await;
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn socket_goes_on(base: &str, mailbox: &Mailbox, mut socket: Socket) {
    let mut told = Vec::new();
    let end = loop {
        match socket.next().await {
            Said::Text(message) => told.push(message),
            end => break end,
        }
    };
    assert_eq!(end, Said::Closed(1013), "it is told why");
    assert!(told.len() < MAILS, "it was never waited for");
    let since = told.last().map(|last| text(last, "id"));
    let mut socket = Socket::follow(base, &mailbox.token, since.as_deref())
        .await
        .unwrap();
    while told.len() < MAILS {
        let Said::Text(message) = socket.next().await else {
            panic!("the rest is told")
        };
        told.push(message);
    }
    assert_complete(&told);
}

async fn events_go_on(base: &str, mailbox: &Mailbox, mut stream: TcpStream) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let body = String::from_utf8(bytes).unwrap();
    // What has no end was cut off.
    let (whole, _) = body.rsplit_once("\n\n").unwrap();
    let data = whole.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut told: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    assert!(told.len() < MAILS, "it was never waited for");
    let last = whole
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .next_back();
    let url = format!("{base}/api/events");
    let mut events = Events::open(&url, Some(&mailbox.token), last).await.unwrap();
    while told.len() < MAILS {
        told.push(events.next().await.expect("the rest is told").data);
    }
    assert_complete(&told);
}

fn assert_complete(told: &[Value]) {
    let subjects: Vec<String> = told.iter().map(|message| text(message, "subject")).collect();
    let all: Vec<String> = (0..MAILS).map(|n| format!("n{n}")).collect();
    assert_eq!(subjects, all);
}

/// Waits until nobody holds the other side of a connection any more. The system may keep it: it has something to send.
async fn until_left(client: SocketAddr) {
    let far_end = format!(":{:04X}", client.port());
    eventually_within(
        "a reader that stopped is closed",
        Duration::from_secs(45),
        async || {
            let connections = tokio::fs::read_to_string("/proc/net/tcp").await.unwrap();
            !connections.lines().skip(1).any(|line| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                // The far end, and who has it open: 0 is nobody.
                fields[2].ends_with(&far_end) && fields[9] != "0"
            })
        },
    )
    .await;
}

/// Over HTTP/2 a reader of many streams may answer pings and take nothing: what it does not take counts as long as it is kept.
#[tokio::test]
async fn events_that_nobody_takes_keep_their_place() {
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
    // Its body is never read.
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    for n in 0..KEPT {
        send_links(&world, &[&mailbox.address], &format!("n{n}")).await;
    }
    until_open(&world, "events", 0).await;
    let refused = Events::open(&url, Some(&mailbox.token), None).await.unwrap_err();
    assert_eq!(refused, 503, "what it has not taken is there still");

    connection.abort();
    drop((response, stalled));
    eventually_within("its permit is free", Duration::from_secs(10), async || {
        Events::open(&url, Some(&mailbox.token), None).await.is_ok()
    })
    .await;
}
