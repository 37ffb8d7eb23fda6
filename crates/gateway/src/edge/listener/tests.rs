//! Deadlines of connections, by a paused clock.

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;
use crate::config::Config;

const KEEP_ALIVE: Duration = Duration::from_secs(75);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn listener(router: Router) -> Listener {
    Listener {
        router,
        tls: None,
        admissions: Admissions::new(&Config::default()),
        turns: Turns::of_runtime(),
        keep_alive_timeout: KEEP_ALIVE,
    }
}

/// Serves one connection; returns the client's end, and the task that ends with the connection.
#[expect(clippy::disallowed_methods, reason = "the test awaits the end of the task")]
fn connect(listener: Listener) -> (DuplexStream, tokio::task::JoinHandle<()>) {
    let (client, server) = tokio::io::duplex(1024);
    let task = tokio::spawn(async move {
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        let admission = listener.admissions.admit(peer).unwrap();
        let (peer, now) = (PeerAddress(peer), Instant::now());
        listener
            .converse(server, now, peer, admission, CancellationToken::new())
            .await;
    });
    (client, task)
}

/// Returns how long a connection lives whose client sends some bytes and then nothing.
async fn lives(bytes: &[u8]) -> Duration {
    let (mut client, task) = connect(listener(Router::new()));
    let started = Instant::now();
    client.write_all(bytes).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(600), task).await;
    assert!(ended.is_ok(), "never closed after {bytes:?}");
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn connection_without_request_is_closed_at_the_deadline() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for bytes in [
        &b""[..],
        b"P",
        b"G",
        &preface[..preface.len() - 1],
        preface,
        b"GET / HTTP/1.1\r\nHost: a\r\n",
    ] {
        let lived = lives(bytes).await;
        assert!(
            lived <= HEADER_TIMEOUT + CLOSE_TIMEOUT * 2,
            "{lived:?} after {bytes:?}"
        );
    }
}

/// Sends a request, and reads its response.
async fn exchange(client: &mut DuplexStream) {
    client.write_all(REQUEST).await.unwrap();
    let mut answer = [0; 1024];
    let length = client.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_kept_for_its_own_timeout() {
    let (mut client, task) = connect(listener(Router::new().route("/", get(|| async { "ok" }))));
    for _ in 0..3 {
        exchange(&mut client).await;
        tokio::time::sleep(KEEP_ALIVE - Duration::from_secs(5)).await;
    }
    let started = Instant::now();
    task.await.unwrap();
    assert!(
        started.elapsed() <= Duration::from_secs(16),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn head_of_later_request_has_the_header_deadline() {
    let (mut client, task) = connect(listener(Router::new().route("/", get(|| async { "ok" }))));
    exchange(&mut client).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let started = Instant::now();
    task.await.unwrap();
    assert!(
        started.elapsed() <= HEADER_TIMEOUT * 2 + CLOSE_TIMEOUT,
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn slow_response_outlives_every_deadline() {
    let slow = get(|| async {
        tokio::time::sleep(KEEP_ALIVE * 4).await;
        "ok"
    });
    let (mut client, _task) = connect(listener(Router::new().route("/", slow)));
    exchange(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_closed_early_while_connections_are_scarce() {
    let mut listener = listener(Router::new().route("/", get(|| async { "ok" })));
    listener.admissions = Admissions::new(&Config {
        max_connections: 1,
        ..Config::default()
    });
    let (mut client, task) = connect(listener);
    exchange(&mut client).await;
    let started = Instant::now();
    task.await.unwrap();
    assert!(
        started.elapsed() <= Duration::from_secs(12),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn connection_of_client_that_reads_nothing_is_closed() {
    let big = get(|| async { vec![0_u8; 1 << 20] });
    let (mut client, task) = connect(listener(Router::new().route("/", big)));
    client.write_all(REQUEST).await.unwrap();
    let ended = tokio::time::timeout(WRITE_TIMEOUT * 2, task).await;
    assert!(ended.is_ok(), "the connection stays open");
}

/// Serves on a socket; returns what a handler sees of its client.
#[expect(clippy::disallowed_methods, reason = "the test is the client")]
async fn seen_by_handler(config: &Config) -> String {
    let seen = get(|| async { format!("{:?} {}", fair::client(), fair::current().needs_turns()) });
    let mut listener = listener(Router::new().route("/", seen));
    listener.admissions = Admissions::new(config);
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    serve(socket, listener, &Tasks::new(CancellationToken::new()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    let mut answer = [0; 1024];
    let length = client.read(&mut answer).await.unwrap();
    let answer = std::str::from_utf8(&answer[..length]).unwrap();
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn connection_of_client_needs_turns_and_that_of_proxy_none() {
    let seen = seen_by_handler(&Config::default()).await;
    assert_eq!(seen, "Some(127.0.0.1) true");
    let proxies = mayfly_runtime::config::List(vec!["127.0.0.0/8".parse().unwrap()]);
    let behind_proxy = Config {
        trusted_proxies: proxies,
        ..Config::default()
    };
    assert_eq!(seen_by_handler(&behind_proxy).await, "None false");
}
