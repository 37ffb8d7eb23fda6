//! What a Pro user does on the command line: tokens, domains, webhooks.

use std::{io::Write, process::Stdio};

use mayfly_testkit::{Zone, eventually_within};
use serde_json::Value;

use super::{Script, failed, printed};
use crate::{
    client::PASSWORD,
    receiver::Receiver,
    world::{Kind, World},
};

impl Script {
    /// Does what `export $(mayfly …)` does.
    fn export(&mut self, output: &str) {
        let (name, value) = output.trim_end().split_once('=').expect("a variable");
        self.env.insert(name.to_owned(), value.to_owned());
    }

    fn run(&self, args: &[&str]) -> String {
        printed(&self.mayfly(args).output().unwrap(), args)
    }

    fn run_json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[args, &["--json"]].concat())).unwrap()
    }

    fn run_fails(&self, args: &[&str], problem: &str) {
        let (code, stderr) = failed(&self.mayfly(args).output().unwrap(), args);
        assert!(code == 2 && stderr.contains(problem), "{args:?}: {code} {stderr}");
    }
}

/// Signs in with a password on stdin, and exports a token of the user.
fn sign_in(world: &World) -> Script {
    let mut script = Script::of(world.http());
    let args = ["token", "create", "--name", "all", "--email", "ann@example.com"];
    let mut command = script.mayfly(&args);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{PASSWORD}").unwrap();
    drop(stdin);
    let output = printed(&child.wait_with_output().unwrap(), &args);
    script.export(&output);
    assert!(script.env["MAYFLY_TOKEN"].starts_with("tm_pro_"), "{output}");
    script
}

