//! `GET /api/docs/mailtm`

use crate::support::World;

#[tokio::test]
async fn get_document_describes_every_route_of_mailtm() {
    let world = World::sqlite().await;
    let answer = world.get("/api/docs/mailtm", "").await.expect_status(200);
    let expected = serde_json::to_value(mayfly_gateway::mailtm_document()).unwrap();
    assert_eq!(answer.json(), expected);
    world.get("/api/docs/", "").await.expect_status(200);
}
