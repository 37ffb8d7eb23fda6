//! `GET /messages/{id}/attachment/{attachment_id}`

use crate::{
    hydra::{SHOP, assert_error},
    support::World,
};

#[tokio::test]
async fn download_attachment_returns_decoded_bytes() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/messages/{}/attachment", world.deliver(&mailbox, SHOP).await);
    let first = format!("{path}/ATTACH000001");
    for url in [&first, &format!("/{first}")] {
        let answer = world.get(url, &mailbox.token).await.expect_status(200);
        assert_eq!(answer.body, "total,12\n".as_bytes());
        assert_eq!(answer.header("content-type"), "text/csv");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment; filename=\"bill.csv\"")
        );
    }
    for id in ["ATTACH000003", "ATTACH000000", "0", "1"] {
        let answer = world.get(&format!("{path}/{id}"), &mailbox.token).await;
        assert_error(&answer, 404, "Not Found");
    }
    world.assert_jwt_only("GET", &first).await;
}
