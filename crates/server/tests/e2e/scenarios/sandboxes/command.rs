//! `mayfly sandbox`, as a script uses it.

use std::process::{Command, Output};

use super::{MAIL, RECIPIENTS};
use crate::{
    smtp_client::SmtpClient,
    world::{Kind, World},
};

fn run(world: &World, token: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mayfly"))
        .arg("sandbox")
        .args(args)
        .env_clear()
        .env("MAYFLY_SERVER", world.http())
        .env("MAYFLY_TOKEN", token)
        .output()
        .unwrap()
}

fn prints(world: &World, token: &str, args: &[&str]) -> String {
    let output = run(world, token, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn sandbox_commands_create_wait_and_delete() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let (_, token) = client.create_token(&pro, "ci").await;
    let url = prints(&world, &token, &["create", "--name", "web", "--print-url"]);
    assert!(url.starts_with("smtp://sb_"), "{url}");
    let printed = prints(&world, &token, &["create", "--name", "api"]);
    let url = printed.trim_end().strip_prefix("SMTP_URL=smtp://").unwrap();
    let (login, address) = url.split_once('@').unwrap();
    let (username, password) = login.split_once(':').unwrap();
    assert_eq!(address, world.smtp().to_string());
    let mut smtp = SmtpClient::connect(address.parse().unwrap()).await;
    smtp.log_in(username, password).await;
    let reply = smtp.send("app@example.com", &RECIPIENTS, MAIL).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let wait = [
        "wait",
        "--to",
        "HIDDEN@foreign.example",
        "--code",
        "--timeout",
        "5",
    ];
    assert_eq!(prints(&world, &token, &wait), "482913\n");
    // The message is read now.
    let wait = ["wait", "--to", "hidden@foreign.example", "--timeout", "0"];
    let output = run(&world, &token, &wait);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let names = |listed: &str| -> Vec<String> {
        let lines = listed.lines();
        lines
            .map(|line| line.split('\t').nth(1).unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&prints(&world, &token, &["list"])), ["web", "api"]);
    assert_eq!(prints(&world, &token, &["delete", "api"]), "");
    assert_eq!(names(&prints(&world, &token, &["list"])), ["web"]);
    let reply = smtp.command("MAIL FROM:<app@example.com>").await;
    assert!(reply.starts_with("535 "), "{reply}");
    for (token, args, problem) in [
        (token.as_str(), ["delete", "api"], "no sandbox has the name api"),
        ("", ["delete", "web"], "--token"),
        ("tm_pro_x", ["delete", "web"], "401 invalid_token"),
    ] {
        let output = run(&world, token, &args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(problem), "{said}");
    }
}
