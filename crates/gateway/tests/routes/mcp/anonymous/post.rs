//! `POST /mcp/anonymous`

use serde_json::json;

use crate::{
    mcp::post::{call, send},
    support::World,
};

#[tokio::test]
async fn create_mailbox_without_token_returns_one_beside_the_content() {
    let world = World::sqlite().await;
    let create = call("create_mailbox", json!({ "address": "ann@mayfly.test" }));
    let created = send(&world, "/mcp/anonymous", "", &create)
        .await
        .expect_status(200)
        .json();
    let result = &created["result"];
    assert_eq!(result["structuredContent"]["address"], "ann@mayfly.test");
    let token = result["_meta"]["mayfly/token"].as_str().unwrap();
    assert!(!result["content"].to_string().contains(token));
    assert_eq!(
        world.get("/api/me", token).await.text("address"),
        "ann@mayfly.test"
    );
}

#[tokio::test]
async fn other_tool_without_token_is_refused() {
    let world = World::sqlite().await;
    let refused = send(&world, "/mcp/anonymous", "", &call("list_mail", json!({}))).await;
    let refused = refused.expect_status(200).json();
    assert_eq!(refused["result"]["isError"], true);
    assert_eq!(refused["result"]["_meta"]["mayfly/error"], "invalid_request");
    let garbage = send(&world, "/mcp/anonymous", "garbage", &call("list_mail", json!({}))).await;
    assert_eq!(garbage.status, 401);
}
