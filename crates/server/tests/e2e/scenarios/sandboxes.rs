//! Sandboxes: applications log in over SMTP, and their mail to any address is captured.

mod clients;
mod command;
mod hostile;
mod no_mail_leaves;
mod open;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    client::Client,
    smtp_client::SmtpClient,
    world::{Kind, World},
};

mod worlds {
    crate::scenario!(application_that_logs_in_is_captured);
    crate::scenario!(revoked_login_sends_no_mail_from_the_answer_on, whole);
    crate::scenario!(sandboxes_in_parallel_have_no_cross_talk);
}

const MAIL: &str =
    "From: app@example.com\r\nTo: ann@foreign.example\r\nSubject: Your code is 482913\r\n\r\nx\r\n";
const RECIPIENTS: [&str; 2] = ["ann@foreign.example", "hidden@foreign.example"];

/// A sandbox of a test.
struct Sandbox {
    id: String,
    account_id: String,
    username: String,
    password: String,
}

async fn create(client: &Client, pro: &str, name: &str) -> Sandbox {
    let body = json!({"name": name});
    let created = client
        .call("POST", "/pro/api/sandboxes", Some(pro), Some(body))
        .await;
    assert_eq!(created.status, 201, "{created:?}");
    read(&created.json())
}

fn read(created: &Value) -> Sandbox {
    let text = |field: &str| created[field].as_str().unwrap().to_owned();
    Sandbox {
        id: text("id"),
        account_id: text("account_id"),
        username: text("username"),
        password: text("password"),
    }
}

async fn messages(client: &Client, pro: &str, sandbox: &Sandbox) -> Vec<Value> {
    let path = format!("/pro/api/accounts/{}/messages", sandbox.account_id);
    let listed = client.get(&path, pro).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    listed.json()["messages"].as_array().unwrap().clone()
}

