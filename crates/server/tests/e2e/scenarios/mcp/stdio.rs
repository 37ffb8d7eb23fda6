//! `mayfly mcp`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CODE, pro_token, send, text, use_every_tool};
use crate::{
    mcp::{Agent, StdioAgent, request},
    world::{Kind, World},
};

async fn say_hello(agent: &mut Agent) {
    let params = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" }
    });
    let hello = agent.request("initialize", params).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "mayfly", "{hello}");
}

fn stdio(agent: &mut Agent) -> &mut StdioAgent {
    match agent {
        Agent::Stdio(agent) => agent,
        Agent::Http(_) => panic!("not stdio"),
    }
}

mod worlds {
    crate::scenario!(agent_with_token_uses_every_tool);
    crate::scenario!(agent_without_token_uses_every_tool);
}

async fn agent_with_token_uses_every_tool(world: World) {
    let token = pro_token(&world.client()).await;
    let mut agent = Agent::stdio(world.http(), Some(&token));
    say_hello(&mut agent).await;
    use_every_tool(&mut agent, &world).await;
    assert_eq!(stdio(&mut agent).close().await, Some(0));
}

async fn agent_without_token_uses_every_tool(world: World) {
    let mut agent = Agent::stdio(world.http(), None);
    say_hello(&mut agent).await;
    agent.fails("list_mail", json!({})).await;
    use_every_tool(&mut agent, &world).await;
}

/// A message names no mailbox, and is found in each of several. No token is part of what a model sees.
#[tokio::test]
async fn mailboxes_without_token_are_apart_and_shown_without_secrets() {
    let world = World::start(Kind::AllInOne);
    let mut agent = Agent::stdio(world.http(), None);
    say_hello(&mut agent).await;
    let mut mailboxes = Vec::new();
    for _ in 0..3 {
        let created = agent.call("create_mailbox", json!({})).await;
        assert!(
            created.get("_meta").is_none() && !created.to_string().contains("eyJ"),
            "{created}"
        );
        mailboxes.push(created["structuredContent"].clone());
    }
    for mailbox in &mailboxes {
        send(&world, mailbox["address"].as_str().unwrap(), CODE).await;
    }
    assert!(agent.fails("list_mail", json!({})).await.contains("mailbox_id"));
    for mailbox in &mailboxes {
        let here = json!({ "mailbox_id": mailbox["mailbox_id"] });
        let listed = agent.get("list_mail", here).await;
        assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
        let message = json!({ "message_id": listed["messages"][0]["message_id"] });
        assert_eq!(
            agent.get("read_mail", message.clone()).await["untrusted"]["text"],
            "Your code is 482913.\n"
        );
        agent.get("delete_mail", message).await;
    }
    // Another process has other mailboxes.
    let mut other = Agent::stdio(world.http(), None);
    let here = json!({ "mailbox_id": mailboxes[0]["mailbox_id"] });
    assert!(
        other
            .fails("list_mail", here)
            .await
            .contains("create a mailbox first")
    );
}

#[tokio::test]
async fn wait_over_stdio_holds_up_no_other_call() {
    let world = World::start(Kind::AllInOne);
    let mut agent = Agent::stdio(world.http(), None);
    let id = text(&agent.get("create_mailbox", json!({})).await["mailbox_id"]);
    let agent = stdio(&mut agent);
    let call = |id: usize, tool: &str, arguments: Value| {
        request(id, "tools/call", json!({ "name": tool, "arguments": arguments })).to_string()
    };
    agent
        .write(&call(
            10,
            "get_code",
            json!({ "mailbox_id": id, "timeout_s": 55 }),
        ))
        .await;
    agent
        .write(&call(11, "list_mail", json!({ "mailbox_id": id })))
        .await;
    assert_eq!(agent.read().await["id"], 11);
    // A request that is cancelled has no answer.
    let cancelled =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 10 } });
    agent.write(&cancelled.to_string()).await;
    let started = Instant::now();
    assert_eq!(agent.close().await, Some(0));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn line_that_is_no_message_gets_an_error() {
    let world = World::start(Kind::AllInOne);
    let mut agent = Agent::stdio(world.http(), None);
    let agent = stdio(&mut agent);
    for line in ["no JSON".to_owned(), format!("\"{}\"", "x".repeat(2 << 20))] {
        agent.write(&line).await;
        let answer = agent.read().await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&Value::Null, &json!(-32700)),
            "{answer}"
        );
    }
    // Empty lines and notifications get none.
    agent.write("").await;
    agent
        .write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string())
        .await;
    agent.write(&request(7, "ping", json!({})).to_string()).await;
    assert_eq!(
        agent.read().await,
        json!({ "jsonrpc": "2.0", "id": 7, "result": {} })
    );
}

#[tokio::test]
async fn server_that_refuses_is_reported_with_the_id() {
    let world = World::start(Kind::AllInOne);
    for (server, token, problem) in [
        (world.http(), Some("tm_pro_wrong"), "401 invalid_token"),
        ("http://127.0.0.1:1", None, "no answer"),
    ] {
        let mut agent = Agent::stdio(server, token);
        let answer = agent.request("tools/list", json!({})).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(problem), "{message}");
    }
}
