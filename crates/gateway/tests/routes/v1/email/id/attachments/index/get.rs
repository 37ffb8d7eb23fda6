//! `GET /v1/email/{id}/attachments/{index}`

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_attachment_returns_decoded_bytes_as_a_download() {
    let world = World::open().await;
    let id = world.deliver_to("ann@open.test", MAIL).await;
    let path = |index: &str| format!("/v1/email/{id}/attachments/{index}");
    let answer = world.get_v1(&path("0"), "").await.expect_status(200);
    assert_eq!(&answer.body[..], b"total,12\n");
    assert!(answer.header("content-disposition").starts_with("attachment;"));
    for index in ["1", "x"] {
        let answer = world.get_v1(&path(index), "").await.expect_status(400);
        assert_eq!(answer.text("error"), "invalid_index");
    }
    let unknown = format!("/v1/email/{UNKNOWN_ID}/attachments/0");
    world.get_v1(&unknown, "").await.expect_status(404);
    world.assert_unauthorized_v1("GET", &unknown, &["garbage"]).await;
}
