//! `POST /api/user/billing/portal`

use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn billing_portal_without_subscription_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let answer = world
        .post("/api/user/billing/portal", &pro, Value::Null)
        .await
        .expect_status(404);
    assert_eq!(answer.text("error"), "no_subscription");
    world
        .assert_unauthorized_td("POST", "/api/user/billing/portal", &[])
        .await;
}
