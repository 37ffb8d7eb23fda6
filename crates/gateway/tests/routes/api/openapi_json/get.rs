//! `GET /api/openapi.json`

use crate::support::World;

#[tokio::test]
async fn get_document_describes_every_route() {
    let world = World::sqlite().await;
    let answer = world.get("/api/openapi.json", "").await.expect_status(200);
    let expected = serde_json::to_value(mayfly_gateway::document()).unwrap();
    assert_eq!(answer.json(), expected);
}
