//! `DELETE /api/user/sandbox/messages`

use crate::support::World;

#[tokio::test]
async fn delete_sandbox_messages_returns_their_number() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = "/api/user/sandbox/messages";
    for deleted in [0, 2, 0] {
        for _ in 0..deleted {
            world
                .submit(&pro, &["ann@foreign.example"], "Subject: x\r\n\r\nx\r\n")
                .await;
        }
        let answer = world.delete(path, &pro).await.expect_status(200).json();
        assert_eq!(answer["deleted"], deleted);
    }
}

#[tokio::test]
async fn delete_sandbox_messages_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("DELETE", "/api/user/sandbox/messages", &[&mailbox.token])
        .await;
}
