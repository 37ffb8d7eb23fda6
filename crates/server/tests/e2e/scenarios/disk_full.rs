//! A full disk: mail is rejected with a transient error, reads succeed, and delivery recovers without a restart.

use std::{
    fs,
    io::Write,
    time::{Duration, Instant},
};

use mayfly_testkit::{MailSender, eventually_within};

use crate::{
    client::{Client, Mailbox, PASSWORD},
    smtp_client::SmtpClient,
    world::World,
};

fn mail(n: usize) -> Vec<u8> {
    format!("Subject: {n}\r\n\r\n{}\r\n", "x".repeat(60_000)).into_bytes()
}

#[tokio::test]
async fn deliver_on_full_disk_is_deferred_until_space() {
    let mut world = World::start_on_small_disk(24, &[]);
    let client = world.client();
    let mailbox = client.create_mailbox("full@mayfly.test", None).await;
    let pro = client.register("owner@example.com").await;
    let (mut tokens, mut gone) = (Vec::new(), Vec::new());
    for n in 0..20 {
        tokens.push(client.create_token(&pro, &format!("{n}")).await);
        gone.push(client.create_mailbox(&format!("gone{n}@mayfly.test"), None).await);
    }
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("a@example.com", &["full@mayfly.test"], &mail(0))
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");

    let filler = format!(
        "/proc/{}/root{}/filler",
        world.process("mailbox").pid(),
        world.data_dir().display()
    );
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}

    let mut accepted = 1;
    let mut refused = 0;
    // Mail is accepted while the write-ahead log has space; after that every mail is rejected.
    for n in 1..60 {
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        let reply = sender
            .send("a@example.com", &["full@mayfly.test"], &mail(n))
            .await
            .unwrap();
        match reply.code {
            250 => accepted += 1,
            451 | 452 => refused += 1,
            _ => panic!("a full disk is a transient error: {reply:?}"),
        }
        assert!(accepted < 40, "the disk did not become full");
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(
        client.messages(&mailbox.token).await.len(),
        accepted.min(30),
        "reads succeed and return only accepted mail"
    );

    // Nothing is left at all, and deletion still works.
    for (id, token) in &tokens {
        let revoked = client
            .call("DELETE", &format!("/pro/api/tokens/{id}"), Some(&pro), None)
            .await;
        assert_eq!(revoked.status, 204, "{revoked:?}");
        assert_eq!(client.get("/pro/api/me", token).await.status, 401);
    }
    for mailbox in &gone {
        let deleted = client.call("DELETE", "/api/me", Some(&mailbox.token), None).await;
        assert_eq!(deleted.status, 204, "{deleted:?}");
    }
    let newest = client.messages(&mailbox.token).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/messages/{newest}");
    let deleted = client.call("DELETE", &path, Some(&mailbox.token), None).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let body = serde_json::json!({"address": "full@mayfly.test", "password": PASSWORD});
    let signed_in = client.call("POST", "/api/token", None, Some(body)).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");

    drop(file);
    fs::remove_file(&filler).unwrap();
    let started = Instant::now();
    loop {
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        let reply = sender
            .send("a@example.com", &["full@mayfly.test"], &mail(99))
            .await
            .unwrap();
        if reply.code == 250 {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "delivery recovers: {reply:?}"
        );
    }
    assert_eq!(client.messages(&mailbox.token).await[0]["subject"], "99");
}

