//! Custom domains: DNS records, verification, and mail that arrives on them.

use std::{net::SocketAddr, time::Duration};

use mayfly_testkit::{MailSender, Zone, eventually_within};
use serde_json::{Value, json};

use crate::{
    client::Client,
    world::{Kind, World},
};

mod worlds {
    crate::scenario!(verified_domain_receives_mail_until_removed, whole);
    crate::scenario!(verify_domain_without_record_reports_the_cause);
}

const NAME: &str = "mine.example";

async fn add(client: &Client, pro: &str) -> Value {
    let body = json!({"domain": NAME});
    let answer = client
        .call("POST", "/pro/api/domains", Some(pro), Some(body))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// The DNS zone with the records that an answer asks for.
fn records(domain: &Value) -> Zone {
    let records = domain["dns_records"].as_array().unwrap();
    records.iter().fold(Zone::default(), |zone, record| {
        let (host, value) = (
            record["host"].as_str().unwrap(),
            record["value"].as_str().unwrap(),
        );
        match record["type"].as_str().unwrap() {
            "TXT" => zone.txt(host, value),
            "MX" => zone.mx(
                host,
                u16::try_from(record["priority"].as_u64().unwrap()).unwrap(),
                value,
            ),
            other => panic!("a record of type {other}"),
        }
    })
}

async fn verify(client: &Client, pro: &str, domain: &Value) -> Value {
    let path = format!("/pro/api/domains/{}/verify", domain["id"].as_str().unwrap());
    let answer = client.call("POST", &path, Some(pro), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Sends a mail to each address in its own session; returns the reply codes.
async fn send(world: &World, subject: &str, to: &[&str]) -> Vec<u16> {
    send_over(world.smtp(), subject, to).await
}

async fn send_over(smtp: SocketAddr, subject: &str, to: &[&str]) -> Vec<u16> {
    let mut codes = Vec::new();
    for address in to {
        let mut sender = MailSender::ready(smtp).await.unwrap();
        let mail = format!("Subject: {subject}\r\n\r\nto {address}\r\n");
        let reply = sender.send("a@sender.example", &[address], mail.as_bytes()).await;
        codes.push(reply.unwrap().code);
    }
    codes
}

async fn subjects(client: &Client, token: &str) -> Vec<String> {
    let messages = client.messages(token).await;
    let subject = |message: &Value| message["subject"].as_str().unwrap().to_owned();
    messages.iter().map(subject).collect()
}

async fn verified_domain_receives_mail_until_removed(world: World) {
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let (_, token) = client.create_token(&pro, "tests").await;
    let domain = add(&client, &token).await;
    world.dns.publish(records(&domain));
    let verified = verify(&client, &token, &domain).await;
    for key in ["txt_record", "mx_record", "mx_configured"] {
        assert_eq!(verified[key], true, "{key} of {verified}");
    }
    assert_eq!(verified["verify_status"], "verified");
    assert!(verified["verified_at"].is_string(), "{verified}");

    let hello = client.create_mailbox("hello@mine.example", Some(&token)).await;
    let all = client.create_mailbox("all@mine.example", Some(&token)).await;
    assert_eq!(client.get("/api/me", &hello.token).await.json()["role"], "pro");
    let to = ["hello@mine.example", "hello+shop@mine.example"];
    assert_eq!(send(&world, "own", &to).await, [250, 250]);
    assert_eq!(send(&world, "any", &["any@mine.example"]).await, [550]);
    assert_eq!(subjects(&client, &hello.token).await, ["own", "own"]);

    let path = format!("/pro/api/domains/{}", domain["id"].as_str().unwrap());
    let put = async |body| client.call("PUT", &path, Some(&token), Some(body)).await;
    for wrong in [
        json!({}),
        json!({"catch_all": 1}),
        json!({"catch_all": hello.address}),
    ] {
        assert_eq!(put(wrong).await.outcome(), (400, "invalid_request".to_owned()));
    }
    let changed = put(json!({"catch_all": all.id})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["catch_all"], all.id);
    let listed = client.get("/pro/api/domains", &token).await.json();
    assert_eq!(listed["domains"], json!([changed.json()]));
    assert_eq!(send(&world, "any", &["any@mine.example"]).await, [250]);
    assert_eq!(subjects(&client, &all.token).await, ["any"]);

    let deleted = client.call("DELETE", &path, Some(&token), None).await;
    assert_eq!(deleted.status, 204);
    let to = [
        "hello@mine.example",
        "hello+shop@mine.example",
        "any@mine.example",
    ];
    // Twice: the client alternates between two gateways.
    for _ in 0..2 {
        assert_eq!(send(&world, "late", &to).await, [550, 550, 550]);
    }
    assert_eq!(subjects(&client, &hello.token).await, ["own", "own"]);
}

async fn verify_domain_without_record_reports_the_cause(world: World) {
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let domain = add(&client, &pro).await;
    let token = domain["verify_token"].as_str().unwrap();
    let of_another = add(&client, &client.register("bob@example.com").await).await;
    for (zone, cause) in [
        (Zone::default(), "no such domain"),
        (records(&of_another), "exactly the verify_token"),
        (
            Zone::default().txt(NAME, &format!("{token}x")),
            "exactly the verify_token",
        ),
        (Zone::default().txt("*.example", token), "wildcard"),
    ] {
        world.dns.publish(zone);
        let answer = verify(&client, &pro, &domain).await;
        assert_eq!(answer["verify_status"], "pending", "{answer}");
        assert_eq!(answer["verified_at"], Value::Null);
        assert!(answer["message"].as_str().unwrap().contains(cause), "{answer}");
        let body = json!({"address": "a@mine.example", "password": crate::client::PASSWORD});
        let refused = client.call("POST", "/api/accounts", Some(&pro), Some(body)).await;
        assert_eq!(refused.outcome(), (400, "invalid_address".to_owned()));
        assert_eq!(send(&world, "early", &["a@mine.example"]).await, [550]);
    }
}

/// Moves the times of custom domains into the past and restarts a process, which then checks all domains.
fn age_domains(world: &mut World, days: u32, of: &str) {
    let columns = of
        .split(' ')
        .map(|column| format!("{column} = {column} - {days} * 86400000"));
    let sql = format!(
        "UPDATE mailbox.custom_domains SET {}; DELETE FROM mailbox.leases",
        columns.collect::<Vec<_>>().join(", ")
    );
    let index = world.replicas("mailbox").start;
    assert_eq!(world.processes[index].terminate(), Some(0));
    let _ = world.servers.as_ref().unwrap().postgres.query("mailbox", &sql);
    world.restart_process(index);
}

#[tokio::test]
async fn domain_without_record_is_lost_after_three_days() {
    let mut world = World::start(Kind::Replicas);
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let domain = add(&client, &pro).await;
    world.dns.publish(records(&domain));
    verify(&client, &pro, &domain).await;
    client.create_mailbox("hello@mine.example", Some(&pro)).await;
    let body = json!({"domain": "late.example"});
    let late = client
        .call("POST", "/pro/api/domains", Some(&pro), Some(body))
        .await
        .json();
    let seen = async || client.get("/pro/api/domains", &pro).await.json()["domains"][0].clone();
    let send_to_all = async |world: &World, code| {
        for smtp in world.all("SMTP") {
            // Twice: each edge alternates between two mailbox processes.
            for _ in 0..2 {
                let to = ["hello@mine.example", "hello+tag@mine.example"];
                assert_eq!(send_over(smtp.parse().unwrap(), "x", &to).await, [code; 2]);
            }
        }
    };

    world.dns.publish(Zone::default());
    age_domains(&mut world, 1, "checked_at_ms");
    eventually_within(
        "the missing record is noticed",
        Duration::from_secs(30),
        async || seen().await["mx_configured"] == false,
    )
    .await;
    send_to_all(&world, 250).await;
    assert_eq!(seen().await["verify_token"], domain["verify_token"]);

    age_domains(&mut world, 7, "checked_at_ms missing_since_ms created_at_ms");
    eventually_within("the domain is unverified", Duration::from_secs(30), async || {
        seen().await["verify_status"] == "pending"
    })
    .await;
    send_to_all(&world, 550).await;
    assert_ne!(seen().await["verify_token"], domain["verify_token"]);
    // The domain is pending again. It was added too long ago, so it expires.
    verify(&client, &pro, &domain).await;
    let path = format!("/pro/api/domains/{}/verify", late["id"].as_str().unwrap());
    let expired = client.call("POST", &path, Some(&pro), None).await;
    assert_eq!(expired.outcome(), (410, "domain_expired".to_owned()));

    // Counters start at zero with the last process.
    let mut counted = String::new();
    for admin in world.all("admin") {
        let metrics = Client::new(admin).call("GET", "/metrics", None, None).await;
        counted.push_str(&String::from_utf8(metrics.body).unwrap());
    }
    for labels in [
        "outcome=\"no_domain\",purpose=\"verification\"",
        "outcome=\"no_domain\",purpose=\"check\"",
    ] {
        let is_it = |line: &str| line.starts_with("mayfly_domain_lookups_total{") && line.contains(labels);
        assert!(counted.lines().any(is_it), "{labels} of {counted}");
    }
}
