//! `GET /v1/email/{id}`

use insta::assert_json_snapshot;

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_email_has_both_names_of_its_bodies() {
    let world = World::open().await;
    let id = world.deliver_to("ann@open.test", MAIL).await;
    assert_json_snapshot!(world.get_v1(&format!("/v1/email/{id}"), "").await.snapshot(), @r#"
    {
      "body": {
        "attachments": [
          {
            "content_type": "text/csv",
            "filename": "bill.csv",
            "index": 0,
            "size": 9
          }
        ],
        "created_at": "2026-11-23T12:00:00Z",
        "date": "2026-11-23T12:00:00Z",
        "from": "Shop <shop@sender.example>",
        "from_email": "shop@sender.example",
        "from_name": "Shop",
        "html": "<p>Your verification code is <b>482913</b>.</p><script>alert(1)</script>",
        "html_body": "<p>Your verification code is <b>482913</b>.</p><script>alert(1)</script>",
        "id": "[id]",
        "preview_text": "Your verification code is 482913. Verify your address: https://shop.example/verify?t=1",
        "size": 548,
        "subject": "Your code",
        "text": "Your verification code is 482913.\r\nVerify your address: https://shop.example/verify?t=1",
        "text_body": "Your verification code is 482913.\r\nVerify your address: https://shop.example/verify?t=1",
        "to": "ann@open.test"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn get_email_unknown_or_expired_is_not_there() {
    let world = World::open().await;
    let pro = world.register().await;
    for token in ["", &pro] {
        for (id, status, code) in [
            (UNKNOWN_ID, 404, "not_found"),
            ("x", 404, "not_found"),
            (EXPIRED_ID, 410, "email_expired"),
        ] {
            let answer = world
                .get_v1(&format!("/v1/email/{id}"), token)
                .await
                .expect_status(status);
            assert_eq!(answer.text("error"), code);
        }
    }
    world
        .assert_unauthorized_v1("GET", &format!("/v1/email/{UNKNOWN_ID}"), &["garbage"])
        .await;
}

#[tokio::test]
async fn get_email_of_mailbox_with_a_password_needs_its_owner() {
    let world = World::open().await;
    let pro = world.register().await;
    let other = world.register_as("bob@example.com").await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let free = world.create_mailbox_for("free@mayfly.test", "").await;
    let id = world.deliver(&own, MAIL).await;
    let of_free = world.deliver(&free, MAIL).await;
    world
        .get_v1(&format!("/v1/email/{id}"), &pro)
        .await
        .expect_status(200);
    for (id, token) in [(&id, ""), (&id, &other), (&of_free, ""), (&of_free, &pro)] {
        for rest in ["", "/raw", "/attachments/0"] {
            let path = format!("/v1/email/{id}{rest}");
            world.get_v1(&path, token).await.expect_status(404);
        }
    }
}
