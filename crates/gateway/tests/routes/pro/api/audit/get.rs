//! `GET /pro/api/audit`

use mayfly_testkit::{Db, db_test, eventually};
use serde_json::{Value, json};

use crate::{
    mcp::post::{call, send},
    support::World,
};

db_test!(list_audit_events_has_changes_and_refusals);

/// Lists the events as action, object and outcome, oldest first.
async fn events(world: &World, token: &str) -> Vec<[String; 3]> {
    let listed = world.get("/pro/api/audit", token).await.expect_status(200).json();
    let text = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    let events = listed["events"].as_array().unwrap().iter().rev();
    events
        .map(|event| ["action", "object", "outcome"].map(|key| text(event, key)))
        .collect()
}

async fn list_audit_events_has_changes_and_refusals(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let token = world
        .create_token(&pro, json!({"name": "ci", "scopes": ["accounts:write"]}))
        .await;
    let current = world.get("/pro/api/tokens/current", &token).await.text("id");
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &token).await;
    world.get("/pro/api/accounts", &token).await.expect_status(403);
    let path = format!("/pro/api/accounts/{}", mailbox.id);
    world.delete(&path, &token).await.expect_status(204);
    let query = "/pro/api/messages?q=*";
    world.delete(query, &pro).await.expect_status(200);
    let wrong = json!({"email": "ann@example.com", "password": "a wrong one"});
    world.post("/pro/api/login", "", wrong).await.expect_status(401);
    world
        .delete(&format!("/pro/api/tokens/{current}"), &pro)
        .await
        .expect_status(204);
    // Refusals are recorded in the background.
    let mut found = eventually("all events are recorded", async || {
        let found = events(&world, &pro).await;
        (found.len() == 6).then_some(found)
    })
    .await;
    found.sort();
    let user = world.get("/pro/api/me", &pro).await.text("id");
    let expected = [
        ["GET /pro/api/accounts", "accounts:read", "refused"],
        ["mailbox.deleted", &mailbox.id, "done"],
        ["messages.deleted", "0", "done"],
        ["token.created", &current, "done"],
        ["token.revoked", &current, "done"],
        ["user.signed_in", &user, "failed"],
    ];
    assert_eq!(found, expected.map(|event| event.map(str::to_owned)));
}

#[tokio::test]
async fn list_audit_events_has_calls_over_mcp() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let token = world
        .create_token(&pro, json!({"name": "agent", "scopes": ["accounts:write"]}))
        .await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &token).await;
    let refused = send(&world, "/mcp", &token, &call("list_mail", json!({}))).await;
    assert_eq!(refused.expect_status(200).json()["result"]["isError"], true);
    let delete = call("delete_mailbox", json!({"mailbox_id": mailbox.id}));
    let deleted = send(&world, "/mcp", &token, &delete).await;
    assert_eq!(deleted.expect_status(200).json()["result"]["isError"], false);
    let expected = [
        ["MCP list_mail", "messages:read", "refused"],
        ["mailbox.deleted", &mailbox.id, "done"],
    ];
    eventually("both events are recorded", async || {
        let mut found = events(&world, &pro).await;
        found.retain(|[action, ..]| action != "token.created");
        found.sort();
        (found == expected.map(|event| event.map(str::to_owned))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn list_audit_events_pages_by_cursor() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for _ in 0..60 {
        let token = world.create_token(&pro, json!({"name": "ci"})).await;
        let id = world.get("/pro/api/tokens/current", &token).await.text("id");
        world
            .delete(&format!("/pro/api/tokens/{id}"), &pro)
            .await
            .expect_status(204);
    }
    let first = world.get("/pro/api/audit", &pro).await.expect_status(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/pro/api/audit?cursor={cursor}");
    let second = world.get(&path, &pro).await.expect_status(200).json();
    let count = |page: &Value| page["events"].as_array().unwrap().len();
    assert_eq!(
        (count(&first), count(&second), &second["next_cursor"]),
        (100, 20, &Value::Null)
    );
    assert_ne!(first["events"][99]["id"], second["events"][0]["id"]);
    world
        .get("/pro/api/audit?cursor=x", &pro)
        .await
        .expect_status(400);
}

#[tokio::test]
async fn list_audit_events_of_others_is_empty() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world.create_token(&pro, json!({"name": "ci"})).await;
    let other = world.register_as("other@example.com").await;
    assert!(events(&world, &other).await.is_empty());
    let limited = json!({"name": "ci", "limits": {"address_prefix": "ci-"}});
    let limited = world.create_token(&pro, limited).await;
    assert!(events(&world, &limited).await.is_empty(), "its own events only");
}

#[tokio::test]
async fn list_audit_events_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/audit").await;
}
