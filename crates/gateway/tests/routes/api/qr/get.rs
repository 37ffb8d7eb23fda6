//! `GET /api/qr`

use insta::assert_json_snapshot;

use crate::support::World;

#[tokio::test]
async fn get_qr_draws_text() {
    let world = World::sqlite().await;
    let answer = world
        .get("/api/qr?text=ann%40mayfly.test", "")
        .await
        .expect_status(200);
    assert_eq!(answer.header("content-type"), "image/svg+xml");
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; sandbox"
    );
    assert!(answer.body.starts_with(b"<?xml"));
}

#[tokio::test]
async fn get_qr_invalid_length_is_rejected() {
    let world = World::sqlite().await;
    for text in [String::new(), "x".repeat(513)] {
        world
            .get(&format!("/api/qr?text={text}"), "")
            .await
            .expect_status(400);
    }
    assert_json_snapshot!(world.get("/api/qr", "").await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "text: must have 1 to 512 bytes"
      },
      "status": 400
    }
    "#);
}
