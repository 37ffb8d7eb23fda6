//! `mayfly mailbox`: stdout for scripts, stderr for people, and exit codes.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use mayfly_testkit::{MailSender, eventually_within};
use serde_json::Value;

use crate::{
    client::Client,
    world::{Kind, World},
};

mod documents;
mod downloads;
mod output;
mod pro;

const CODE: &str =
    "Subject: 482913 is your code\r\n\r\nConfirm: https://b.test/verify/1 (see https://b.test/help).\r\n";
const RESET: &str = "From: A Shop <shop@b.test>\r\nSubject: Reset your password\r\n\r\nHere: https://b.test/password/reset?t=1\r\n";
const PLAIN: &str = "From: Bob <bob@b.test>\r\nSubject: Lunch\r\n\r\nAt noon?\r\n";

/// A script that uses one server, with the output of `create` in its environment.
struct Script {
    env: BTreeMap<String, String>,
}

impl Script {
    fn of(server: &str) -> Self {
        Self {
            env: BTreeMap::from([("MAYFLY_SERVER".to_owned(), server.to_owned())]),
        }
    }

    /// Does what `v=$(mayfly mailbox create) && export $v` does.
    fn with_mailbox(world: &World) -> Self {
        let mut script = Self::of(world.http());
        let made = script.prints(&["create"]);
        let variables = made.lines().map(|line| line.split_once('=').expect("a variable"));
        script
            .env
            .extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        script
    }

    fn address(&self) -> &str {
        &self.env["MAYFLY_ADDRESS"]
    }

    fn command(&self, args: &[&str]) -> Command {
        self.mayfly(&[&["mailbox"], args].concat())
    }

    fn mayfly(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        command
            .args(args)
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null());
        command
    }

    fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs a command that succeeds with an empty stderr; returns stdout.
    fn prints(&self, args: &[&str]) -> String {
        printed(&self.command(args).output().unwrap(), args)
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.prints(args)).unwrap()
    }

    /// Runs a command that fails; returns the exit code and stderr.
    fn fails(&self, args: &[&str]) -> (i32, String) {
        failed(&self.command(args).output().unwrap(), args)
    }
}

