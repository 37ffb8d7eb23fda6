//! What lies under a WebSocket: a connection that is gone without a word, and one of HTTP/2.

use h2::{client::handshake, ext::Protocol};
use http::{Method, Request, Version};
use tokio::net::TcpStream;

use crate::world::{Kind, World};

/// Opens the three sockets that a mailbox may have, takes the network from under one of them, and prints after how many
/// seconds its place is free. The other two answer pings meanwhile, and must be open in the end.
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
    assert time.monotonic() - cut < 20, "a connection that is gone is counted still"
    time.sleep(0.1)
assert all(listener.is_alive() for listener in listeners), "those that answer were left"
print(time.monotonic() - cut)
"#;

#[tokio::test]
async fn a_client_that_vanishes_without_a_word_makes_room() {
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
    assert!(took > 0.5, "pings were waited for: {took}");
}

/// RFC 8441: a WebSocket over a stream of HTTP/2. It would bypass what guards the upgrade of HTTP/1.1.
#[tokio::test]
async fn nothing_is_upgraded_over_http2() {
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
                    // The stream is reset: it was not offered.
                    Err(error) => assert!(error.is_reset(), "{what}: {error}"),
                }
                assert!(!client.is_extended_connect_protocol_enabled(), "{what}");
                connection.abort();
            }
        }
    }
}
