//! The page as a person uses it, in a real browser, and the headers that it comes with.

use std::{path::Path, time::Duration};

use mayfly_testkit::{DnsServer, Zone};

use crate::world::{Kind, World};

/// What the browser does stands in `crates/gateway/web-tests/page.js`.
#[tokio::test]
async fn a_person_uses_the_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let wanted = directory.path().join("zone");
    let dns = DnsServer::start();
    let address = dns.address().to_string();
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_MAILBOX__DNS_SERVERS", &address)]);
    let more = std::iter::once(wanted.clone().into_os_string()).chain(std::env::var_os("MAYFLY_SCREENSHOTS"));
    tokio::select! {
        () = crate::node::run("page.js", &world, more) => {}
        () = publish_what_is_wanted(&dns, &wanted) => {}
    }
}

/// What it tries stands in `crates/gateway/web-tests/foreign.js`.
#[tokio::test]
async fn a_page_of_somebody_else_does_nothing_and_reads_nothing() {
    let world = World::start(Kind::AllInOne);
    crate::node::run("foreign.js", &world, None).await;
}

/// What it tries stands in `crates/gateway/web-tests/inbox.js`.
#[tokio::test]
async fn slow_and_failed_answers_do_no_harm_in_the_inbox() {
    let world = World::start(Kind::AllInOne);
    crate::node::run("inbox.js", &world, None).await;
}

/// Says of `mine.example` what a file holds whenever it is there: a text on the first line, a mail server on the next.
/// That it is gone tells that it is said.
async fn publish_what_is_wanted(dns: &DnsServer, wanted: &Path) {
    loop {
        if let Ok(records) = std::fs::read_to_string(wanted) {
            let (text, server) = records.split_once('\n').expect("two lines");
            let zone = Zone::default().txt("mine.example", text);
            dns.publish(zone.mx("mine.example", 10, server));
            std::fs::remove_file(wanted).expect("it is ours");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
