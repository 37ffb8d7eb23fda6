//! `GET /v1/inbox/{address}`

use std::time::Duration;

use insta::assert_json_snapshot;

use crate::support::{CUSTOM_DOMAIN, MAIL, World};

fn mail(subject: &str) -> String {
    format!("From: Shop <shop@sender.example>\r\nSubject: {subject}\r\n\r\ntext\r\n")
}

fn subjects(answer: &crate::support::Answer) -> Vec<String> {
    let emails = answer.json()["emails"].as_array().unwrap().clone();
    emails
        .iter()
        .map(|email| email["subject"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn wait_with_mail_in_the_inbox_answers_at_once() {
    let world = World::open().await;
    world.deliver_to("ann@open.test", MAIL).await;
    assert_json_snapshot!(world.get_v1("/v1/inbox/Ann%40Open.test", "").await.snapshot(), @r#"
    {
      "body": {
        "emails": [
          {
            "created_at": "2026-11-23T12:00:00Z",
            "from_email": "shop@sender.example",
            "from_name": "Shop",
            "id": "[id]",
            "preview_text": "Your verification code is 482913. Verify your address: https://shop.example/verify?t=1",
            "size": 548,
            "subject": "Your code"
          }
        ],
        "next_since": "[id]"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn wait_returns_newest_first_and_continues_behind_next_since() {
    let world = World::open().await;
    for n in 1..=5 {
        world.deliver_to("ann@open.test", &mail(&format!("no {n}"))).await;
    }
    let path = "/v1/inbox/ann@open.test";
    let newest = world.get_v1(&format!("{path}?limit=2&since=0"), "").await;
    assert_eq!(subjects(&newest), ["no 5", "no 4"]);
    let first = world.get_v1(&format!("{path}?limit=99"), "").await.json();
    let oldest = first["emails"][4]["id"].as_str().unwrap();
    let next = world.get_v1(&format!("{path}?since={oldest}&limit=2"), "").await;
    assert_eq!(
        subjects(&next),
        ["no 3", "no 2"],
        "the oldest, so that none is missed"
    );
    let since = next.text("next_since");
    let last = world.get_v1(&format!("{path}?since={since}"), "").await;
    assert_eq!(subjects(&last), ["no 5", "no 4"]);
    let filtered = world
        .get_v1(&format!("{path}?subject=NO+2&from=SHOP%40"), "")
        .await;
    assert_eq!(subjects(&filtered), ["no 2"]);
}

#[tokio::test]
async fn wait_ends_with_the_first_mail_of_an_address() {
    let world = World::open().await;
    let path = "/v1/inbox/ann@open.test";
    let wait = world.get_v1(path, "");
    let send = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.deliver_to("ann@open.test", &mail("hello")).await;
    };
    let (answer, ()) = tokio::join!(wait, send);
    assert_eq!(subjects(&answer.expect_status(200)), ["hello"]);
}

#[tokio::test]
async fn wait_for_more_than_there_are_returns_them_at_the_end() {
    let world = World::open().await;
    world.deliver_to("ann@open.test", &mail("one")).await;
    let began = std::time::Instant::now();
    let (some, none) = tokio::join!(
        world.get_v1("/v1/inbox/ann@open.test?count=2", ""),
        world.get_v1("/v1/inbox/bob@open.test", "")
    );
    assert_eq!(subjects(&some.expect_status(200)), ["one"]);
    assert!(none.expect_status(204).body.is_empty());
    assert!((24..30).contains(&began.elapsed().as_secs()));
}

#[tokio::test]
async fn wait_invalid_address_or_cursor_is_rejected() {
    let world = World::open().await;
    for (path, status, code) in [
        ("a%20b@open.test", 400, "invalid_address"),
        ("open.test", 400, "invalid_address"),
        ("admin@open.test", 400, "invalid_address"),
        ("ann@elsewhere.example", 404, "not_found"),
        ("ann@open.test?since=x", 400, "invalid_since"),
        ("ann@open.test?count=x", 400, "invalid_request"),
    ] {
        let answer = world
            .get_v1(&format!("/v1/inbox/{path}"), "")
            .await
            .expect_status(status);
        assert_eq!(answer.text("error"), code, "{path}");
    }
}

/// Security of open domains: an address leads to a mailbox with a password only with its owner's token.
#[tokio::test]
async fn wait_for_mailbox_with_a_password_needs_its_owner() {
    let world = World::open().await;
    let pro = world.register().await;
    let other = world.register_as("bob@example.com").await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let free = world.create_mailbox_for("free@mayfly.test", "").await;
    world.add_verified_domain(&pro).await;
    let custom = format!("ann@{CUSTOM_DOMAIN}");
    let of_domain = world.create_mailbox_for(&custom, &pro).await;
    for mailbox in [&own, &free, &of_domain] {
        world.deliver(mailbox, MAIL).await;
    }
    let listed = world
        .get_v1("/v1/inbox/ann@mayfly.test", &pro)
        .await
        .expect_status(200);
    assert_eq!(subjects(&listed), ["Your code"]);
    for (address, token) in [
        (custom.as_str(), ""),
        (&custom, &other),
        ("ann@mayfly.test", ""),
        ("ann@mayfly.test", &other),
        ("free@mayfly.test", ""),
        ("free@mayfly.test", &pro),
        ("nobody@mayfly.test", &pro),
    ] {
        let answer = world.get_v1(&format!("/v1/inbox/{address}"), token).await;
        assert_eq!(answer.expect_status(404).text("error"), "not_found");
    }
}
