//! Waits and calls of one token, many waits at once, and the end of a process while agents wait.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mayfly_testkit::eventually_within;
use serde_json::{Value, json};

use super::{CODE, pro_token, send, text};
use crate::{
    client::Client,
    mcp,
    world::{Kind, World},
};

/// Waits in the longest way.
fn waiting(mailbox: &str) -> Value {
    json!({ "mailbox_id": mailbox, "timeout_s": 55 })
}

/// Waits until so many waits are open.
async fn until_waiting(admin: &Client, count: usize) {
    let expected = format!(" {count}");
    eventually_within("the agents wait", Duration::from_secs(30), async || {
        let metrics = admin.call("GET", "/metrics", None, None).await.body;
        let metrics = String::from_utf8_lossy(&metrics).into_owned();
        let open = metrics
            .lines()
            .find(|line| line.starts_with("mayfly_gateway_streams_open{") && line.contains("wait"));
        match open {
            Some(open) if open.ends_with(&expected) => Ok(()),
            other => Err(other.map(str::to_owned)),
        }
    })
    .await;
}

#[tokio::test]
async fn hundred_waits_of_one_token_leave_eight() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let token = pro_token(&client).await;
    let created = mcp::call(&client, &token, "create_mailbox", json!({})).await;
    let created = &created["structuredContent"];
    let mailbox = text(&created["mailbox_id"]);
    let waits = join_all((0..100).map(|_| async {
        let result = mcp::call(&client, &token, "wait_for_mail", waiting(&mailbox)).await;
        let is_refused = result["isError"] == true;
        if is_refused {
            let message = text(&result["content"][0]["text"]);
            assert_eq!(message, "rate_limited: too many requests; slow down");
        }
        is_refused
    }));
    let mail = async {
        until_waiting(&Client::new(world.admin()), 8).await;
        send(&world, created["address"].as_str().unwrap(), CODE).await;
    };
    let started = Instant::now();
    let (refused, ()) = tokio::join!(waits, mail);
    assert_eq!(refused.iter().filter(|is_refused| **is_refused).count(), 92);
    assert!(started.elapsed() < Duration::from_secs(50));
    // Another token has its own.
    let ann = client.create_mailbox("ann@mayfly.test", None).await;
    let arguments = json!({ "timeout_s": 0 });
    let result = mcp::call(&client, &ann.token, "wait_for_mail", arguments).await;
    assert_eq!(result["isError"], false, "{result}");
}

#[tokio::test]
async fn hundred_waits_of_many_tokens_all_get_the_mail() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let pro = client.register("agents@example.com").await;
    let mut tokens = Vec::new();
    for n in 0..13 {
        tokens.push(client.create_token(&pro, &format!("agent {n}")).await.1);
    }
    let mailbox = client.create_mailbox("all@mayfly.test", Some(&pro)).await;
    let waits = join_all((0..100).map(|n| {
        let (client, token, arguments) = (&client, &tokens[n % 13], waiting(&mailbox.id));
        async move {
            let result = mcp::call(client, token, "get_code", arguments).await;
            (
                text(&result["structuredContent"]["untrusted"]["code"]),
                Instant::now(),
            )
        }
    }));
    let mail = async {
        until_waiting(&Client::new(world.admin()), 100).await;
        send(&world, &mailbox.address, CODE).await;
        Instant::now()
    };
    let (codes, sent) = tokio::join!(waits, mail);
    assert!(codes.iter().all(|(code, _)| code == "482913"));
    let last = codes
        .iter()
        .map(|(_, at)| at.saturating_duration_since(sent))
        .max()
        .unwrap();
    println!("the last of 100 waits had its answer {last:?} after 250");
}

/// Two gateways count the calls of a token together.
#[tokio::test]
async fn calls_of_one_token_are_counted_over_all_gateways() {
    let world = World::start(Kind::Replicas);
    let clients: Vec<Client> = world.all("HTTP").into_iter().map(Client::new).collect();
    let token = pro_token(&clients[0]).await;
    let mut refused = 0;
    for n in 0..80 {
        let result = mcp::call(&clients[n % 2], &token, "list_mail", json!({})).await;
        refused += usize::from(result["isError"] == true);
    }
    // One a second comes back meanwhile.
    assert!((5..=20).contains(&refused), "{refused}");
}

/// An agent continues at another gateway with the cursor of the answer.
#[tokio::test]
async fn wait_at_a_gateway_that_stops_gets_a_cursor() {
    let mut world = World::start(Kind::AllInOne);
    let client = world.client();
    let token = pro_token(&client).await;
    let created = mcp::call(&client, &token, "create_mailbox", json!({})).await;
    let mailbox = text(&created["structuredContent"]["mailbox_id"]);
    let admin = Client::new(world.admin());
    let waits = tokio::spawn({
        let (client, token) = (client.clone(), token.clone());
        async move { mcp::call(&client, &token, "get_code", waiting(&mailbox)).await }
    });
    until_waiting(&admin, 1).await;
    world.processes[0].signal("TERM");
    let result = waits.await.unwrap();
    assert_eq!(result["structuredContent"]["status"], "timeout", "{result}");
    assert!(result["structuredContent"]["since"].is_string(), "{result}");
    assert_eq!(world.processes[0].wait(), Some(0));
}

/// A client that goes away ends its wait.
#[tokio::test]
async fn wait_of_a_client_that_disconnects_ends() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let token = pro_token(&client).await;
    let created = mcp::call(&client, &token, "create_mailbox", json!({})).await;
    let mailbox = text(&created["structuredContent"]["mailbox_id"]);
    let admin = Client::new(world.admin());
    let waits = tokio::spawn({
        let (client, token) = (client.clone(), token.clone());
        async move { mcp::call(&client, &token, "get_code", waiting(&mailbox)).await }
    });
    until_waiting(&admin, 1).await;
    waits.abort();
    until_waiting(&admin, 0).await;
}
