//! `GET /api/docs/mailtd`

use crate::support::World;

#[tokio::test]
async fn document_of_mailtd_describes_its_routes() {
    let world = World::open().await;
    let document = world.get("/api/docs/mailtd", "").await.expect_status(200).json();
    assert!(document["paths"]["/api/accounts/{account}"].is_object());
    let bearer_api = world.get("/api/openapi.json", "").await.json();
    assert!(bearer_api["paths"]["/api/accounts/{account}"].is_null());
}
