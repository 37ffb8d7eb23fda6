//! `GET /api/user/accounts`

use insta::assert_json_snapshot;

use crate::support::World;

#[tokio::test]
async fn list_accounts_continues_behind_cursor() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let first = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let second = world.create_mailbox_for("bob@mayfly.test", &pro).await;
    let listed = world
        .get("/api/user/accounts?cursor=", &pro)
        .await
        .expect_status(200)
        .json();
    assert_eq!(listed["next_cursor"], "");
    assert_eq!(listed["accounts"][0]["id"], first.id);
    let path = format!("/api/user/accounts?cursor={}", first.id);
    let rest = world.get(&path, &pro).await.expect_status(200).json();
    assert_eq!(rest["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(rest["accounts"][0]["id"], second.id);
}

#[tokio::test]
async fn list_accounts_bad_cursor_is_invalid() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    assert_json_snapshot!(world.get("/api/user/accounts?cursor=x", &pro).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "cursor: is not the next_cursor of a page"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn list_accounts_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("GET", "/api/user/accounts", &[&mailbox.token])
        .await;
}