#[tokio::test]
async fn token_commands_create_rotate_and_revoke() {
    let world = World::start(Kind::AllInOne);
    world.client().register("ann@example.com").await;
    let script = sign_in(&world);
    let create = [
        &[
            "token",
            "create",
            "--name",
            "agent",
            "--scopes",
            "accounts:write,messages:read",
        ][..],
        &["--prefix", "agent-", "--expires", "7d"],
    ];
    let mut agent = Script::of(world.http());
    agent.export(&script.run(&create.concat()));
    let current = agent.run(&["token", "current"]);
    let cells: Vec<&str> = current.trim_end().split('\t').collect();
    assert_eq!(
        cells[1..4],
        ["agent", "accounts:write,messages:read", "address_prefix=agent-"]
    );
    let expires = agent.run_json(&["token", "current"])["expires_at"].clone();
    assert_eq!(expires, cells[4]);
    agent.run_fails(&["token", "create"], "403 insufficient_scope");
    agent.run_fails(&["webhook", "list"], "403 insufficient_scope");
    agent.run(&["mailbox", "create", "--address", "agent-1"]);
    agent.run_fails(&["mailbox", "create", "--address", "ann"], "404 not_found");

    let mut rotated = Script::of(world.http());
    rotated.export(&script.run(&["token", "rotate", "agent", "--overlap", "1h"]));
    // Both are in force, with one name.
    for script in [&agent, &rotated] {
        script.run(&["token", "current"]);
    }
    script.run_fails(
        &["token", "revoke", "agent"],
        "several of the tokens have the name agent",
    );
    assert_eq!(script.run(&["token", "revoke", cells[0]]), "");
    agent.run_fails(&["token", "current"], "401 invalid_token");
    assert_eq!(script.run_json(&["token", "revoke", "agent"]), Value::Null);
    rotated.run_fails(&["token", "current"], "401 invalid_token");
    let listed = script.run(&["token", "list"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.contains("\tall\tall\t-\t-\t-\n"), "{listed}");
    assert!(!listed.contains("tm_pro_"), "{listed}");
    script.run_fails(&["token", "revoke", "agent"], "no token has the name agent");
    for (args, problem) in [
        (
            &["token", "create", "--scopes", "mail:send"][..],
            "there are accounts:read, ",
        ),
        (
            &["token", "create", "--expires", "soon"],
            "`soon` is not a duration",
        ),
        (&["token", "create", "--expires", "1s"], "400 invalid_request"),
        (
            &["token", "list", "--email", "ann@example.com"],
            "401 invalid_credentials",
        ),
        (&["token", "list", "--token", ""], "--token"),
    ] {
        script.run_fails(args, problem);
    }
}

#[tokio::test]
async fn domain_commands_add_verify_and_delete() {
    const NAME: &str = "mine.example";
    let world = World::start(Kind::AllInOne);
    world.client().register("ann@example.com").await;
    let script = sign_in(&world);
    let records = script.run(&["domain", "add", NAME]);
    let records: Vec<Vec<&str>> = records.lines().map(|line| line.split('\t').collect()).collect();
    let [txt, mx] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert_eq!(
        (txt[..2].to_vec(), mx[..2].to_vec()),
        (vec!["TXT", NAME], vec!["MX", NAME])
    );

    let args = ["domain", "verify", NAME];
    let (code, stderr) = failed(&script.mayfly(&args).output().unwrap(), &args);
    assert!(
        code == 1 && stderr.starts_with("mayfly: mine.example: "),
        "{stderr}"
    );
    let output = script
        .mayfly(&["domain", "verify", NAME, "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let pending: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(pending["verify_status"], "pending");
    let (priority, host) = mx[2].split_once(' ').unwrap();
    let zone = Zone::default().txt(NAME, txt[2]);
    world.dns.publish(zone.mx(NAME, priority.parse().unwrap(), host));
    assert_eq!(script.run(&args), "");

    // With the token of the user, the mailbox is the user's.
    let address = format!("ann@{NAME}");
    let mailbox = script.run_json(&["mailbox", "create", "--address", &address]);
    let mailbox = mailbox["id"].as_str().unwrap();
    assert_eq!(script.run(&["domain", "catch-all", NAME, &address]), "");
    let listed = script.run(&["domain", "list"]);
    assert!(
        listed.ends_with(&format!("\t{NAME}\tverified\ttrue\t{mailbox}\n")),
        "{listed}"
    );
    let off = script.run_json(&["domain", "catch-all", NAME, "--off"]);
    assert_eq!(off["catch_all"], Value::Null);
    assert_eq!(script.run(&["domain", "delete", NAME]), "");
    assert_eq!(
        script.run_json(&["domain", "list"])["domains"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    script.run_fails(&["domain", "verify", NAME], "no domain has the name mine.example");
}

#[tokio::test]
async fn webhook_commands_create_test_and_delete() {
    let world = World::start(Kind::AllInOne);
    world.client().register("ann@example.com").await;
    let mut script = sign_in(&world);
    let receiver = Receiver::start().await;
    let url = receiver.url("/hook");
    let output = script.run(&["webhook", "create", &url, "--filter", "has:code"]);
    script.export(&output);
    let secret = script.env["MAYFLY_WEBHOOK_SECRET"].clone();
    assert!(secret.starts_with("whsec_"), "{output}");
    let listed = script.run(&["webhook", "list"]);
    assert!(
        listed.ends_with(&format!("\tactive\t0\t{url}\thas:code\n")) && !listed.contains(&secret),
        "{listed}"
    );
    let id = listed.split('\t').next().unwrap();

    let event = script.run(&["webhook", "test", &url]);
    assert_eq!(
        receiver.until_received(1).await.header("webhook-id"),
        event.trim_end()
    );
    let timeout = std::time::Duration::from_secs(20);
    eventually_within("the attempt is listed", timeout, async || {
        !script.run(&["webhook", "deliveries", id]).is_empty()
    })
    .await;
    let deliveries = script.run(&["webhook", "deliveries", id]);
    let cells: Vec<&str> = deliveries.trim_end().split('\t').collect();
    assert_eq!(cells[2..], ["200", "1", "-"]);
    let again = script.run_json(&["webhook", "replay", id, cells[0]]);
    assert_eq!(again["event_id"], event.trim_end());
    receiver.until_received(2).await;

    let rotated = script.run(&["webhook", "rotate", id]);
    assert!(
        rotated.starts_with("MAYFLY_WEBHOOK_SECRET=whsec_") && !rotated.contains(&secret),
        "{rotated}"
    );
    assert_eq!(script.run(&["webhook", "filter", id, ""]), "");
    assert!(
        script
            .run(&["webhook", "list"])
            .ends_with(&format!("\t{url}\t-\n"))
    );
    script.run_fails(&["webhook", "filter", id, "a ("], "400 invalid_query");
    assert_eq!(script.run(&["webhook", "delete", &url]), "");
    assert_eq!(script.run(&["webhook", "list"]), "");
    // A server ignores the variables of the client.
    assert!(
        script
            .mayfly(&["config", "check"])
            .output()
            .unwrap()
            .status
            .success()
    );
}
