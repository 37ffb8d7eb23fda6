//! `POST /api/user/register`

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{PASSWORD, World};

#[tokio::test]
async fn register_returns_user_without_a_cookie() {
    let world = World::sqlite().await;
    let body = || json!({"email": "ann@example.com", "password": PASSWORD});
    let answer = world.post("/api/user/register", "", body()).await;
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
      "status": 201
    }
    "#);
    let again = world
        .post("/api/user/register", "", body())
        .await
        .expect_status(409);
    assert_eq!(again.text("error"), "email_taken");
}
