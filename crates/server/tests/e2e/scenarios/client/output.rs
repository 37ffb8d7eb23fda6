//! Output for people: progress and tables on a terminal, with and without colour.

use std::process::{Command, Stdio};

use super::{PLAIN, Script, send};
use crate::world::{Kind, World};

/// Runs a command on a terminal; returns what it shows.
fn shown(script: &Script, args: &str) -> String {
    let line = format!("{} mailbox {args}", env!("CARGO_BIN_EXE_mayfly"));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm-256color")
        .envs(&script.env)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.replace("\r\n", "\n")
}

#[tokio::test]
async fn list_on_a_terminal_is_a_coloured_table() {
    let world = World::start(Kind::AllInOne);
    let mut script = Script::with_mailbox(&world);
    assert_eq!(shown(&script, "list"), "");
    send(&world, script.address(), &PLAIN.replace("Lunch", "\x1b[31mLunch")).await;
    let coloured = shown(&script, "list");
    assert!(coloured.starts_with("\x1b[1mID\x1b[0m "), "{coloured:?}");
    assert!(
        coloured.contains("\x1b[1munread\x1b[0m  Bob <bob@b.test>  [31mLunch\n"),
        "{coloured:?}"
    );

    script.env.insert("NO_COLOR".to_owned(), "1".to_owned());
    let plain = shown(&script, "list");
    let mut lines = plain.lines();
    let head = lines.next().unwrap();
    assert!(
        head.starts_with("ID  ") && head.ends_with("  SUBJECT"),
        "{head:?}"
    );
    let row = lines.next().unwrap();
    assert_eq!(head.find("SUBJECT"), row.find("[31mLunch"), "{plain}");

    // The source holds the escape sequence; a terminal gets it without the escape.
    let id = row.split_whitespace().next().unwrap();
    let source = shown(&script, &format!("source {id}"));
    assert!(source.contains("Subject: [31mLunch\n"), "{source:?}");
}

/// Progress is shown only if stderr is a terminal.
#[tokio::test]
async fn wait_on_a_terminal_shows_progress() {
    let world = World::start(Kind::AllInOne);
    let script = Script::with_mailbox(&world);
    let line = format!("{} mailbox wait --timeout 1", env!("CARGO_BIN_EXE_mayfly"));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .envs(&script.env)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("waiting for mail (0 of 1 came), 1 s\r\x1b[Kmayfly: timed out after 1 s"),
        "{shown:?}"
    );
}
