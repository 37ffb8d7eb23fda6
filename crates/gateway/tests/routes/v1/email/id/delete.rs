//! `DELETE /v1/email/{id}`

use serde_json::Value;

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn delete_email_removes_it_once() {
    let world = World::open().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let delete = async |id: &str, token: &str| {
        let path = format!("/v1/email/{id}");
        world.call_v1("DELETE", &path, token, Value::Null).await.status
    };
    let open = world.deliver_to("ann@open.test", MAIL).await;
    assert_eq!(delete(&open, "").await, 204);
    assert_eq!(delete(&open, "").await, 404);
    let owned = world.deliver(&own, MAIL).await;
    assert_eq!(delete(&owned, "").await, 404);
    assert_eq!(delete(&owned, &pro).await, 204);
    assert_eq!(delete(UNKNOWN_ID, "").await, 404);
    assert_eq!(delete(UNKNOWN_ID, "garbage").await, 401);
}
