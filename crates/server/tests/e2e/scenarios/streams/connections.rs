//! The end of connections: of misbehaving and vanished clients and of a draining process. HTTP/2 is never upgraded.

use h2::{client::handshake, ext::Protocol};
use http::{Method, Request, Version};
use mayfly_testkit::eventually_within;
use tokio::net::TcpStream;

use super::{send, text, wait};
use crate::{
    client::Client,
    follow::{Events, Frame, Socket, TIMEOUT},
    world::{Kind, World},
};

/// Opens the three sockets that a mailbox may have, cuts the network of one of them, and prints after how many seconds its
/// permit is free. The other two answer pings meanwhile and must stay open.
const VANISH: &str = r#"
import json, os, socket, subprocess, sys, threading, time, urllib.request, websocket
base = os.environ["BASE"]
port = int(base.rsplit(":", 1)[1])
body = json.dumps({"address": "ann@mayfly.test", "password": "correct horse"}).encode()
request = urllib.request.Request(base + "/api/accounts", body, {"Content-Type": "application/json"})
token = json.load(urllib.request.urlopen(request))["token"]
def follow(source):
    raw = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
    client = websocket.create_connection(f"ws://127.0.0.1:{port}/api/ws", socket=raw, suppress_origin=True)
    client.send(json.dumps({"type": "auth", "token": token}))
    return client, json.loads(client.recv())
subprocess.run(["ip", "address", "add", "10.9.0.1/32", "dev", "lo"], check=True)
good = {"type": "auth_ok"}
lost, said = follow("10.9.0.1")
assert said == good, said
listeners = []
for _ in range(2):
    kept, said = follow("127.0.0.1")
    assert said == good, said
    kept.settimeout(None)
    # Answers pings until it is closed.
    listeners.append(threading.Thread(target=kept.recv, daemon=True))
    listeners[-1].start()
assert follow("127.0.0.1")[1] == {"error": "too_many_connections"}
# From here on nothing reaches it: no FIN, no RST.
subprocess.run(["ip", "route", "del", "local", "10.9.0.1", "table", "local"], check=True)
cut = time.monotonic()
while (said := follow("127.0.0.1")[1]) != good:
    assert said == {"error": "too_many_connections"}, said
    assert time.monotonic() - cut < 20, "a vanished connection still holds its permit"
    time.sleep(0.1)
assert all(listener.is_alive() for listener in listeners), "sockets that answer pings stay open"
print(time.monotonic() - cut)
"#;

#[tokio::test]
async fn vanished_client_frees_its_permit() {
    let more = [
        ("MAYFLY_GATEWAY__LISTEN", "0.0.0.0:0"),
        ("MAYFLY_GATEWAY__PING_INTERVAL", "1s"),
    ];
    let world = World::start_in_own_network(&more);
    let (_, port) = world.http().rsplit_once(':').unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = world
        .enter(&format!("{root}/target/tools/clients/bin/python"))
        .args(["-c", VANISH])
        .env("BASE", format!("http://127.0.0.1:{port}"))
        .output()
        .unwrap();
    let (took, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}");
    let took: f64 = took.trim().parse().unwrap();
    assert!(took > 0.5, "the server waits for pings: {took}");
}

/// RFC 8441: a WebSocket over an HTTP/2 stream would bypass the checks of the HTTP/1.1 upgrade.
#[tokio::test]
async fn websocket_over_http2_is_rejected() {
    let world = World::start(Kind::AllInOne);
    let base = world.http();
    let address = base.strip_prefix("http://").unwrap();
    for path in ["/api/ws", "/%61pi/ws", "//api/ws"] {
        for origin in [Some("https://evil.test"), Some("null"), Some(base), None] {
            for (method, protocol) in [
                (Method::CONNECT, Some(Protocol::from_static("websocket"))),
                (Method::GET, None),
            ] {
                let stream = TcpStream::connect(address).await.unwrap();
                let (client, connection) = handshake(stream).await.unwrap();
                let connection = tokio::spawn(connection);
                let mut client = client.ready().await.unwrap();
                let mut request = Request::builder()
                    .method(method)
                    .uri(format!("{base}{path}"))
                    .version(Version::HTTP_2)
                    .header("sec-websocket-version", "13");
                if let Some(origin) = origin {
                    request = request.header("origin", origin);
                }
                if let Some(protocol) = protocol {
                    request = request.extension(protocol);
                }
                let (response, _body) = client.send_request(request.body(()).unwrap(), false).unwrap();
                let what = format!("{path} from {origin:?}");
                match response.await {
                    Ok(response) => assert!(response.status().is_client_error(), "{what}: {response:?}"),
                    // The stream is reset: the server does not offer extended CONNECT.
                    Err(error) => assert!(error.is_reset(), "{what}: {error}"),
                }
                assert!(!client.is_extended_connect_protocol_enabled(), "{what}");
                connection.abort();
            }
        }
    }
}

#[tokio::test]
async fn websocket_close_code_names_the_cause() {
    let mut world = World::start(Kind::AllInOne);
    let client = world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let base = world.http().to_owned();

    let mut large = Socket::follow(&base, &mailbox.token, None).await.unwrap();
    large.send_text(&"x".repeat(64 * 1024 + 1)).await;
    assert_eq!(large.next().await, Frame::Closed(1009));
    let mut largest = Socket::follow(&base, &mailbox.token, None).await.unwrap();
    largest.send_text(&"x".repeat(64 * 1024)).await;

    let mut flood = Socket::follow(&base, &mailbox.token, None).await.unwrap();
    for _ in 0..200 {
        flood.send_text("x").await;
    }
    assert_eq!(flood.next().await, Frame::Closed(1008));

    send(&world, &mailbox.address, "one").await;
    let Frame::Text(message) = largest.next().await else {
        panic!("the message is published")
    };
    assert_eq!(text(&message, "subject"), "one");

    let cursor = wait(&client, &mailbox.token, "timeout=0").await.1;
    let mut events = Events::open(&format!("{base}/api/events"), Some(&mailbox.token), None)
        .await
        .unwrap();
    let since = text(&cursor, "since");
    let query = format!("since={since}&timeout=60");
    let waiting = wait(&client, &mailbox.token, &query);
    let ending = async {
        until_open(&world, "wait", 1).await;
        let terminated = tokio::task::spawn_blocking(move || world.processes[0].terminate());
        assert_eq!(largest.next().await, Frame::Closed(1001));
        assert_eq!(events.next().await, None);
        terminated.await.unwrap()
    };
    let (waited, ended) = tokio::join!(waiting, ending);
    assert_eq!(waited, (204, cursor), "the wait continues on another gateway");
    assert_eq!(ended, Some(0));
}

/// Waits until the metrics of the first process show that many open streams of a kind.
pub(super) async fn until_open(world: &World, kind: &str, count: usize) {
    let admin = Client::new(world.admin());
    let (kind, count) = (format!("kind=\"{kind}\""), format!(" {count}"));
    eventually_within("the streams are open", TIMEOUT, async || {
        let metrics = admin.call("GET", "/metrics", None, None).await.body;
        let metrics = String::from_utf8(metrics).unwrap();
        let mut open = metrics
            .lines()
            .filter(|line| line.starts_with("mayfly_gateway_streams_open"));
        let is_reached = open.any(|open| open.contains(&kind) && open.ends_with(&count));
        if is_reached { Ok(()) } else { Err(metrics) }
    })
    .await;
}
