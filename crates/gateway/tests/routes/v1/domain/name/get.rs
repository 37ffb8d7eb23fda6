//! `GET /v1/domain/{name}`

use crate::support::{CUSTOM_DOMAIN, MAIL, World};

#[tokio::test]
async fn wait_for_email_of_domain_leaves_others_out() {
    let world = World::open().await;
    let pro = world.register().await;
    world.add_verified_domain(&pro).await;
    let elsewhere = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let there = world
        .create_mailbox_for(&format!("ann@{CUSTOM_DOMAIN}"), &pro)
        .await;
    world.deliver(&elsewhere, MAIL).await;
    let id = world.deliver(&there, MAIL).await;
    let path = format!("/v1/domain/{}", CUSTOM_DOMAIN.to_uppercase());
    let answer = world.get_v1(&path, &pro).await.expect_status(200).json();
    assert_eq!(answer["emails"].as_array().unwrap().len(), 1);
    assert_eq!(answer["emails"][0]["id"], id);
}

#[tokio::test]
async fn wait_for_email_of_foreign_domain_is_not_found() {
    let world = World::open().await;
    let pro = world.register().await;
    world.add_verified_domain(&pro).await;
    let other = world.register_as("bob@example.com").await;
    let path = format!("/v1/domain/{CUSTOM_DOMAIN}");
    world.get_v1(&path, &other).await.expect_status(404);
    world
        .get_v1("/v1/domain/mayfly.test", &pro)
        .await
        .expect_status(404);
    world
        .get_v1("/v1/domain/open.test", &pro)
        .await
        .expect_status(404);
    world.assert_unauthorized_v1("GET", &path, &["", "garbage"]).await;
}
