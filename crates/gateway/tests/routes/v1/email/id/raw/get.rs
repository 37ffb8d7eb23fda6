//! `GET /v1/email/{id}/raw`

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_raw_returns_bytes_as_received() {
    let world = World::open().await;
    let id = world.deliver_to("ann@open.test", MAIL).await;
    let answer = world
        .get_v1(&format!("/v1/email/{id}/raw"), "")
        .await
        .expect_status(200);
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert!(answer.header("content-disposition").starts_with("attachment"));
    assert_eq!(answer.body, MAIL.as_bytes());
    let path = format!("/v1/email/{UNKNOWN_ID}/raw");
    world.get_v1(&path, "").await.expect_status(404);
    world.assert_unauthorized_v1("GET", &path, &["garbage"]).await;
}
