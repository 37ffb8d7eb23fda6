//! A full disk: mail is rejected with a transient error, reads succeed, and delivery recovers without a restart.

use std::{fs, io::Write, time::Duration};

use mayfly_testkit::{MailSender, eventually_within};

use crate::{
    client::{Client, PASSWORD},
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
    let started = std::time::Instant::now();
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

async fn send(world: &World, to: &str, mail: &[u8]) -> (u16, String) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender.send("a@example.com", &[to], mail).await.unwrap();
    (reply.code, reply.text)
}

/// One anonymous client fills the disk. Everybody can still delete, revoke and sign in; intake resumes by retention alone.
#[tokio::test]
async fn deliver_on_nearly_full_disk_resumes_by_retention() {
    let world = World::start_on_small_disk(60, &[("MAYFLY_MAILBOX__RETENTION", "60s")]);
    let (client, admin) = (world.client(), Client::new(world.admin()));
    let pro = client.register("owner@example.com").await;
    let (token_id, token) = client.create_token(&pro, "revoked").await;
    let victim = client.create_mailbox("victim@mayfly.test", None).await;
    assert_eq!(send(&world, "victim@mayfly.test", &mail(0)).await.0, 250);
    for n in 0..3 {
        client
            .create_mailbox(&format!("flood{n}@mayfly.test"), None)
            .await;
    }

    let started = std::time::Instant::now();
    let large = format!(
        "Subject: flood\r\n\r\n{}",
        ("x".repeat(998) + "\r\n").repeat(1000)
    )
    .into_bytes();
    let (mut stored, mut last) = (0, (250, String::new()));
    for n in 0..120 {
        last = send(&world, &format!("flood{}@mayfly.test", n % 3), &large).await;
        if last.0 != 250 {
            break;
        }
        stored += 1;
    }
    println!("{:?}: {stored} MB stored, then {last:?}", started.elapsed());
    assert!(last.0 == 452 && last.1.contains("4.3.1"), "{last:?}");
    // Small mail takes what is left above the floor.
    for _ in 0..400 {
        last = send(&world, "victim@mayfly.test", &mail(1)).await;
        if last.0 != 250 {
            break;
        }
    }
    assert!(last.0 == 452 && last.1.contains("4.3.1"), "{last:?}");

    let ready = eventually_within("readiness reports it", Duration::from_secs(10), async || {
        let _ = send(&world, "victim@mayfly.test", &mail(2)).await;
        let _ = client
            .call(
                "POST",
                "/api/accounts",
                None,
                Some(serde_json::json!({"address": "x@mayfly.test", "password": "password-1"})),
            )
            .await;
        let ready = admin.call("GET", "/readyz", None, None).await;
        let text = String::from_utf8(ready.body).unwrap();
        (ready.status == 200 && text.contains("mailbox storage low"))
            .then_some(text)
            .ok_or("not yet")
    })
    .await;
    println!("{:?}: {}", started.elapsed(), ready.replace('\n', "; "));
    let metrics = String::from_utf8(admin.call("GET", "/metrics", None, None).await.body).unwrap();
    let gauge = metrics
        .lines()
        .find(|line| line.starts_with("mayfly_mailbox_storage_refusing"));
    assert!(gauge.is_some_and(|line| line.ends_with(" 1")), "{gauge:?}");
    let body = serde_json::json!({"address": "late@mayfly.test", "password": "password-1"});
    let refused = client.call("POST", "/api/accounts", None, Some(body)).await;
    println!("{:?}: creation answers {refused:?}", started.elapsed());
    assert_eq!(refused.status, 503);
    assert!(
        refused.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 1
    );

    let revoked = client
        .call("DELETE", &format!("/pro/api/tokens/{token_id}"), Some(&pro), None)
        .await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    assert_eq!(client.get("/pro/api/me", &token).await.status, 401);
    let newest = client.messages(&victim.token).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let deleted = client
        .call(
            "DELETE",
            &format!("/api/messages/{newest}"),
            Some(&victim.token),
            None,
        )
        .await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    println!("{:?}: token revoked, message deleted", started.elapsed());

    eventually_within("intake resumes", Duration::from_secs(150), async || {
        let (code, _) = send(&world, "victim@mayfly.test", &large).await;
        (code == 250).then_some(()).ok_or(code)
    })
    .await;
    println!("{:?}: 1 MB accepted again", started.elapsed());
    let ready = admin.call("GET", "/readyz", None, None).await;
    println!("{}", String::from_utf8_lossy(&ready.body).replace('\n', "; "));
    assert!(!world.log().contains("a periodic job failed"), "{}", world.log());
}
