//! The web page in a real browser, and its security headers.

use std::{path::Path, time::Duration};

use mayfly_testkit::{DnsServer, Zone};

use crate::world::{Kind, World};

/// `crates/gateway/web-tests/page.js` holds the steps.
#[tokio::test]
async fn page_user_journey_succeeds() {
    let directory = tempfile::tempdir().expect("a directory");
    let requested = directory.path().join("zone");
    let dns = DnsServer::start();
    let address = dns.address().to_string();
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_MAILBOX__DNS_SERVERS", &address)]);
    let more =
        std::iter::once(requested.clone().into_os_string()).chain(std::env::var_os("MAYFLY_SCREENSHOTS"));
    tokio::select! {
        () = crate::node::run("page.js", &world, more) => {}
        () = publish_requested_records(&dns, &requested) => {}
    }
}

/// `crates/gateway/web-tests/foreign.js` holds the attempts.
#[tokio::test]
async fn page_foreign_origin_has_no_access() {
    let world = World::start(Kind::AllInOne);
    crate::node::run("foreign.js", &world, None).await;
}

/// `crates/gateway/web-tests/inbox.js` holds the steps.
#[tokio::test]
async fn page_slow_or_failed_answers_keep_inbox_consistent() {
    let world = World::start(Kind::AllInOne);
    crate::node::run("inbox.js", &world, None).await;
}

/// Publishes records of `mine.example` whenever the file exists: a TXT record on the first line, a mail server on the
/// second. Deletes the file once the records are published.
async fn publish_requested_records(dns: &DnsServer, requested: &Path) {
    loop {
        if let Ok(records) = std::fs::read_to_string(requested) {
            let (text, server) = records.split_once('\n').expect("two lines");
            let zone = Zone::default().txt("mine.example", text);
            dns.publish(zone.mx("mine.example", 10, server));
            std::fs::remove_file(requested).expect("the file is deletable");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn page_headers_forbid_foreign_content() {
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
            client.call("GET", path, None, None).await.outcome(),
            (404, "not_found".to_owned()),
            "{path}"
        );
    }
    assert_eq!(
        client.call("POST", "/", None, None).await.outcome(),
        (405, "method_not_allowed".to_owned())
    );
}

/// Rejects foreign host names (DNS rebinding) and accepts configured ones.
#[tokio::test]
async fn page_with_foreign_host_name_is_rejected() {
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
    // API calls are not rejected for a foreign Origin or Referer.
    let strange = client.request("GET", "/api/domains");
    let strange = strange
        .header("origin", "https://evil.test")
        .header("referer", "https://evil.test/");
    assert_eq!(crate::client::Client::read(strange).await.status, 200);
}

#[tokio::test]
async fn qr_code_over_limit_is_rejected() {
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
            client.call("GET", path, None, None).await.outcome(),
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
