//! An open server: all mail is captured without a login, and belongs to the built-in user.

use std::process::Command;

use super::{MAIL, RECIPIENTS};
use crate::{
    client::Client,
    smtp_client::SmtpClient,
    world::{Kind, World},
};

async fn captured(client: &Client, token: &str) -> usize {
    let listed = client.get("/pro/api/sandbox/messages", token).await.json();
    listed["messages"].as_array().unwrap().len()
}

#[tokio::test]
async fn open_server_captures_all_mail_without_a_login() {
    let mut world = World::start_with(Kind::AllInOne, &[("MAYFLY_SMTP__SANDBOX", "open")]);
    for login in [None, Some("any"), Some("other")] {
        let mut smtp = SmtpClient::connect(world.smtp()).await;
        if let Some(username) = login {
            smtp.log_in(username, "any password").await;
        }
        let reply = smtp.send("app@example.com", &RECIPIENTS, MAIL).await;
        assert!(reply.starts_with("250 "), "{reply}");
    }
    // The page needs no password: this machine alone reaches it. Another start finds the same user and mail.
    for is_restarted in [false, true] {
        if is_restarted {
            world.kill_and_restart();
        }
        let client = world.client();
        let signed_in = client.call("POST", "/pro/api/login/local", None, None).await;
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
        let token = signed_in.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(captured(&client, &token).await, 3);
        let wait = "/pro/api/messages/wait?since=0&timeout=1&to=hidden@foreign";
        assert_eq!(client.get(wait, &token).await.status, 200);
        for path in ["/", "/pro"] {
            let page = client.call("GET", path, None, None).await;
            let page = String::from_utf8(page.body).unwrap();
            assert!(page.contains("mayfly-local-user"), "{path}");
        }
    }
}

/// As in a container, where loopback cannot be reached from outside.
#[tokio::test]
async fn open_server_on_all_addresses_prints_a_token() {
    let mut world = World::start_with(
        Kind::AllInOne,
        &[
            ("MAYFLY_SMTP__SANDBOX", "open"),
            ("MAYFLY_SMTP__SANDBOX_OPEN_ANYWHERE", "true"),
            ("MAYFLY_SMTP__LISTEN", "0.0.0.0:0"),
            ("MAYFLY_GATEWAY__LISTEN", "0.0.0.0:0"),
        ],
    );
    let mut earlier: Vec<String> = Vec::new();
    for _ in 0..2 {
        let client = Client::new(&world.http().replace("0.0.0.0", "127.0.0.1"));
        let refused = client.call("POST", "/pro/api/login/local", None, None).await;
        assert_eq!(refused.outcome(), (404, "not_found".to_owned()));
        let token = world.all("token")[0].to_owned();
        assert!(token.starts_with("tm_pro_"), "{token}");
        let me = client.get("/pro/api/me", &token).await;
        assert_eq!(me.json()["email"], "local@mayfly.invalid");
        for token in &earlier {
            assert_eq!(client.get("/pro/api/me", token).await.status, 401);
        }
        earlier.push(token);
        world.kill_and_restart();
    }
}

/// What would capture the mail of others is refused at start, unless a key says so.
#[test]
fn capture_beyond_loopback_is_refused_at_start() {
    let open = ("MAYFLY_SMTP__SANDBOX", "open");
    let anywhere = ("MAYFLY_SMTP__SANDBOX_OPEN_ANYWHERE", "true");
    let everywhere = ("MAYFLY_SMTP__LISTEN", "0.0.0.0:2525");
    let catch_all = ("MAYFLY_MAILBOX__CATCH_ALL", "all@mayfly.test");
    let closed = ("MAYFLY_AUTH__REGISTRATION", "closed");
    let with_open = ("MAYFLY_MAILBOX__CATCH_ALL_WITH_OPEN_REGISTRATION", "true");
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
    let cases: [Case<'_>; 8] = [
        (&[open], None),
        (&[open, everywhere], Some("smtp.sandbox: ")),
        (&[open, everywhere, anywhere], None),
        (
            &[open, ("MAYFLY_SMTP__LISTEN", "[::]:2525")],
            Some("smtp.sandbox: "),
        ),
        (&[catch_all], None),
        (&[catch_all, everywhere], Some("mailbox.catch_all: ")),
        (&[catch_all, everywhere, closed], None),
        (&[catch_all, everywhere, with_open], None),
    ];
    for (env, problem) in cases {
        let dir = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_mayfly"))
            .args(["config", "check"])
            .env_clear()
            .envs(env.iter().copied())
            .current_dir(dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), problem.is_none(), "{env:?}: {said}");
        assert!(said.contains(problem.unwrap_or_default()), "{env:?}: {said}");
    }
}
