//! Third-party SMTP clients deliver mail: swaks, Python's smtplib, and Postfix as a relay. The stored mail is byte for byte
//! the sent one.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    client::{Client, Mailbox},
    postfix::Postfix,
    world::{Kind, World},
};

/// A mail and the expected view of it in the API.
struct Sample {
    name: &'static str,
    bytes: Vec<u8>,
    check: fn(&Value),
}

fn attachment(boundary: &str, name: &str, bytes: usize) -> String {
    let content: Vec<u8> = (0..bytes).map(|n| (n * 31 % 251) as u8).collect();
    let encoded = STANDARD.encode(content);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
}

fn samples() -> Vec<Sample> {
    let head = "From: Ann <ann@example.com>\r\nTo: someone@mayfly.test\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n\
                Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n";
    let large = format!(
        "{head}Subject: large\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/plain\r\n\r\n\
         See the files.\r\n{}{}--bb--\r\n",
        attachment("bb", "one.bin", 10_000_000),
        attachment("bb", "two.bin", 5_000_000)
    );
    vec![
        Sample {
            name: "plain",
            bytes: format!("{head}Subject: plain\r\n\r\nHello.\r\n.dot\r\n..two dots\r\n\r\n.\r\nEnd.\r\n")
                .into_bytes(),
            check: |message| {
                assert_eq!(
                    message["text_body"],
                    "Hello.\r\n.dot\r\n..two dots\r\n\r\n.\r\nEnd.\r\n"
                );
                assert_eq!(message["html_body"], Value::Null);
            },
        },
        Sample {
            name: "html",
            bytes: format!(
                "{head}Subject: html\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n"
            )
            .into_bytes(),
            check: |message| {
                assert_eq!(message["html_body"], "<p>Hello</p>\r\n");
                assert_eq!(message["text_body"], Value::Null);
            },
        },
        Sample {
            name: "utf8",
            bytes: format!(
                "{head}Subject: =?UTF-8?B?R3LDvMOfZSDwn5iA?=\r\nContent-Type: text/plain; charset=utf-8\r\n\
                            Content-Transfer-Encoding: 8bit\r\n\r\nGr\u{fc}\u{df}e\r\n"
            )
            .into_bytes(),
            check: |message| {
                assert_eq!(message["subject"], "Gr\u{fc}\u{df}e \u{1f600}");
                assert_eq!(message["text_body"], "Gr\u{fc}\u{df}e\r\n");
            },
        },
        Sample {
            name: "large",
            bytes: large.into_bytes(),
            check: |message| {
                assert!(message["size"].as_u64().unwrap() > 20_000_000);
                assert_eq!(message["attachments"][0]["filename"], "one.bin");
                assert_eq!(message["attachments"][0]["size"], 10_000_000);
                assert_eq!(message["attachments"][1]["size"], 5_000_000);
            },
        },
    ]
}

/// Sends a file to recipients; panics with the output of the program when it fails.
type Send = fn(SocketAddr, &Path, &[String]);

fn must_succeed(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        tail(&output.stdout),
        tail(&output.stderr)
    );
}

fn tail(output: &[u8]) -> String {
    String::from_utf8_lossy(&output[output.len().saturating_sub(2000)..]).into_owned()
}

fn swaks(server: SocketAddr, mail: &Path, recipients: &[String]) {
    // swaks adds a line break before the final dot.
    let bytes = fs::read(mail).unwrap();
    fs::write(mail, bytes.strip_suffix(b"\r\n").unwrap()).unwrap();
    must_succeed(
        Command::new("swaks")
            .args([
                "--server",
                &server.ip().to_string(),
                "--port",
                &server.port().to_string(),
            ])
            .args([
                "--ehlo",
                "client.example.com",
                "--from",
                "bounce@example.com",
                "--to",
                &recipients.join(","),
            ])
            .args(["--timeout", "60", "--suppress-data", "--data"])
            .arg(format!("@{}", mail.display())),
    );
}

fn smtplib(server: SocketAddr, mail: &Path, recipients: &[String]) {
    let script = "import smtplib, sys\n\
                  s = smtplib.SMTP(sys.argv[1], int(sys.argv[2]), timeout=60)\n\
                  r = s.sendmail('bounce@example.com', sys.argv[4:], open(sys.argv[3], 'rb').read(), ['BODY=8BITMIME'])\n\
                  assert r == {}, r\ns.quit()\n";
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    must_succeed(
        Command::new("python3")
            .args(["-c", script, &ip, &port])
            .arg(mail)
            .args(recipients),
    );
}

/// Delivers every sample to its own mailbox and one mail to fifty mailboxes, then reads all of them.
async fn delivers(world: &World, client: &Client, name: &str, send: Send, is_exact: bool) {
    let dir = tempfile::tempdir().unwrap();
    for sample in samples() {
        let mailbox = client
            .create_mailbox(&format!("{name}-{}@mayfly.test", sample.name), None)
            .await;
        let file = dir.path().join(sample.name);
        fs::write(&file, &sample.bytes).unwrap();
        send(world.smtp(), &file, std::slice::from_ref(&mailbox.address));
        let message = arrived(client, &mailbox).await;
        let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
        let source = client.get(&format!("{path}/source"), &mailbox.token).await.body;
        let is_same = if is_exact {
            source == sample.bytes
        } else {
            source.ends_with(&sample.bytes)
        };
        assert!(
            is_same,
            "{name} {}: {} bytes sent, {} stored",
            sample.name,
            sample.bytes.len(),
            source.len()
        );
        (sample.check)(&client.get(&path, &mailbox.token).await.json());
    }
    let mut fifty = Vec::new();
    for n in 0..50 {
        fifty.push(
            client
                .create_mailbox(&format!("{name}-{n}@mayfly.test"), None)
                .await,
        );
    }
    let file = dir.path().join("fifty");
    fs::write(&file, "Subject: to fifty\r\n\r\nHello, all.\r\n").unwrap();
    let addresses: Vec<String> = fifty.iter().map(|mailbox| mailbox.address.clone()).collect();
    send(world.smtp(), &file, &addresses);
    for mailbox in &fifty {
        assert_eq!(arrived(client, mailbox).await["subject"], "to fifty");
    }
}

/// Waits for the only message of a mailbox: a relay delivers later.
async fn arrived(client: &Client, mailbox: &Mailbox) -> Value {
    let started = Instant::now();
    loop {
        if let [message] = client.messages(&mailbox.token).await.as_slice() {
            return message.clone();
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "no message arrived at {}",
            mailbox.address
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

mod worlds {
    crate::scenario!(deliver_from_swaks_is_stored);
    crate::scenario!(deliver_from_smtplib_is_stored);
}

async fn deliver_from_swaks_is_stored(world: World) {
    delivers(&world, &world.client(), "swaks", swaks, true).await;
}

async fn deliver_from_smtplib_is_stored(world: World) {
    delivers(&world, &world.client(), "smtplib", smtplib, true).await;
}

#[tokio::test]
async fn deliver_from_postfix_relay_is_stored() {
    let world = World::start(Kind::Split);
    let settings = format!(
        "mynetworks = 127.0.0.0/8\nrelay_domains = mayfly.test\nrelayhost = [127.0.0.1]:{}\n",
        world.smtp().port()
    );
    let postfix = Postfix::start(&settings);
    let client = world.client();
    RELAY.set(postfix.address).unwrap();
    delivers(
        &world,
        &client,
        "postfix",
        |_, mail, to| smtplib(*RELAY.get().unwrap(), mail, to),
        false,
    )
    .await;
}

static RELAY: std::sync::OnceLock<SocketAddr> = std::sync::OnceLock::new();
