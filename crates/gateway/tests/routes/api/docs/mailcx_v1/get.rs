//! `GET /api/docs/mailcx_v1`

use crate::support::World;

#[tokio::test]
async fn document_of_mailcx_v1_describes_its_routes() {
    let world = World::open().await;
    let document = world
        .get("/api/docs/mailcx_v1", "")
        .await
        .expect_status(200)
        .json();
    assert!(document["paths"]["/v1/config"].is_object());
    let bearer_api = world.get("/api/openapi.json", "").await.json();
    assert!(bearer_api["paths"]["/v1/config"].is_null());
}
