//! `GET /pro/api/usage`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{MAIL, World};

db_test!(get_usage_counts_messages_of_today);

async fn get_usage_counts_messages_of_today(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.deliver(&mailbox, MAIL).await;
    assert_json_snapshot!(world.get("/pro/api/usage?days=2", &pro).await.snapshot(), @r#"
    {
      "body": {
        "account_count": 1,
        "days": [
          {
            "bytes": 0,
            "day": "2026-11-22",
            "messages": 0
          },
          {
            "bytes": 548,
            "day": "2026-11-23",
            "messages": 1
          }
        ],
        "used": 548
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn get_usage_invalid_days_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for days in ["0", "91", "two"] {
        let path = format!("/pro/api/usage?days={days}");
        let answer = world.get(&path, &pro).await.expect_status(400);
        assert_eq!(answer.text("error"), "invalid_request", "{days}");
    }
}

#[tokio::test]
async fn get_usage_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/usage").await;
}
