//! `POST /mcp`

use axum::{
    body::Body,
    http::{Request, header},
};
use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::{Answer, MAIL, World};

/// Sends a message of JSON-RPC.
pub(crate) async fn send(world: &World, path: &str, token: &str, message: &Value) -> Answer {
    let mut request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    world
        .send(request.body(Body::from(message.to_string())).unwrap())
        .await
}

/// A call of a tool.
pub(crate) fn call(tool: &str, arguments: Value) -> Value {
    let mut call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool } });
    call["params"]["arguments"] = arguments;
    call
}

db_test!(get_code_of_stored_mail_answers_at_once);

async fn get_code_of_stored_mail_answers_at_once(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let message = world.deliver(&mailbox, MAIL).await;
    let get = call("get_code", json!({ "mailbox_id": mailbox.id }));
    let mut answer = send(&world, "/mcp", &pro, &get).await.expect_status(200).json();
    let content = &mut answer["result"]["structuredContent"];
    assert_eq!(content["message_id"], message);
    assert_json_snapshot!(content["untrusted"], @r#"
    {
      "code": "482913",
      "from": "Shop <shop@sender.example>",
      "subject": "Your code"
    }
    "#);
}

#[tokio::test]
async fn call_of_revision_2026_07_28_needs_no_session() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta } });
    let request = Request::post("/mcp")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header(header::AUTHORIZATION, format!("Bearer {pro}"))
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/list");
    let answer = world
        .send(request.body(Body::from(list.to_string())).unwrap())
        .await;
    let answer = answer.expect_status(200).json();
    assert_eq!(answer["result"]["tools"].as_array().unwrap().len(), 9, "{answer}");
    assert_eq!(answer["result"]["resultType"], "complete");
}

#[tokio::test]
async fn mcp_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    for token in ["", "garbage", "tm_pro_garbage"] {
        let answer = send(&world, "/mcp", token, &call("list_mail", json!({}))).await;
        assert_eq!(
            (answer.status, answer.text("error").as_str()),
            (401, "invalid_token")
        );
        let challenge = answer.header("www-authenticate");
        let metadata = "resource_metadata=\"http://localhost/.well-known/oauth-protected-resource/mcp\"";
        assert!(
            challenge.starts_with("Bearer ") && challenge.ends_with(metadata),
            "{challenge}"
        );
    }
}
