//! Hostile HTML in mail: attacks on the reader (scripts, tracking) and on the server (CPU time).

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use mayfly_testkit::MailSender;
use serde_json::Value;

use crate::world::{Kind, World};

pub(super) const CASE_FILE: &str = "hostile-mail";

#[tokio::test]
async fn hostile_mail_in_browser_runs_no_script_and_sends_no_request() {
    crate::node::run_cases(CASE_FILE).await;
}

/// HTML that an unlimited sanitiser would need seconds or minutes for, by name.
fn oversized_documents() -> Vec<(String, String)> {
    let nested = ["<div>", "<ul><li>", "<b>", "<a><b>"]
        .into_iter()
        .flat_map(|unit| [64, 128, 256, 488, 1000].map(|kib| (unit, kib)));
    let large = [("<p>word</p>", 1100), ("<a href=x ", 1100)];
    let document = |(unit, kib): (&str, usize)| {
        let html = format!("hello {}", unit.repeat(kib * 1024 / unit.len()));
        (format!("{kib} KiB of {unit}"), html)
    };
    nested.chain(large).map(document).collect()
}

/// Each costs less than 250 ms of CPU time, and other requests stay fast.
#[tokio::test]
async fn oversized_html_is_shown_as_text_within_250_ms() {
    let mut world = World::start(Kind::Split);
    let client = world.client();
    let ann = client.create_mailbox("ann@mayfly.test", None).await;
    let inputs = oversized_documents();
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    for (name, html) in &inputs {
        let encoded = STANDARD.encode(html);
        let lines: Vec<&str> = encoded
            .as_bytes()
            .chunks(76)
            .map(|line| str::from_utf8(line).unwrap())
            .collect();
        let mail = format!(
            "Subject: {name}\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            lines.join("\r\n")
        );
        let reply = sender
            .send("a@example.com", &[&ann.address], mail.as_bytes())
            .await;
        assert_eq!(reply.unwrap().code, 250, "{name}");
    }
    let messages = client.messages(&ann.token).await;
    assert_eq!(messages.len(), inputs.len());
    let path_of = |message: &Value| format!("/api/messages/{}/body", message["id"].as_str().unwrap());
    for message in &messages {
        let name = &message["subject"];
        let before = world.process("gateway").cpu_time();
        let answer = client.get(&path_of(message), &ann.token).await;
        let took = world.process("gateway").cpu_time() - before;
        println!("{name}: {took:?}");
        assert_eq!(answer.status, 200, "{name}");
        let shown = String::from_utf8(answer.body).unwrap();
        assert!(shown.contains("<pre>") && shown.contains("hello"), "{name}");
        assert!(took < Duration::from_millis(250), "{name}: {took:?}");
    }

    // All of them twice at once. Some are rejected because too many of the mailbox are in progress. The load is repeated until
    // enough other requests were sent under it.
    let paths: Vec<String> = messages.iter().chain(&messages).map(path_of).collect();
    let (mut others, mut slowest) = (0, Duration::ZERO);
    while others < 10 {
        let all = join_all(paths.iter().map(|path| client.get(path, &ann.token)));
        let mut all = std::pin::pin!(all);
        let answers = loop {
            let started = Instant::now();
            let other = client.get("/api/me", &ann.token);
            tokio::select! {
                answers = &mut all => break answers,
                answer = other => assert_eq!(answer.status, 200),
            }
            slowest = slowest.max(started.elapsed());
            others += 1;
        };
        assert!(
            answers
                .iter()
                .all(|answer| [200, 429, 503].contains(&answer.status))
        );
    }
    println!("{others} other requests, the slowest in {slowest:?}");
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
}
