//! MCP: the tools for agents, over HTTP and over stdio.

mod access;
mod clients;
mod hostile;
mod limits;
mod stdio;

use std::collections::BTreeSet;

use mayfly_testkit::MailSender;
use serde_json::{Value, json};

use crate::{
    client::Client,
    mcp::{Agent, REVISION},
    world::{Kind, World},
};

const CODE: &str = "From: A Shop <shop@b.test>\r\nSubject: Your code\r\n\r\nYour code is 482913.\r\n";
const LINK: &str = "From: A Shop <shop@b.test>\r\nSubject: Confirm\r\n\r\nConfirm your address: https://b.test/verify?t=1\r\n";
const HTML: &str = "From: A Shop <shop@b.test>\r\nSubject: News\r\nContent-Type: text/html\r\n\r\n\
    <p>Seen.</p><p style=\"display:none\">Hidden 1.</p><!-- Hidden 2. --><b style='font-size:0'>Hidden 3.</b>\r\n";

pub(super) async fn send(world: &World, to: &str, mail: &str) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("bounce@b.test", &[to], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// Registers a Pro user with a token for agents.
async fn pro_token(client: &Client) -> String {
    let pro = client.register("agents@example.com").await;
    client.create_token(&pro, "agent").await.1
}

/// What an agent does: it uses every tool.
async fn use_every_tool(agent: &mut Agent, world: &World) {
    let created = agent.get("create_mailbox", json!({ "prefix": "ci-" })).await;
    let (id, address) = (text(&created["mailbox_id"]), text(&created["address"]));
    assert!(
        address.starts_with("ci-") && address.ends_with("@mayfly.test"),
        "{address}"
    );
    let here = |more: Value| {
        let mut arguments = more;
        arguments["mailbox_id"] = json!(id);
        arguments
    };

    // Mail that is there before the call counts.
    send(world, &address, CODE).await;
    let code = agent.get("get_code", here(json!({ "timeout_s": 20 }))).await;
    assert_eq!(code["status"], "found", "{code}");
    let untrusted = json!({ "code": "482913", "from": "A Shop <shop@b.test>", "subject": "Your code" });
    assert_eq!(code["untrusted"], untrusted);
    let since = text(&code["since"]);
    let later = agent
        .get("get_code", here(json!({ "since": since, "timeout_s": 0 })))
        .await;
    assert_eq!(
        (&later["status"], &later["untrusted"]["code"]),
        (&json!("timeout"), &Value::Null)
    );

    // Mail that arrives while a call waits.
    let waiting = here(json!({ "since": later["since"], "q": "subject:confirm", "timeout_s": 20 }));
    let (found, ()) = tokio::join!(agent.get("wait_for_mail", waiting), send(world, &address, LINK));
    assert_eq!(found["status"], "found", "{found}");
    assert_eq!(found["untrusted"]["messages"][0]["subject"], "Confirm");
    let link = agent.get("get_link", here(json!({ "kind": "verify" }))).await;
    assert_eq!(link["message_id"], found["messages"][0]["message_id"]);
    assert_eq!(
        (&link["untrusted"]["url"], &link["untrusted"]["kind"]),
        (&json!("https://b.test/verify?t=1"), &json!("verify"))
    );

    send(world, &address, HTML).await;
    let listed = agent.get("list_mail", here(json!({}))).await;
    let subjects = |page: &Value| {
        let messages = page["untrusted"]["messages"].as_array().unwrap().clone();
        messages
            .iter()
            .map(|message| text(&message["subject"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(subjects(&listed), ["News", "Confirm", "Your code"]);
    let all = agent.get("list_mail", json!({})).await;
    assert_eq!(all["messages"], listed["messages"]);
    let rest = agent
        .get(
            "list_mail",
            here(json!({ "cursor": listed["messages"][0]["message_id"] })),
        )
        .await;
    assert_eq!(subjects(&rest), ["Confirm", "Your code"]);
    let found = agent.get("search_mail", here(json!({ "q": "has:code" }))).await;
    assert_eq!(subjects(&found), ["Your code"]);
    assert_eq!(found["next"], Value::Null);

    let newest = json!({ "message_id": listed["messages"][0]["message_id"] });
    let read = agent.get("read_mail", newest.clone()).await;
    assert_eq!(read["untrusted"]["text"], "Seen.");
    let mut headers = newest.clone();
    headers["part"] = json!("headers");
    let headers = text(&agent.get("read_mail", headers).await["untrusted"]["text"]);
    assert!(headers.contains("Subject: News\n"), "{headers}");

    assert_eq!(
        agent.get("delete_mail", newest.clone()).await["deleted_message_id"],
        newest["message_id"]
    );
    for tool in ["delete_mail", "read_mail"] {
        assert_eq!(
            agent.fails(tool, newest.clone()).await,
            "not_found: there is nothing here"
        );
    }
    assert_eq!(
        agent.get("delete_mailbox", here(json!({}))).await,
        json!({ "deleted_mailbox_id": id })
    );
    agent.fails("list_mail", here(json!({}))).await;
}

mod worlds {
    crate::scenario!(agent_over_http_uses_every_tool, whole);
}

/// Each request goes to another gateway.
async fn agent_over_http_uses_every_tool(world: World) {
    let token = pro_token(&world.client()).await;
    let mut agent = Agent::http(&world.all("HTTP"), &token);
    let params = json!({
        "protocolVersion": REVISION, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" }
    });
    let hello = agent.request("initialize", params).await;
    assert_eq!(hello["result"]["protocolVersion"], REVISION);
    assert_eq!(hello["result"]["serverInfo"]["name"], "mayfly");
    let tools = agent.request("tools/list", json!({})).await;
    let names: Vec<String> = tools["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| text(&tool["name"]))
        .collect();
    let expected = [
        "create_mailbox",
        "wait_for_mail",
        "get_code",
        "get_link",
        "list_mail",
        "search_mail",
        "read_mail",
        "delete_mail",
        "delete_mailbox",
    ];
    assert_eq!(names, expected);
    use_every_tool(&mut agent, &world).await;
    assert!(!world.log().contains("panicked"), "{}", world.log());
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let world = World::start(Kind::AllInOne);
    let token = pro_token(&world.client()).await;
    let mut agent = Agent::http(&world.all("HTTP"), &token);
    let id = text(&agent.get("create_mailbox", json!({})).await["mailbox_id"]);
    for (tool, arguments, problem) in [
        ("get_code", json!({}), "mailbox_id: is missing"),
        ("get_code", json!({ "mailbox": id }), "unknown field `mailbox`"),
        (
            "get_code",
            json!({ "mailbox_id": id, "timeout_s": 56 }),
            "timeout_s: must be from 0 to 55",
        ),
        (
            "get_code",
            json!({ "mailbox_id": id, "timeout_s": "5" }),
            "timeout_s: invalid type",
        ),
        (
            "get_code",
            json!({ "mailbox_id": id, "since": "yesterday" }),
            "since: must be",
        ),
        (
            "get_code",
            json!({ "mailbox_id": id, "q": "before:nonsense" }),
            "invalid_query: q: ",
        ),
        (
            "get_link",
            json!({ "mailbox_id": id, "kind": "buy" }),
            "kind: unknown variant",
        ),
        ("list_mail", json!({ "cursor": "2" }), "cursor: must be"),
        ("search_mail", json!({ "q": "" }), "q: is empty"),
        ("read_mail", json!({ "message_id": "x" }), "not_found"),
        (
            "create_mailbox",
            json!({ "address": "a@mayfly.test", "prefix": "b" }),
            "address: leave it out",
        ),
        (
            "create_mailbox",
            json!({ "address": "a@elsewhere.test" }),
            "invalid_domain",
        ),
        ("create_mailbox", json!({ "prefix": "a b" }), "invalid_address"),
    ] {
        let message = agent.fails(tool, arguments.clone()).await;
        assert!(message.contains(problem), "{tool} {arguments}: {message}");
    }
    let answer = agent
        .request("tools/call", json!({ "name": "send_mail", "arguments": {} }))
        .await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

/// Another owner's mailbox or message is as one that does not exist. A tool that is missing from the table fails the test.
#[tokio::test]
async fn every_tool_hides_what_belongs_to_others() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let (ann, bob) = (
        client.create_mailbox("ann@mayfly.test", None).await,
        client.create_mailbox("bob@mayfly.test", None).await,
    );
    send(&world, &ann.address, CODE).await;
    send(&world, &bob.address, CODE).await;
    let pro = client.register("cid@example.com").await;
    let cid = client.create_mailbox("cid@mayfly.test", Some(&pro)).await;
    send(&world, &cid.address, CODE).await;
    let message = async |token: &str| client.messages(token).await[0]["id"].clone();
    let foreign = [
        (&bob, message(&bob.token).await),
        (&cid, message(&cid.token).await),
    ];
    let other_pro = pro_token(&client).await;
    for token in [&ann.token, &other_pro] {
        let mut agent = Agent::http(&world.all("HTTP"), token);
        let listed = agent.request("tools/list", json!({})).await;
        let mut left: BTreeSet<String> = listed["result"]["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| text(&tool["name"]))
            .collect();
        assert_eq!(left.remove("create_mailbox"), *token == other_pro);
        for (mailbox, message) in &foreign {
            for (tool, arguments) in [
                ("wait_for_mail", json!({ "mailbox_id": mailbox.id })),
                ("get_code", json!({ "mailbox_id": mailbox.id })),
                ("get_link", json!({ "mailbox_id": mailbox.id })),
                ("list_mail", json!({ "mailbox_id": mailbox.id })),
                ("search_mail", json!({ "mailbox_id": mailbox.id, "q": "code" })),
                ("read_mail", json!({ "message_id": message })),
                ("delete_mail", json!({ "message_id": message })),
                ("delete_mailbox", json!({ "mailbox_id": mailbox.id })),
            ] {
                left.remove(tool);
                assert_eq!(
                    agent.fails(tool, arguments).await,
                    "not_found: there is nothing here",
                    "{tool}"
                );
            }
        }
        assert!(left.is_empty(), "{left:?} are in no table");
        // Lists of everything have nothing of others.
        for (tool, arguments) in [("list_mail", json!({})), ("search_mail", json!({ "q": "code" }))] {
            let listed = agent.get(tool, arguments).await;
            let count = usize::from(*token == ann.token);
            assert_eq!(
                listed["messages"].as_array().unwrap().len(),
                count,
                "{tool}: {listed}"
            );
        }
    }
    // The token of a mailbox names it.
    let mut agent = Agent::http(&world.all("HTTP"), &ann.token);
    assert_eq!(
        agent.get("get_code", json!({})).await["untrusted"]["code"],
        "482913"
    );
    agent.fails("create_mailbox", json!({})).await;
}
