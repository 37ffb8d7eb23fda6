//! `DELETE /pro/api/sessions`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{PASSWORD, World};

const PATH: &str = "/pro/api/sessions";

db_test!(sign_out_everywhere_rejects_earlier_jwts);

async fn sign_out_everywhere_rejects_earlier_jwts(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let created = world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    let token = created.text("token");
    let login = async || {
        let body = json!({"email": "ann@example.com", "password": PASSWORD});
        world.post("/pro/api/login", "", body).await.text("token")
    };
    let second = login().await;
    assert_json_snapshot!(world.delete(PATH, &pro).await.snapshot(), @r#"
    {
      "body": null,
      "status": 204
    }
    "#);
    for jwt in [&pro, &second] {
        world.get("/pro/api/me", jwt).await.expect_status(401);
    }
    world.get("/pro/api/me", &token).await.expect_status(200);
    let third = login().await;
    let path = format!("{PATH}?tokens=true");
    world.delete(&path, &third).await.expect_status(204);
    for credential in [&third, &token] {
        world.get("/pro/api/me", credential).await.expect_status(401);
    }
    world.get("/pro/api/me", &login().await).await.expect_status(200);
}

#[tokio::test]
async fn sign_out_everywhere_invalid_query_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("{PATH}?tokens=all");
    world.delete(&path, &pro).await.expect_status(400);
    world.get("/pro/api/me", &pro).await.expect_status(200);
}

#[tokio::test]
async fn sign_out_everywhere_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("DELETE", PATH).await;
}