/// Mail that an application submits is refused like other mail, and no stored mail is removed for it.
#[tokio::test]
async fn submit_on_full_disk_is_refused_without_eviction() {
    const KEPT: usize = 5;
    let world = World::start_on_small_disk(24, &[]);
    let client = world.client();
    let pro = client.register("owner@example.com").await;
    let body = serde_json::json!({"name": "app", "max_messages": KEPT});
    let created = client
        .call("POST", "/pro/api/sandboxes", Some(&pro), Some(body))
        .await;
    let created = created.json();
    let text = |field: &str| created[field].as_str().unwrap();
    let path = format!("/pro/api/accounts/{}/messages", text("account_id"));
    let mut smtp = SmtpClient::connect(world.smtp()).await;
    smtp.log_in(text("username"), text("password")).await;

    let filler = format!(
        "/proc/{}/root{}/filler",
        world.processes[0].pid(),
        world.data_dir().display()
    );
    let mut file = fs::File::create(&filler).unwrap();
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for n in 0..60 {
        if n == KEPT + 1 {
            while file.write_all(&[0; 4096]).is_ok() {}
        }
        let mail = String::from_utf8(mail(n)).unwrap();
        let reply = smtp
            .send("app@example.com", &["ann@foreign.example"], &mail)
            .await;
        match reply.get(..4) {
            Some("250 ") => accepted.push(n.to_string()),
            Some("452 ") => refused += 1,
            _ => panic!("a full disk is a transient error: {reply}"),
        }
    }
    assert!(refused > 10, "{refused}");
    let subjects = async || -> Vec<String> {
        let listed = client.get(&path, &pro).await.json();
        let listed = listed["messages"].as_array().unwrap();
        let subjects = listed
            .iter()
            .rev()
            .map(|message| message["subject"].as_str().unwrap());
        subjects.map(str::to_owned).collect()
    };
    assert_eq!(subjects().await, accepted[accepted.len() - KEPT..]);

    // The same session goes on when there is space.
    drop(file);
    fs::remove_file(&filler).unwrap();
    eventually_within("submission recovers", Duration::from_secs(30), async || {
        let reply = smtp.send(
            "app@example.com",
            &["ann@foreign.example"],
            "Subject: last\r\n\r\nx\r\n",
        );
        let reply = reply.await;
        reply.starts_with("250 ").then_some(()).ok_or(reply)
    })
    .await;
    accepted.push("last".to_owned());
    assert_eq!(subjects().await, accepted[accepted.len() - KEPT..]);
}

async fn send(world: &World, to: &str, mail: &[u8]) -> (u16, String) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender.send("a@example.com", &[to], mail).await.unwrap();
    (reply.code, reply.text)
}

/// A message that no database compresses.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut mail = b"Subject: flood\r\n\r\n".to_vec();
    while mail.len() < bytes {
        for _ in 0..76 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            mail.push(b'A' + u8::try_from((state >> 33) % 50).unwrap());
        }
        mail.extend(b"\r\n");
    }
    mail
}

/// Sends until a message is refused. Returns how many were stored.
async fn fill(world: &World, to: &[&str], mail: &[u8], at_most: usize) -> usize {
    for n in 0..at_most {
        let (code, text) = send(world, to[n % to.len()], mail).await;
        if code != 250 {
            assert!(code == 452 && text.contains("4.3.1"), "{code} {text}");
            println!(
                "{n} messages of {} kB stored, then: {code} {text}",
                mail.len() / 1000
            );
            return n;
        }
    }
    panic!("the disk is never full");
}

/// Waits until readiness says that mail is refused, and why.
async fn until_reported(admin: &Client, why: &str, attempt: impl AsyncFn()) -> String {
    let report = eventually_within("readiness reports it", Duration::from_secs(20), async || {
        attempt().await;
        let ready = admin.call("GET", "/readyz", None, None).await;
        let report = String::from_utf8(ready.body).unwrap();
        let metrics = String::from_utf8(admin.call("GET", "/metrics", None, None).await.body).unwrap();
        let is_refusing = metrics
            .lines()
            .any(|line| line.starts_with("mayfly_mailbox_storage_refusing") && line.ends_with(" 1"));
        (ready.status == 200 && report.contains(why) && is_refusing)
            .then(|| report.clone())
            .ok_or(report)
    });
    let report = report.await;
    let line = report.lines().find(|line| line.contains(why));
    line.unwrap().to_owned()
}

