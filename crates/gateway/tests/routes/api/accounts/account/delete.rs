//! `DELETE /api/accounts/{account}`

use crate::support::World;

#[tokio::test]
async fn delete_account_ends_mailbox_and_its_tokens() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for (address, by_pro) in [("ann@mayfly.test", true), ("bob@mayfly.test", false)] {
        let mailbox = world.create_mailbox_for(address, &pro).await;
        let token = if by_pro { &pro } else { &mailbox.token };
        let deleted = world.delete(&format!("/api/accounts/{address}"), token).await;
        assert!(deleted.expect_status(204).body.is_empty());
        world.get("/api/me", &mailbox.token).await.expect_status(401);
        let path = format!("/api/accounts/{}", mailbox.id);
        world.delete(&path, &pro).await.expect_status(404);
    }
}

#[tokio::test]
async fn delete_account_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}", mailbox.id);
    world.assert_unauthorized_td("DELETE", &path, &[]).await;
}
