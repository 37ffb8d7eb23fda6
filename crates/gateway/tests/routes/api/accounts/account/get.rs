//! `GET /api/accounts/{account}`

use insta::assert_json_snapshot;

use crate::support::{UNKNOWN_ID, World};

#[tokio::test]
async fn get_account_by_id_or_address_returns_mailbox() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = &mailbox.id;
    assert_json_snapshot!(world.get(&format!("/api/accounts/{id}"), &pro).await.snapshot(), @r#"
    {
      "body": {
        "address": "ann@mayfly.test",
        "created_at": "2026-11-23T12:00:00Z",
        "id": "[id]",
        "quota": 52428800,
        "role": "pro",
        "used": 0
      },
      "status": 200
    }
    "#);
    for named in [
        "ann@mayfly.test",
        "Ann%40Mayfly.Test",
        "%20ann@mayfly.test%20",
        &id.to_uppercase(),
    ] {
        for token in [&pro, &mailbox.token] {
            let answer = world.get(&format!("/api/accounts/{named}"), token).await;
            assert_eq!(answer.expect_status(200).text("id"), *id, "{named}");
        }
    }
}

#[tokio::test]
async fn get_account_of_other_owner_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let free = world.create_mailbox_for("bob@mayfly.test", "").await;
    for (token, named) in [
        (&pro, free.id.as_str()),
        (&pro, "bob@mayfly.test"),
        (&pro, "nobody@mayfly.test"),
        (&pro, UNKNOWN_ID),
        (&pro, "x"),
        (&free.token, own.id.as_str()),
        (&free.token, "ann@mayfly.test"),
        (&free.token, "nobody@mayfly.test"),
    ] {
        let answer = world.get(&format!("/api/accounts/{named}"), token).await;
        assert_eq!(answer.expect_status(404).text("error"), "not_found", "{named}");
    }
}

#[tokio::test]
async fn get_account_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}", mailbox.id);
    world.assert_unauthorized_td("GET", &path, &[]).await;
    world.delete("/api/me", &mailbox.token).await.expect_status(204);
    world
        .assert_unauthorized_td("GET", &path, &[&mailbox.token])
        .await;
}

#[tokio::test]
async fn get_account_with_dialect_off_is_an_unknown_path() {
    let config = mayfly_gateway::Config {
        dialects: mayfly_runtime::config::List::default(),
        ..mayfly_gateway::Config::default()
    };
    let world = World::with(mayfly_testkit::Db::Sqlite, config).await;
    let mailbox = world.create_mailbox().await;
    for path in [format!("/api/accounts/{}", mailbox.id), "/api/user/me".to_owned()] {
        for token in ["", &mailbox.token] {
            let answer = world.get(&path, token).await.expect_status(404);
            assert_eq!(answer.text("error"), "not_found");
        }
    }
}
