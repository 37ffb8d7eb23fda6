//! Who reaches `/mcp`: tokens, origins, hosts, sizes.

use serde_json::{Value, json};

use super::{pro_token, send};
use crate::{
    client::{Answer, Client},
    mcp::{self, post, request},
    tokens,
    world::{Kind, World},
};

fn list_tools() -> Value {
    request(1, "tools/list", json!({}))
}

fn challenge(answer: &Answer) -> String {
    answer.headers["www-authenticate"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn token_that_is_not_valid_is_challenged() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let metadata = format!(
        "resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"",
        world.http()
    );
    let missing = post(&client, "/mcp", None, &list_tools()).await;
    assert_eq!(missing.outcome(), (401, "invalid_token".to_owned()));
    assert_eq!(
        challenge(&missing),
        format!("Bearer realm=\"mayfly\", {metadata}")
    );

    let ann = client.create_mailbox("ann@mayfly.test", None).await;
    let pro = client.register("bob@example.com").await;
    let (id, revoked) = client.create_token(&pro, "agent").await;
    assert_eq!(
        post(&client, "/mcp", Some(&revoked), &list_tools()).await.status,
        200
    );
    client
        .call("DELETE", &format!("/pro/api/tokens/{id}"), Some(&pro), None)
        .await;
    let expired = tokens::aged(&ann.token, &world.signing_key, 8);
    for path in ["/mcp", "/mcp/anonymous"] {
        for token in ["wrong", &revoked, &expired, &"x".repeat(3000)] {
            let refused = post(&client, path, Some(token), &list_tools()).await;
            assert_eq!(refused.outcome(), (401, "invalid_token".to_owned()), "{path}");
            let expected = format!("Bearer realm=\"mayfly\", error=\"invalid_token\", {metadata}");
            assert_eq!(challenge(&refused), expected);
        }
    }
}

#[tokio::test]
async fn metadata_of_resource_name_configured_servers() {
    let url = "https://sign-in.example";
    for servers in ["", url] {
        let world = World::start_with(
            Kind::AllInOne,
            &[("MAYFLY_GATEWAY__MCP_AUTHORIZATION_SERVERS", servers)],
        );
        let path = "/.well-known/oauth-protected-resource/mcp";
        let answer = world.client().call("GET", path, None, None).await;
        let mut expected = json!({
            "resource": format!("{}/mcp", world.http()),
            "resource_name": "Mayfly",
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["accounts:write", "messages:read", "messages:write"],
        });
        if !servers.is_empty() {
            expected["authorization_servers"] = json!([url]);
        }
        assert_eq!((answer.status, answer.json()), (200, expected));
    }
}

#[tokio::test]
async fn page_of_foreign_origin_or_host_is_rejected() {
    let origins = ("MAYFLY_GATEWAY__ALLOWED_ORIGINS", "https://app.example");
    for more in [&[][..], &[origins]] {
        let world = World::start_with(Kind::AllInOne, more);
        let client = world.client();
        let token = pro_token(&client).await;
        let own = world.http();
        let allowed = if more.is_empty() {
            own
        } else {
            "https://app.example"
        };
        for (header, value, status) in [
            ("origin", "https://evil.test", 403),
            ("origin", "null", 403),
            ("origin", allowed, 200),
            ("host", "evil.test", 421),
            ("host", "localhost", 200),
        ] {
            for path in ["/mcp", "/mcp/anonymous"] {
                let request = client
                    .request("POST", path)
                    .bearer_auth(&token)
                    .header("accept", "application/json, text/event-stream")
                    .header(header, value)
                    .json(&list_tools());
                let answer = Client::read(request).await;
                assert_eq!(answer.status, status, "{path} {header}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn unusable_request_is_rejected() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let token = pro_token(&client).await;
    let base = || {
        client
            .request("POST", "/mcp")
            .bearer_auth(&token)
            .header("accept", "application/json, text/event-stream")
    };
    let json = || base().header("content-type", "application/json");
    let large = Client::read(json().body(vec![b' '; 2 << 20])).await;
    assert_eq!(large.outcome(), (413, "payload_too_large".to_owned()));
    let plain = Client::read(
        base()
            .header("content-type", "text/plain")
            .body(list_tools().to_string()),
    )
    .await;
    assert_eq!(plain.outcome(), (400, "invalid_request".to_owned()));
    for body in ["", "x", "{}", "[]", "{\"jsonrpc\":\"2.0\"}"] {
        let answer = Client::read(json().body(body)).await;
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
    }
    // Without sessions, there is nothing to read or to end.
    for method in ["GET", "DELETE", "PUT"] {
        let answer = client.call(method, "/mcp", Some(&token), None).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.headers["allow"], "POST");
    }
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let message = list_tools()
        .to_string()
        .replace("{}", &format!("{{\"a\":{deep}}}"));
    assert!(Client::read(json().body(message)).await.status < 500);
    // The process is well.
    assert_eq!(
        post(&client, "/mcp", Some(&token), &list_tools()).await.status,
        200
    );
}

#[tokio::test]
async fn mcp_turned_off_is_not_found() {
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_GATEWAY__MCP", "false")]);
    let client = world.client();
    for path in ["/mcp", "/mcp/anonymous"] {
        assert_eq!(post(&client, path, None, &list_tools()).await.status, 404);
    }
}

/// The token of a new mailbox is for the program that called, which keeps it from the model.
#[tokio::test]
async fn anonymous_caller_gets_token_outside_of_the_content() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let create = request(
        1,
        "tools/call",
        json!({ "name": "create_mailbox", "arguments": {} }),
    );
    let mut created = post(&client, "/mcp/anonymous", None, &create).await.json();
    let token = created["result"]["_meta"]["mayfly/token"].take();
    let token = token.as_str().unwrap();
    assert!(!created.to_string().contains(token), "{created}");
    let address = created["result"]["structuredContent"]["address"]
        .as_str()
        .unwrap();
    send(&world, address, super::CODE).await;
    let get = request(2, "tools/call", json!({ "name": "get_code", "arguments": {} }));
    let without = post(&client, "/mcp/anonymous", None, &get).await.json();
    assert_eq!(
        without["result"]["content"][0]["text"],
        "invalid_request: mailbox_id: create a mailbox first, and pass its id"
    );
    let with = post(&client, "/mcp/anonymous", Some(token), &get).await.json();
    assert_eq!(with["result"]["structuredContent"]["untrusted"]["code"], "482913");
    let pro = pro_token(&client).await;
    let created = mcp::call(&client, &pro, "create_mailbox", json!({})).await;
    assert!(created.get("_meta").is_none(), "{created}");
}
