//! The page in a real browser, and its response headers.

use std::collections::BTreeSet;

use crate::world::{Kind, World};

/// Declares one test for each file in `crates/gateway/web-tests/cases`, with a world of its own.
macro_rules! browser_tests {
    ($($test:ident: $file:literal,)*) => {
        mod browser {
            $(
                #[tokio::test]
                async fn $test() {
                    crate::node::run_cases($file).await;
                }
            )*
        }

        const CASE_FILES: &[&str] = &[$($file),*];
    };
}

browser_tests! {
    admin: "admin",
    api_docs: "api-docs",
    events: "events",
    foreign_site: "foreign-site",
    inbox: "inbox",
    inbox_bulk: "inbox-bulk",
    inbox_empty: "inbox-empty",
    inbox_place: "inbox-place",
    inbox_search: "inbox-search",
    inbox_sidebar: "inbox-sidebar",
    inbox_sign_in: "inbox-sign-in",
    inbox_slow_responses: "inbox-slow-responses",
    languages: "languages",
    message_view: "message-view",
    notifications: "notifications",
    pro_account: "pro-account",
    pro_all_mail: "pro-all-mail",
    pro_domains: "pro-domains",
    pro_mail: "pro-mail",
    pro_sandboxes: "pro-sandboxes",
    pro_tokens: "pro-tokens",
    pro_usage: "pro-usage",
    pro_webhooks: "pro-webhooks",
    welcome: "welcome",
}

/// The file of the cases of a server with captchas.
const CAPTCHA_FILE: &str = "captcha";

#[tokio::test]
async fn page_solves_captchas() {
    crate::node::run_cases_with(CAPTCHA_FILE, &[("MAYFLY_GATEWAY__CAPTCHA", "altcha")]).await;
}

/// The views, their links, frames and sockets work under a path.
#[tokio::test]
async fn page_under_a_path_works() {
    for file in ["welcome", "message-view", "pro-account", "api-docs"] {
        crate::node::run_cases_under(file, "/mail").await;
    }
}

#[test]
fn every_case_file_has_a_test() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/web-tests/cases");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    let run = CASE_FILES
        .iter()
        .chain(&[super::hostile_html::CASE_FILE, CAPTCHA_FILE]);
    assert_eq!(files, run.map(|file| format!("{file}.js")).collect());
}

#[tokio::test]
async fn page_has_security_headers_and_fixed_paths() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    for path in ["/", "/pro", "/api/docs", "/web/inbox.js", "/web/style.css"] {
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
    // A browser gets a page with a way home.
    let person = client.request("GET", "/inbox").header("accept", "text/html");
    let page = crate::client::Client::read(person).await;
    assert_eq!(page.status, 404);
    assert!(String::from_utf8_lossy(&page.body).contains("<a href=\"/\">"));
    let robots = client.call("GET", "/robots.txt", None, None).await;
    assert_eq!(robots.status, 200);
    assert_eq!(
        client.call("POST", "/", None, None).await.outcome(),
        (405, "method_not_allowed".to_owned())
    );
}

/// DNS rebinding: on loopback only names of this machine and configured hosts are accepted.
#[tokio::test]
async fn page_on_loopback_rejects_foreign_host_names() {
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
    // `Origin` and `Referer` of another site are no reason to reject a call.
    let cross_site = client.request("GET", "/api/domains");
    let cross_site = cross_site
        .header("origin", "https://evil.test")
        .header("referer", "https://evil.test/");
    assert_eq!(crate::client::Client::read(cross_site).await.status, 200);
}

#[tokio::test]
async fn qr_code_of_long_text_is_rejected() {
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
