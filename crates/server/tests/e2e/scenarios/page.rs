//! The page as a person uses it, in a real browser, and the headers that it comes with.

use std::{
    net::{SocketAddr, UdpSocket},
    path::PathBuf,
};

use crate::world::{Kind, World};

/// What the browser does stands in `crates/gateway/web-tests/page.js`.
#[tokio::test]
async fn a_person_uses_the_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let zone = directory.path().join("zone");
    let dns = dns_of(zone.clone()).to_string();
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_MAILBOX__DNS_SERVERS", &dns)]);
    let more = std::iter::once(zone.into_os_string()).chain(std::env::var_os("MAYFLY_SCREENSHOTS"));
    crate::node::run("page.js", &world, more).await;
}

/// A DNS server that says of `mine.example` what a file holds by then: a text on the first line, a mail server on the next.
fn dns_of(zone: PathBuf) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut query = [0; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut query) {
            let zone = std::fs::read_to_string(&zone).unwrap_or_default();
            let _ = socket.send_to(&dns_answer(&query, &zone), from);
        }
    });
    address
}

/// Answers one question in the wire format of RFC 1035.
fn dns_answer(query: &[u8], zone: &str) -> Vec<u8> {
    let mut end = 12;
    while query[end] != 0 {
        end += usize::from(query[end]) + 1;
    }
    let label = |text: &str| [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    let is_ours = query[13..].to_ascii_lowercase().starts_with(b"mine");
    let (text, server) = zone.split_once('\n').unwrap_or_default();
    let data = match query[end + 2] {
        16 if is_ours && !text.is_empty() => Some(label(text)),
        15 if is_ours && !server.is_empty() => {
            let host: Vec<u8> = server.split('.').flat_map(label).collect();
            Some([&[0, 10], &host[..], &[0]].concat())
        }
        _ => None,
    };
    let head = [0x85, 0x80, 0, 1, 0, u8::from(data.is_some()), 0, 0, 0, 0];
    let mut reply = [&query[..2], &head, &query[12..end + 5]].concat();
    if let Some(data) = data {
        reply.extend_from_slice(&[0xc0, 12, 0, query[end + 2], 0, 1, 0, 0, 0, 60]);
        reply.extend_from_slice(&u16::try_from(data.len()).expect("short").to_be_bytes());
        reply.extend_from_slice(&data);
    }
    reply
}

#[tokio::test]
async fn the_page_lets_nothing_else_in() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    for path in ["/", "/pro", "/web/inbox.js", "/web/style.css"] {
        let answer = client.call("GET", path, None, None).await;
        let header = |name: &str| {
            let value = answer.headers.get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        assert_eq!(answer.status, 200, "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{path}: {policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-cache"),
            ("set-cookie", ""),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(header(name), value, "{name} of {path}");
        }
        let again = client
            .request("GET", path)
            .header("if-none-match", header("etag"));
        assert_eq!(crate::client::Client::read(again).await.status, 304, "{path}");
    }
    for path in [
        "/inbox",
        "/web",
        "/web/",
        "/web/../Cargo.toml",
        "/pro/",
        "/index.html",
    ] {
        assert_eq!(
            client.call("GET", path, None, None).await.verdict(),
            (404, "not_found".to_owned()),
            "{path}"
        );
    }
    assert_eq!(
        client.call("POST", "/", None, None).await.verdict(),
        (405, "method_not_allowed".to_owned())
    );
}

/// A name that somebody points at this machine is not ours (DNS rebinding); names of an operator are.
#[tokio::test]
async fn a_laptop_answers_to_its_own_names() {
    let world = World::start_with(
        Kind::AllInOne,
        &[("MAYFLY_GATEWAY__ALLOWED_HOSTS", "mail.home.arpa")],
    );
    let client = world.client();
    for (host, status) in [
        ("evil.test", 421),
        ("127.0.0.1.evil.test:8080", 421),
        ("localhost:8080", 200),
        ("mail.home.arpa", 200),
    ] {
        for path in ["/", "/api/domains"] {
            let request = client.request("GET", path).header("host", host);
            assert_eq!(
                crate::client::Client::read(request).await.status,
                status,
                "{host}{path}"
            );
        }
    }
    // A call is never refused for these.
    let strange = client.request("GET", "/api/domains");
    let strange = strange
        .header("origin", "https://evil.test")
        .header("referer", "https://evil.test/");
    assert_eq!(crate::client::Client::read(strange).await.status, 200);
}

#[tokio::test]
async fn a_qr_code_is_bounded() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let long = format!("/api/qr?text={}", "x".repeat(512));
    let answer = client.call("GET", &long, None, None).await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].to_str().unwrap()),
        (200, "image/svg+xml")
    );
    for path in [format!("{long}x").as_str(), "/api/qr", "/api/qr?text="] {
        assert_eq!(
            client.call("GET", path, None, None).await.verdict(),
            (400, "invalid_request".to_owned()),
            "{path}"
        );
    }
    let hostile = client
        .call(
            "GET",
            "/api/qr?text=%3Cscript%3Ealert(1)%3C/script%3E",
            None,
            None,
        )
        .await;
    assert!(!String::from_utf8_lossy(&hostile.body).contains("script"));
}