async fn application_that_logs_in_is_captured(world: World) {
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let (_, token) = client.create_token(&pro, "app").await;
    let own = client.create_mailbox("own@mayfly.test", Some(&token)).await;
    let sandbox = create(&client, &pro, "api").await;
    let mut smtp = SmtpClient::connect(world.smtp()).await;
    smtp.log_in(&sandbox.username, &sandbox.password).await;
    let recipients = [&RECIPIENTS[..], &["own@mayfly.test"]].concat();
    let reply = smtp.send("app@example.com", &recipients, MAIL).await;
    assert!(reply.starts_with("250 2.0.0 "), "{reply}");
    // One message for all recipients, and a copy for the user's own mailbox.
    let captured = messages(&client, &pro, &sandbox).await;
    assert_eq!(captured.len(), 1);
    assert_eq!(client.messages(&own.token).await.len(), 1);
    let id = captured[0]["id"].as_str().unwrap();
    let path = format!("/pro/api/accounts/{}/messages/{id}", sandbox.account_id);
    let message = client.get(&path, &pro).await.json();
    assert_eq!(message["recipients"], json!(recipients));
    assert_eq!(
        message["bcc"],
        json!(["hidden@foreign.example", "own@mayfly.test"])
    );
    assert_eq!(message["codes"][0]["value"], "482913");
    // A wait finds it by a recipient that no header shows.
    let wait = "/pro/api/messages/wait?since=0&timeout=5&to=HIDDEN@foreign&has_code=true";
    let waited = client.get(wait, &pro).await;
    assert_eq!(waited.status, 200, "{waited:?}");
    assert_eq!(waited.json()["messages"][0]["id"], id);
    // An API token sends to the default sandbox, and to the one that its user name names.
    for (username, path) in [
        ("any", "/pro/api/sandbox/messages".to_owned()),
        (
            sandbox.username.as_str(),
            format!("/pro/api/accounts/{}/messages", sandbox.account_id),
        ),
    ] {
        let before = client.get(&path, &pro).await.json()["messages"]
            .as_array()
            .unwrap()
            .len();
        let mut smtp = SmtpClient::connect(world.smtp()).await;
        smtp.log_in(username, &token).await;
        let reply = smtp.send("", &RECIPIENTS, MAIL).await;
        assert!(reply.starts_with("250 "), "{reply}");
        let after = client.get(&path, &pro).await.json()["messages"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(after, before + 1, "{username}");
    }
    refused_logins(&world, &client, &sandbox, &token).await;
}

/// What is no login: of another tenant, for another sandbox, with another kind of secret.
async fn refused_logins(world: &World, client: &Client, sandbox: &Sandbox, token: &str) {
    let other = client.register("bob@example.com").await;
    let (_, foreign_token) = client.create_token(&other, "app").await;
    let foreign = create(client, &other, "api").await;
    for (username, password) in [
        (&foreign.username, &sandbox.password),
        (&sandbox.username, &foreign.password),
        (&sandbox.username, &foreign_token),
        (&foreign.username, &token.to_owned()),
        (&"any".to_owned(), &sandbox.password),
        (&sandbox.username, &other),
        (&sandbox.username, &String::new()),
        (&sandbox.username, &format!("{}x", sandbox.password)),
    ] {
        let mut smtp = SmtpClient::connect(world.smtp()).await;
        let reply = smtp.try_log_in(username, password).await;
        assert!(reply.starts_with("535 5.7.8 "), "{username}: {reply}");
        // The session is one of reception still.
        let reply = smtp.send("a@example.com", &RECIPIENTS, MAIL).await;
        assert!(reply.starts_with("550 5.1.1 "), "{reply}");
    }
    let mut smtp = SmtpClient::connect(world.smtp()).await;
    for _ in 0..3 {
        let reply = smtp.try_log_in(&sandbox.username, "mfs_guess").await;
        assert!(reply.starts_with("535 "), "{reply}");
    }
    let reply = smtp.command("NOOP").await;
    assert!(reply.is_empty() || reply.starts_with("421 "), "{reply}");
}

/// While clients send on kept sessions, the password is rotated, the sandbox deleted, the API token revoked: no MAIL that begins
/// after the answer is accepted, on any replica.
async fn revoked_login_sends_no_mail_from_the_answer_on(world: World) {
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let sandbox = create(&client, &pro, "api").await;
    let path = format!("/pro/api/sandboxes/{}", sandbox.id);

    let senders = Senders::start(&world, &sandbox.username, &sandbox.password).await;
    let rotated = client
        .call("POST", &format!("{path}/rotate"), Some(&pro), None)
        .await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    senders.finish().await;
    let rotated = read(&rotated.json());

    let senders = Senders::start(&world, &rotated.username, &rotated.password).await;
    let deleted = client.call("DELETE", &path, Some(&pro), None).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    senders.finish().await;

    let (token_id, token) = client.create_token(&pro, "app").await;
    let senders = Senders::start(&world, "any", &token).await;
    let path = format!("/pro/api/tokens/{token_id}");
    let revoked = client.call("DELETE", &path, Some(&pro), None).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    senders.finish().await;
}

/// Clients that send in kept sessions while a login ends.
struct Senders {
    answered: Arc<AtomicBool>,
    tasks: tokio::task::JoinSet<()>,
}

impl Senders {
    const COUNT: usize = 6;

    async fn start(world: &World, username: &str, password: &str) -> Self {
        let (answered, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..Self::COUNT {
            let mut smtp = SmtpClient::connect(world.smtp()).await;
            smtp.log_in(username, password).await;
            let (answered, sent) = (Arc::clone(&answered), Arc::clone(&sent));
            tasks.spawn(async move {
                loop {
                    // A MAIL that begins after the answer must be refused.
                    let is_after = answered.load(Ordering::SeqCst);
                    let reply = smtp.command("MAIL FROM:<app@example.com>").await;
                    assert!(!is_after || reply.starts_with("535 5.7.8 "), "{reply}");
                    if !reply.starts_with("250 ") {
                        assert!(reply.starts_with("535 5.7.8 "), "{reply}");
                        return;
                    }
                    sent.fetch_add(1, Ordering::SeqCst);
                    let reply = smtp.command("RSET").await;
                    assert!(reply.starts_with("250 "), "{reply}");
                }
            });
        }
        // All of them are sending.
        while sent.load(Ordering::SeqCst) < Self::COUNT * 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { answered, tasks }
    }

    async fn finish(mut self) {
        self.answered.store(true, Ordering::SeqCst);
        while let Some(sender) = self.tasks.join_next().await {
            sender.unwrap();
        }
    }
}

/// Two applications send a thousand mails each at once.
async fn sandboxes_in_parallel_have_no_cross_talk(world: World) {
    const MAILS: usize = 1000;
    const SESSIONS: usize = 4;
    let client = world.client();
    let mut tenants = Vec::new();
    for name in ["ann", "bob"] {
        let pro = client.register(&format!("{name}@example.com")).await;
        tenants.push((create(&client, &pro, name).await, pro, name));
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (sandbox, _, name) in &tenants {
        for _ in 0..SESSIONS {
            let mut smtp = SmtpClient::connect(world.smtp()).await;
            smtp.log_in(&sandbox.username, &sandbox.password).await;
            let mail = format!("Subject: of {name}\r\n\r\nx\r\n");
            tasks.spawn(async move {
                for _ in 0..MAILS / SESSIONS {
                    let reply = smtp.send("app@example.com", &RECIPIENTS, &mail).await;
                    assert!(reply.starts_with("250 "), "{reply}");
                }
            });
        }
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    for (sandbox, pro, name) in &tenants {
        let mut count = 0;
        for page in 1.. {
            let path = format!("/pro/api/accounts/{}/messages?page={page}", sandbox.account_id);
            let listed = client.get(&path, pro).await.json();
            let listed = listed["messages"].as_array().unwrap();
            if listed.is_empty() {
                break;
            }
            count += listed.len();
            for message in listed {
                assert_eq!(message["subject"], format!("of {name}"));
            }
        }
        assert_eq!(count, MAILS, "{name}");
    }
}

/// The services of a fleet stop: a login is unknown then, and not wrong. Reception goes on.
#[tokio::test]
async fn login_while_auth_is_down_is_temporary() {
    let mut world = World::start(Kind::Split);
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let sandbox = create(&client, &pro, "api").await;
    let mailbox = client.create_mailbox("in@mayfly.test", None).await;
    let mut session = SmtpClient::connect(world.smtp()).await;
    session.log_in(&sandbox.username, &sandbox.password).await;
    world.process("auth").kill();
    let mut smtp = SmtpClient::connect(world.smtp()).await;
    for _ in 0..4 {
        let reply = smtp.try_log_in(&sandbox.username, &sandbox.password).await;
        assert!(reply.starts_with("454 4.7.0 "), "{reply}");
    }
    let reply = session.command("MAIL FROM:<app@example.com>").await;
    assert!(reply.starts_with("454 4.7.0 "), "{reply}");
    let reply = smtp.send("a@example.com", &[&mailbox.address], MAIL).await;
    assert!(reply.starts_with("250 "), "{reply}");
}
