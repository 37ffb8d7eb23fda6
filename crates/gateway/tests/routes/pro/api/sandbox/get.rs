//! `GET /pro/api/sandbox`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(get_default_sandbox_is_filled_after_the_first_login);

async fn get_default_sandbox_is_filled_after_the_first_login(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let mut expected = json!({
        "enabled": false, "account_id": null, "address": null, "smtp_host": "mx.mayfly.test", "smtp_port": 587,
        "auth_method": "PLAIN", "username": "any",
        "note": "Mail that is sent with this login is captured for every recipient and never relayed.",
        "quota": null, "used": null,
    });
    assert_eq!(world.get("/pro/api/sandbox", &pro).await.json(), expected);
    world
        .submit(&pro, &["a@foreign.example"], "Subject: x\r\n\r\nx\r\n")
        .await;
    let shown = world.get("/pro/api/sandbox", &pro).await.json();
    let (account_id, address) = (&shown["account_id"], shown["address"].as_str().unwrap());
    assert!(
        account_id.is_string() && address.ends_with("@sandbox.mayfly.test"),
        "{shown}"
    );
    for (key, value) in [
        ("enabled", json!(true)),
        ("account_id", account_id.clone()),
        ("address", json!(address)),
        ("quota", json!(52_428_800)),
        ("used", json!(17)),
    ] {
        expected[key] = value;
    }
    assert_eq!(shown, expected);
    // It is in no list of mailboxes.
    assert_eq!(
        world.get("/pro/api/accounts", &pro).await.json(),
        json!({"accounts": []})
    );
}

#[tokio::test]
async fn get_default_sandbox_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandbox";
    world.assert_pro_only("GET", path).await;
}
