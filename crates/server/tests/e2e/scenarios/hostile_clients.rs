//! Hostile clients and mails: slow or large requests, unauthorised calls, nested mails. Each is bounded and affects no
//! other client.

use std::time::{Duration, Instant};

use mayfly_proto::{
    auth::{ValidateTokenRequest, auth_client::AuthClient},
    mailbox::{ListDomainsRequest, mailbox_client::MailboxClient},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Request};

use crate::{
    client::Client,
    world::{Kind, World},
};

async fn connect(world: &World) -> TcpStream {
    let address = world.http().strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Reads to the end; panics if the server does not close the connection within half a minute.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut text)).await;
    assert!(read.is_ok(), "the server did not close the connection");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn slow_request_is_closed_and_delays_no_other() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let mut slow_head = connect(&world).await;
    slow_head
        .write_all(b"GET /api/domains HTTP/1.1\r\nHost: localhost\r\n")
        .await
        .unwrap();
    let mut slow_body = connect(&world).await;
    slow_body
        .write_all(b"POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        .await
        .unwrap();
    let started = Instant::now();
    assert_eq!(client.call("GET", "/api/domains", None, None).await.status, 200);
    assert!(started.elapsed() < Duration::from_secs(5));
    let head = rest(&mut slow_head).await;
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408"), "{head}");
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(30), slow_body.read(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer[..read.expect("an answer").unwrap()]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// One request over a connection of its own.
async fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

#[tokio::test]
async fn request_without_one_host_name_is_rejected() {
    let world = World::start(Kind::AllInOne);
    let http = world.http().strip_prefix("http://").unwrap();
    let admin = world.processes[0].banner["admin"]
        .strip_prefix("http://")
        .unwrap();
    for (address, path, hosts, status) in [
        (http, "/api/domains", "", "400"),
        (
            http,
            "/api/domains",
            "Host: localhost\r\nHost: localhost\r\n",
            "400",
        ),
        (
            http,
            "/api/domains",
            "Host: localhost\r\nHost: evil.test\r\n",
            "400",
        ),
        (http, "/api/domains", "Host: evil.test\r\n", "421"),
        (http, "/api/domains", "Host: localhost\r\n", "200"),
        (admin, "/metrics", "Host: evil.test\r\n", "421"),
        (admin, "/metrics", "Host: localhost\r\nHost: evil.test\r\n", "400"),
        (admin, "/metrics", "Host: localhost:9090\r\n", "200"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = exchange(address, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{hosts:?} {path}: {answer}"
        );
        if status == "421" && path != "/metrics" {
            assert!(answer.contains("gateway.trusted_proxies"), "{answer}");
        }
    }
}

/// Every route that takes a body rejects one above the limit.
#[tokio::test]
async fn request_body_over_limit_is_rejected() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let mailbox = client.create_mailbox("a@mayfly.test", None).await;
    let pro = client.register("a@example.com").await;
    let document = client.call("GET", "/api/openapi.json", None, None).await.json();
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"].is_null() {
                continue;
            }
            let token = if path.starts_with("/pro") {
                &pro
            } else {
                &mailbox.token
            };
            let token = if path == "/api/accounts" { &pro } else { token };
            let request = client
                .request(&method.to_uppercase(), &path.replace("{id}", &mailbox.id))
                .bearer_auth(token)
                .header("content-type", "application/json")
                .body(vec![b' '; 1024 * 1024 + 1]);
            let answer = Client::read(request).await;
            assert_eq!(
                answer.outcome(),
                (413, "payload_too_large".to_owned()),
                "{method} {path}"
            );
            checked += 1;
        }
    }
    assert!(checked >= 5, "{checked}");
}

#[tokio::test]
async fn grpc_call_without_credential_is_rejected() {
    let world = World::start(Kind::Split);
    let address = |role: &str| {
        let process = world
            .processes
            .iter()
            .find(|process| process.banner.contains_key(role));
        format!("http://{}", process.expect("it listens").banner[role])
    };
    let mut auth = AuthClient::connect(address("gRPC auth")).await.unwrap();
    let mut mailbox = MailboxClient::connect(address("gRPC mailbox")).await.unwrap();
    let long = "ab".repeat(32);
    for credential in [
        None,
        Some("Bearer "),
        Some("Bearer deadbeef"),
        Some(long.as_str()),
        Some("Basic eDp4"),
    ] {
        let mut check = Request::new(ValidateTokenRequest {
            token: "x".to_owned(),
            ..ValidateTokenRequest::default()
        });
        let mut list = Request::new(ListDomainsRequest {});
        if let Some(credential) = credential {
            check
                .metadata_mut()
                .insert("authorization", credential.parse().unwrap());
            list.metadata_mut()
                .insert("authorization", credential.parse().unwrap());
        }
        let refused = auth.validate_token(check).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{credential:?}: {refused}");
        assert!(refused.message().contains("service credential"), "{refused}");
        let refused = mailbox.list_domains(list).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{credential:?}: {refused}");
    }
}