fn printed(output: &Output, args: &[&str]) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{args:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns the exit code and stderr of a command that printed nothing.
fn failed(output: &Output, args: &[&str]) -> (i32, String) {
    assert_eq!(output.stdout, b"", "{args:?}");
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    (output.status.code().unwrap(), stderr)
}

async fn send(world: &World, to: &str, mail: &str) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("bounce@b.test", &[to], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

#[tokio::test]
async fn wait_for_code_or_link_prints_only_that() {
    let world = World::start(Kind::AllInOne);
    let script = Script::with_mailbox(&world);
    let address = script.address();
    assert!(address.ends_with("@mayfly.test"), "{address}");

    // Earlier mail counts. A mail without a code is skipped.
    send(&world, address, PLAIN).await;
    send(&world, address, CODE).await;
    assert_eq!(script.prints(&["wait", "--code"]), "482913\n");
    // The returned mail is marked read and not returned again. The skipped one remains.
    let (code, stderr) = script.fails(&["wait", "--code", "--timeout", "0"]);
    assert_eq!(code, 1, "{stderr}");
    let mut report = stderr.lines();
    let summary = report.next().unwrap_or_default();
    assert_eq!(summary, "mayfly: timed out after 0 s: 0 of 1 messages came");
    // The unread message that did not match is named.
    let others: Vec<&str> = report.collect();
    assert!(
        matches!(others[..], [other] if other.starts_with("did not match: ") && other.ends_with("\tLunch")),
        "{others:?}"
    );
    let line = script.prints(&["wait", "--timeout", "0"]);
    assert!(line.ends_with("\tBob <bob@b.test>\tLunch\n"), "{line}");

    // A wait that starts before the mail arrives.
    let args = ["wait", "--link", "reset", "--from", "SHOP@", "--timeout", "30s"];
    let waiting = script.start(&args);
    send(&world, address, CODE).await;
    send(&world, address, RESET).await;
    let link = printed(&waiting.wait_with_output().unwrap(), &args);
    assert_eq!(link, "https://b.test/password/reset?t=1\n");
    assert_eq!(script.prints(&["wait", "--link"]), "https://b.test/verify/1\n");
}

#[test]
fn create_of_own_address_signs_in() {
    let world = World::start(Kind::AllInOne);
    let script = Script::of(world.http());
    let create = |password: &str| {
        let args = ["create", "--address", "ci@mayfly.test", "--password", password];
        script.command(&args).output().unwrap()
    };
    let first = printed(&create("correct horse"), &["create"]);
    let again = printed(&create("correct horse"), &["create"]);
    for output in [first, again] {
        assert!(
            output.starts_with("MAYFLY_ADDRESS=ci@mayfly.test\nMAYFLY_TOKEN="),
            "{output}"
        );
    }
    // Without a domain it is the default one.
    let args = ["create", "--address", "bare", "--password", "correct horse"];
    let bare = script.prints(&args);
    assert!(bare.starts_with("MAYFLY_ADDRESS=bare@mayfly.test\n"), "{bare}");
    let wrong = create("wrong horse");
    let stderr = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr.contains("409 address_taken"), "{stderr}");
}

#[tokio::test]
async fn create_for_github_sets_masked_variables() {
    let world = World::start(Kind::AllInOne);
    // The scheme is completed.
    let mut script = Script::of(world.http().strip_prefix("http://").unwrap());
    let (code, stderr) = script.fails(&["create", "--github-env"]);
    assert!(code == 2 && stderr.contains("GITHUB_ENV is not set"), "{stderr}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "EARLIER=1\n").unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    script.env.insert("GITHUB_ENV".to_owned(), path);
    let printed = script.prints(&["create", "--github-env"]);
    let variables = std::fs::read_to_string(file.path()).unwrap();
    let value = |name: &str| {
        let line = variables.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {variables}")).to_owned()
    };
    assert_eq!(value("EARLIER="), "1");
    assert!(value("MAYFLY_ADDRESS=").ends_with("@mayfly.test"));
    let (password, token) = (value("MAYFLY_PASSWORD="), value("MAYFLY_TOKEN="));
    assert_eq!(printed, format!("::add-mask::{password}\n::add-mask::{token}\n"));
}

#[tokio::test]
async fn wait_after_cursor_ignores_older_mail() {
    let world = World::start(Kind::AllInOne);
    let script = Script::with_mailbox(&world);
    send(&world, script.address(), CODE).await;
    let (code, stderr) = script.fails(&["wait", "--since", "now", "--timeout", "1"]);
    assert_eq!(code, 1, "{stderr}");

    send(&world, script.address(), RESET).await;
    let both = script.json(&["wait", "--count", "2", "--json"]);
    assert_eq!(both["messages"][0]["codes"][0]["value"], "482913");
    let first = both["messages"][0]["id"].as_str().unwrap();
    let second = both["messages"][1]["id"].as_str().unwrap();
    assert_eq!(both["since"], second);

    // After a message, whether or not it is read.
    let line = script.prints(&["wait", "--since", first]);
    assert!(line.starts_with(second), "{line}");
    let (code, stderr) = script.fails(&["wait", "--since", first, "--count", "2", "--timeout", "0"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("1 of 2 messages"), "{stderr}");
}

#[tokio::test]
async fn list_read_delete_mail_succeeds() {
    let world = World::start(Kind::AllInOne);
    let mut script = Script::of(world.http());
    let args = ["create", "--address", "ann@mayfly.test", "--password"];
    let text = script.prints(&[&args[..], &["correct horse"]].concat());
    let token = text
        .strip_prefix("MAYFLY_ADDRESS=ann@mayfly.test\nMAYFLY_TOKEN=")
        .unwrap();
    script
        .env
        .insert("MAYFLY_TOKEN".to_owned(), token.trim_end().to_owned());
    // `create` succeeds with a token in the environment.
    let bob = script.json(&["create", "--json"]);
    assert!(bob["id"].is_string() && bob["password"].is_string() && bob["token"].is_string());

    send(&world, "ann@mayfly.test", PLAIN).await;
    send(
        &world,
        "ann@mayfly.test",
        &CODE.replace("code\r", "code\x1b[2J\r"),
    )
    .await;
    let list = script.prints(&["list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert!(
        lines.len() == 2
            && lines[0].ends_with("\tunread\tbounce@b.test\t482913 is your code [2J")
            && lines[1].ends_with("\tBob <bob@b.test>\tLunch"),
        "{list:?}"
    );
    assert_eq!(script.prints(&["list", "--page", "2"]), "");
    let listed = script.json(&["list", "--json"]);
    let id = listed["messages"][0]["id"].as_str().unwrap();

    let text = script.prints(&["read", id]);
    for part in [
        "From: bounce@b.test\nTo: ann@mayfly.test\n",
        "Code: 482913\nLink (verify): https://b.test/verify/1\n",
        "\n\nConfirm: https://b.test/verify/1 (see https://b.test/help).\n",
    ] {
        assert!(text.contains(part), "{part:?} in {text:?}");
    }
    assert!(!text.contains('\x1b'), "{text:?}");
    assert_eq!(script.json(&["read", id, "--json"])["id"], id);
    assert_eq!(script.json(&["list", "--json"])["messages"][0]["is_read"], true);

    assert_eq!(script.prints(&["delete", id]), "");
    let (code, stderr) = script.fails(&["read", id]);
    assert!(code == 2 && stderr.contains("404 not_found"), "{code} {stderr}");
    assert_eq!(script.prints(&["list"]).lines().count(), 1);
    assert_eq!(script.prints(&["delete", "--mailbox"]), "");
    let (code, stderr) = script.fails(&["list"]);
    assert!(
        code == 2 && stderr.contains("401 invalid_token"),
        "{code} {stderr}"
    );
}

#[tokio::test]
async fn search_finds_and_deletes_matching_mail() {
    let world = World::start(Kind::AllInOne);
    let script = Script::with_mailbox(&world);
    for mail in [CODE, RESET, PLAIN] {
        send(&world, script.address(), mail).await;
    }
    let found = script.json(&["search", "has:link after:1h", "--json"]);
    let subjects: Vec<&str> = found["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["Reset your password", "482913 is your code"]);
    assert!(
        script
            .prints(&["search", "from:bob@b.test noon"])
            .contains("Lunch")
    );
    assert_eq!(script.prints(&["search", "subject:missing"]), "");
    assert_eq!(script.prints(&["search", "--delete", "has:code"]), "1\n");
    let (code, error) = script.fails(&["search", "--delete", "before:nonsense"]);
    assert!(code == 2 && error.contains("invalid_query"), "{error}");
    assert_eq!(
        script.json(&["search", "*", "--json"])["messages"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn failed_command_exits_with_2() {
    let world = World::start(Kind::AllInOne);
    let script = Script::with_mailbox(&world);
    let id = "ffffffff-ffff-7fff-bfff-ffffffffffff";
    for (args, part) in [
        (&["wait", "--code", "--token", "wrong"][..], "401 invalid_token"),
        (&["wait", "--subject", "/(/"], "400 invalid_request"),
        (&["wait", "--timeout", "2d"], "--timeout"),
        (&["wait", "--count", "0"], "--count"),
        (&["wait", "--since", "yesterday"], "--since"),
        (&["wait", "--code", "--link"], "--link"),
        (&["read", id], "404 not_found"),
        (&["read", "../me"], "not a UUID"),
        // An empty id must not select the mailbox.
        (&["delete", ""], "not a UUID"),
        (&["delete"], "--mailbox"),
        (&["delete", id, "--mailbox"], "--mailbox"),
        (
            &["create", "--address", "ann@elsewhere.test"],
            "400 invalid_domain",
        ),
        (
            &["list", "--server", "127.0.0.1:1"],
            "mayfly: http://127.0.0.1:1: no answer: Connection refused (os error 111)\n",
        ),
        (&["list", "--server", "ftp://127.0.0.1"], "--server"),
        (&["list", "--server", world.admin()], "answers 404"),
    ] {
        let (code, stderr) = script.fails(args);
        assert!(code == 2 && stderr.contains(part), "{args:?}: {code} {stderr}");
    }
    let (code, stderr) = Script::of(world.http()).fails(&["list"]);
    assert!(code == 2 && stderr.contains("--token"), "{code} {stderr}");

    // A server ignores the variables of the client.
    let mut check = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    let output = check
        .args(["config", "check"])
        .env_clear()
        .envs(&script.env)
        .output();
    assert!(output.unwrap().status.success());
}

#[tokio::test]
async fn rate_limited_command_is_retried() {
    // A gateway without Redis does not limit programs on its machine.
    let world = World::start_with(Kind::Split, &[("MAYFLY_GATEWAY__RATE_LIMIT", "2")]);
    let script = Script::with_mailbox(&world);
    for _ in 0..6 {
        send(&world, script.address(), PLAIN).await;
    }
    send(&world, script.address(), RESET).await;
    let link = script.prints(&["wait", "--link", "reset", "--timeout", "30"]);
    assert_eq!(link, "https://b.test/password/reset?t=1\n");
}

#[tokio::test]
async fn wait_survives_a_gateway_restart() {
    let mut world = World::start(Kind::Split);
    let script = Script::with_mailbox(&world);
    let waiting = script.start(&["wait", "--code", "--timeout", "60"]);
    let admin = Client::new(&world.process("gateway").banner["admin"]);
    eventually_within("the command waits", Duration::from_secs(20), async || {
        let metrics = admin.call("GET", "/metrics", None, None).await.body;
        String::from_utf8_lossy(&metrics).lines().any(|line| {
            line.starts_with("mayfly_gateway_streams_open{") && line.contains("wait") && line.ends_with(" 1")
        })
    })
    .await;
    let gateway = world.replicas("gateway").start;
    world.process("gateway").kill();
    world.restart_process(gateway);
    send(&world, script.address(), CODE).await;
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(printed(&output, &["wait"]), "482913\n");
}

#[tokio::test]
async fn untrusted_certificate_is_rejected() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(path("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(path("cert.pem"), cert.pem()).unwrap();
    let world = World::start_with(
        Kind::AllInOne,
        &[
            ("MAYFLY_GATEWAY__TLS_CERT", &path("cert.pem")),
            ("MAYFLY_GATEWAY__TLS_KEY", &path("key.pem")),
        ],
    );
    let mut script = Script::of(&world.http().replace("127.0.0.1", "localhost"));
    let (code, stderr) = script.fails(&["create"]);
    assert!(code == 2 && stderr.contains("certificate"), "{code} {stderr}");
    script.env.insert("SSL_CERT_FILE".to_owned(), path("cert.pem"));
    assert!(script.json(&["create", "--json"])["token"].is_string());
}

/// 20 processes wait for 10 messages: each message is printed once.
async fn parallel_waits_return_each_message_once(kind: Kind) {
    let world = World::start(kind);
    let script = Script::with_mailbox(&world);
    for n in 0..10 {
        let code = 100_000 + n * 7;
        send(
            &world,
            script.address(),
            &format!("Subject: {code} is your code\r\n\r\nx\r\n"),
        )
        .await;
    }
    let waits: Vec<Child> = (0..20)
        .map(|_| script.start(&["wait", "--code", "--timeout", "30"]))
        .collect();
    let mut codes = Vec::new();
    for wait in waits {
        let output = wait.wait_with_output().unwrap();
        match output.status.code() {
            Some(0) => codes.push(String::from_utf8(output.stdout).unwrap()),
            Some(1) => assert_eq!(output.stdout, b""),
            _ => panic!("{output:?}"),
        }
    }
    codes.sort();
    let expected: Vec<String> = (0..10).map(|n| format!("{}\n", 100_000 + n * 7)).collect();
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn parallel_waits_return_each_message_once_all_in_one() {
    parallel_waits_return_each_message_once(Kind::AllInOne).await;
}

#[tokio::test]
async fn parallel_waits_return_each_message_once_replicas() {
    parallel_waits_return_each_message_once(Kind::Replicas).await;
}
