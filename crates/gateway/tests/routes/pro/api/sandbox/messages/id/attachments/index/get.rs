//! `GET /pro/api/sandbox/messages/{id}/attachments/{index}`

use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(get_sandbox_attachment_is_decoded);

const MAIL: &str = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/csv\r\n\
                    Content-Disposition: attachment; filename=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                    YSxi\r\n--b--\r\n";

async fn get_sandbox_attachment_is_decoded(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let id = world.submit(&pro, &["a@b.example"], MAIL).await;
    let path = format!("/pro/api/sandbox/messages/{id}/attachments");
    let attachment = world.get(&format!("{path}/0"), &pro).await.expect_status(200);
    assert_eq!(attachment.body, "a,b");
    assert_eq!(attachment.header("content-type"), "text/csv");
    let wrong = world.get(&format!("{path}/x"), &pro).await.expect_status(400);
    assert_eq!(wrong.text("error"), "invalid_index");
}

#[tokio::test]
async fn get_sandbox_attachment_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandbox/messages/01a20846-fe00-7000-8000-000000000000/attachments/0";
    world.assert_pro_only("GET", path).await;
}