/// While auth is down, calls fail with 503, whether or not the credential is valid. Mail is accepted.
#[tokio::test]
async fn auth_down_returns_503_and_smtp_accepts_mail() {
    let mut world = World::start(Kind::Split);
    let client = world.client();
    let mailbox = client.create_mailbox("a@mayfly.test", None).await;
    assert_eq!(client.get("/api/me", &mailbox.token).await.status, 200);
    world.process("auth").kill();
    for token in [mailbox.token.as_str(), "nonsense"] {
        let answer = client.get("/api/me", token).await;
        assert_eq!(answer.outcome(), (503, "unavailable".to_owned()));
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(client.call("GET", "/api/domains", None, None).await.status, 200);
    let mut sender = mayfly_testkit::MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("a@example.com", &["a@mayfly.test"], b"Subject: x\r\n\r\nx\r\n")
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

/// Nesting that would overflow the stack of a recursive parser. The process keeps running and stores the mail unchanged.
#[tokio::test]
async fn deliver_deeply_nested_mail_is_stored() {
    let mut world = World::start(Kind::AllInOne);
    let client = world.client();
    let mailbox = client.create_mailbox("nested@mayfly.test", None).await;
    let pid = world.process("mailbox").pid();
    let mut nested = "Subject: nested\r\n".to_owned();
    nested.push_str(&"Content-Type: message/rfc822\r\n\r\n".repeat(32_000));
    nested.push_str("Subject: deep\r\n\r\nbody\r\n");
    let mut sender = mayfly_testkit::MailSender::ready(world.smtp()).await.unwrap();
    for _ in 0..3 {
        let reply = sender
            .send("a@example.com", &["nested@mayfly.test"], nested.as_bytes())
            .await
            .unwrap();
        assert_eq!(reply.code, 250, "{reply:?}");
    }
    for message in client.messages(&mailbox.token).await {
        assert_eq!(message["subject"], "nested");
        let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
        assert_eq!(client.get(&path, &mailbox.token).await.status, 200);
        let source = client.get(&format!("{path}/source"), &mailbox.token).await;
        assert!(source.body == nested.as_bytes());
    }
    assert_eq!(world.process("mailbox").pid(), pid);
    assert_eq!(client.get("/api/me", &mailbox.token).await.status, 200);
}

/// Attachments as declared (type, `Content-Disposition`) and as served (type, file name).
const ATTACHMENTS: [(&str, &str, &str, &str); 14] = [
    (
        "text/html",
        "inline; filename=\"../../x.html\"",
        "text/html",
        "x.html",
    ),
    (
        "image/svg+xml",
        "inline; filename=x.svg",
        "image/svg+xml",
        "x.svg",
    ),
    ("text/xml", "inline; filename=x.xml", "text/xml", "x.xml"),
    (
        "application/xhtml+xml",
        "inline; filename=x.xhtml",
        "application/xhtml+xml",
        "x.xhtml",
    ),
    (
        "application/pdf",
        "inline; filename=x.pdf",
        "application/pdf",
        "x.pdf",
    ),
    (
        "text/javascript",
        "attachment; filename=x.js",
        "text/javascript",
        "x.js",
    ),
    (
        "image/png",
        "attachment; filename=\"C:\\\\dir\\\\x.png\"",
        "image/png",
        "x.png",
    ),
    (
        "TEXT/HTML; charset=utf-7",
        "attachment; filename=x",
        "text/html",
        "x",
    ),
    ("text/ht ml", "attachment; filename=x.bin", "text/ht", "x.bin"),
    ("application/pdf", "attachment", "application/pdf", "attachment"),
    (
        "application/pdf",
        "attachment; filename*=utf-8''a%0D%0ASet-Cookie:%20x",
        "application/pdf",
        "a%20Set-Cookie%3A%20x",
    ),
    (
        "application/pdf",
        "attachment; filename*=utf-8''%E2%80%AEfdp.exe",
        "application/pdf",
        "fdp.exe",
    ),
    (
        "application/pdf",
        "attachment; filename*=utf-8''%22%3B%20filename=x.html",
        "application/pdf",
        "%22%3B%20filename%3Dx.html",
    ),
    (
        "application/pdf",
        "attachment; filename*=utf-8''%C3%A9%00.pdf",
        "application/pdf",
        "%C3%A9%EF%BF%BD.pdf",
    ),
];

/// A browser downloads an attachment and does not render it, whatever its declared type.
#[tokio::test]
async fn download_attachment_is_never_rendered() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let mailbox = client.create_mailbox("files@mayfly.test", None).await;
    let parts = ATTACHMENTS.map(|(content_type, disposition, ..)| {
        format!("--b\r\nContent-Type: {content_type}\r\nContent-Disposition: {disposition}\r\n\r\n<script>alert(1)</script>\r\n")
    });
    let mail = format!(
        "Subject: files\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n\
         --b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n{}--b--\r\n",
        parts.concat()
    );
    let mut sender = mayfly_testkit::MailSender::ready(world.smtp()).await.unwrap();
    let sent = sender
        .send("a@example.com", &["files@mayfly.test"], mail.as_bytes())
        .await;
    assert_eq!(sent.unwrap().code, 250);
    let id = client.messages(&mailbox.token).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (index, (_, written, content_type, name)) in ATTACHMENTS.into_iter().enumerate() {
        let path = format!("/api/messages/{id}/attachments/{index}");
        let answer = client.get(&path, &mailbox.token).await;
        assert_eq!(answer.status, 200, "{written}");
        for (header, value) in [
            ("content-type", content_type),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("content-length", "25"),
        ] {
            let found: Vec<_> = answer.headers.get_all(header).iter().collect();
            assert_eq!(found, [value], "{header} of {written}");
        }
        let disposition = answer.headers["content-disposition"].to_str().unwrap();
        assert!(
            disposition.starts_with("attachment; filename=\""),
            "{disposition}"
        );
        assert!(
            disposition.ends_with(&format!("\"; filename*=UTF-8''{name}")),
            "{disposition}"
        );
        assert_eq!(disposition.matches(['"', ';']).count(), 4, "{disposition}");
        assert!(!answer.headers.contains_key("set-cookie"), "{written}");
        assert_eq!(answer.body, b"<script>alert(1)</script>", "{written}");
    }
    for index in [&ATTACHMENTS.len().to_string(), "x", "-1", "99999999999"] {
        let answer = client
            .get(&format!("/api/messages/{id}/attachments/{index}"), &mailbox.token)
            .await;
        assert_eq!(answer.outcome(), (400, "invalid_index".to_owned()), "{index}");
    }
}

/// Command lines without an end are rejected at the limit and not buffered.
#[tokio::test]
async fn smtp_endless_command_line_takes_bounded_memory() {
    const SESSIONS: usize = 300;
    let more = [("MAYFLY_SMTP__MAX_CONNECTIONS_PER_CLIENT", "0")];
    let mut world = World::start_with(Kind::AllInOne, &more);
    let smtp = world.smtp();
    let before = world.process("smtp").rss_bytes();
    let sessions: Vec<_> = (0..SESSIONS)
        .map(|_| {
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(smtp).await.unwrap();
                let mut sent = 0;
                // Writes until the server closes the connection, at most 2 MiB.
                while sent < 2 << 20 && stream.write_all(&[b'A'; 64 * 1024]).await.is_ok() {
                    sent += 64 * 1024;
                }
                let mut replies = Vec::new();
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut replies).await;
                String::from_utf8_lossy(&replies).into_owned()
            })
        })
        .collect();
    let mut peak = 0;
    let mut refused = 0;
    for session in sessions {
        peak = peak.max(world.process("smtp").rss_bytes());
        refused += usize::from(session.await.unwrap().contains("500 5.5.2"));
    }
    assert!(refused > SESSIONS / 2, "{refused}");
    assert!(peak < before + (64 << 20), "{before} {peak}");
    let mut sender = mayfly_testkit::MailSender::ready(smtp).await.unwrap();
    assert_eq!(
        sender.command("NOOP").await.unwrap().code,
        250,
        "other clients are served"
    );
}
