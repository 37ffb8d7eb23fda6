//! `POST /api/user/login`

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{PASSWORD, World};

#[tokio::test]
async fn login_returns_user_without_a_cookie() {
    let world = World::sqlite().await;
    world.register().await;
    let body = || json!({"email": "ann@example.com", "password": PASSWORD});
    let answer = world.post("/api/user/login", "", body()).await;
    assert!(!answer.headers.contains_key("set-cookie"));
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "downgraded": false,
        "email": "ann@example.com",
        "plan": "pro",
        "status": "active",
        "token": "[token]",
        "user_id": "[id]"
      },
      "status": 200
    }
    "#);
    let wrong = json!({"email": "ann@example.com", "password": "wrong one"});
    let answer = world.post("/api/user/login", "", wrong).await.expect_status(401);
    assert_eq!(answer.text("error"), "invalid_credentials");
}