/// Anonymous creation is refused; deletion and revocation are not.
async fn only_intake_is_refused(client: &Client, pro: &str, token: &(String, String), victim: &Mailbox) {
    let body = serde_json::json!({"address": "late@mayfly.test", "password": PASSWORD});
    let refused = client.call("POST", "/api/accounts", None, Some(body)).await;
    let retry_after: u32 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(refused.status == 503 && retry_after > 1, "{refused:?}");
    println!("creation: 503, Retry-After: {retry_after}");
    let path = format!("/pro/api/tokens/{}", token.0);
    let revoked = client.call("DELETE", &path, Some(pro), None).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    assert_eq!(client.get("/pro/api/me", &token.1).await.status, 401);
    let messages = client.messages(&victim.token).await;
    let path = format!("/api/messages/{}", messages[0]["id"].as_str().unwrap());
    let deleted = client.call("DELETE", &path, Some(&victim.token), None).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    println!("token revoked: 204, message deleted: 204");
}

/// One anonymous client fills the disk of `world`. Everybody can still delete and revoke. Returns a mailbox.
async fn full_disk_refuses_intake_only(world: &World, admin: &Client, why: &str) -> Mailbox {
    let client = world.client();
    let pro = client.register("owner@example.com").await;
    let token = client.create_token(&pro, "revoked").await;
    let victim = client.create_mailbox("victim@mayfly.test", None).await;
    assert_eq!(send(world, &victim.address, &noise(60_000)).await.0, 250);
    let mut flooded = Vec::new();
    for n in 0..3 {
        let address = format!("flood{n}@mayfly.test");
        flooded.push(client.create_mailbox(&address, None).await.address);
    }
    let flooded: Vec<&str> = flooded.iter().map(String::as_str).collect();

    let (large, started) = (noise(1_000_000), Instant::now());
    fill(world, &flooded, &large, 120).await;
    // Small mail takes what is left.
    fill(world, &[&victim.address], &noise(60_000), 400).await;
    let attempt = async || drop(send(world, flooded[0], &large).await);
    let line = until_reported(admin, why, attempt).await;
    println!("{:?}: /readyz 200, {line}", started.elapsed());
    only_intake_is_refused(&client, &pro, &token, &victim).await;
    victim
}

#[tokio::test]
async fn deliver_on_full_sqlite_resumes_by_retention() {
    let world = World::start_on_small_disk(60, &[("MAYFLY_MAILBOX__RETENTION", "60s")]);
    let admin = Client::new(world.admin());
    let victim = full_disk_refuses_intake_only(&world, &admin, "mailbox storage low").await;

    let (large, started) = (noise(1_000_000), Instant::now());
    eventually_within("intake resumes", Duration::from_secs(200), async || {
        let (code, _) = send(&world, &victim.address, &large).await;
        (code == 250).then_some(()).ok_or(code)
    })
    .await;
    println!("{:?}: 1 MB accepted again", started.elapsed());
    let is_ok = eventually_within("readiness is fine again", Duration::from_secs(40), async || {
        let ready = admin.call("GET", "/readyz", None, None).await;
        let report = String::from_utf8(ready.body).unwrap();
        let line = report.lines().find(|line| line.contains("mailbox storage"));
        let line = line.unwrap_or_default().to_owned();
        line.ends_with(" ok").then_some(line.clone()).ok_or(line)
    });
    println!("{:?}: /readyz {}", started.elapsed(), is_ok.await);
    let log = world.log();
    assert!(!log.contains("a periodic job failed"), "{log}");
    for line in log.lines().filter(|line| line.contains("disk")).take(6) {
        println!("{line}");
    }
}

/// The server answers that its disk is full.
#[tokio::test]
async fn deliver_on_full_postgres_is_refused_and_reported() {
    let world = World::start_on_small_postgres(30, &[("MAYFLY_MAILBOX__RETENTION", "60s")]);
    let mailbox = &world.processes[world.replicas("mailbox").start];
    let admin = Client::new(&mailbox.banner["admin"]);
    full_disk_refuses_intake_only(&world, &admin, "mailbox storage refuses writes: SQLSTATE 53100").await;
}
