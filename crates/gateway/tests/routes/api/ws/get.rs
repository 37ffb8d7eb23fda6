//! `GET /api/ws`

use crate::support::World;

#[tokio::test]
async fn open_socket_without_upgrade_is_rejected() {
    let world = World::sqlite().await;
    let answer = world.get("/api/ws", "").await;
    assert_eq!(answer.status, 400, "{answer:?}");
}
