//! `GET /pro/api/tokens/current`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(get_current_token_shows_what_it_may_do);

async fn get_current_token_shows_what_it_may_do(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let wanted = json!({
        "name": "ci",
        "scopes": ["messages:read", "accounts:read"],
        "limits": {"domains": ["CI.example"], "address_prefix": "CI-"},
        "expires_at": "2026-11-24T12:00:00Z",
    });
    let token = world.create_token(&pro, wanted).await;
    let mut found = world
        .get("/pro/api/tokens/current", &token)
        .await
        .expect_status(200)
        .json();
    // This use is recorded in the background.
    let used = ["calls", "id", "last_used_at", "last_used_from", "refused"];
    for key in used {
        assert!(found.as_object_mut().unwrap().remove(key).is_some(), "{key}");
    }
    let expected = json!({
        "name": "ci",
        "scopes": ["accounts:read", "messages:read"],
        "limits": {
            "accounts": null,
            "domains": ["ci.example"],
            "address_prefix": "ci-",
            "sandboxes": null,
        },
        "expires_at": "2026-11-24T12:00:00Z",
        "created_at": "2026-11-23T12:00:00Z",
        "revoked_at": null,
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn get_current_token_of_jwt_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world
        .get("/pro/api/tokens/current", &pro)
        .await
        .expect_status(404);
    let everything = world.create_token(&pro, json!({"name": "ci"})).await;
    let answer = world.get("/pro/api/tokens/current", &everything).await;
    assert_eq!(answer.expect_status(200).json()["scopes"], json!(null));
}

#[tokio::test]
async fn get_current_token_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/tokens/current").await;
}
