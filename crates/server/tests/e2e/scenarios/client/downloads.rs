//! The bytes of a mail, a test message, and a stream of messages.

use std::{
    io::{BufRead, BufReader, Lines},
    os::unix::fs::PermissionsExt,
    process::{Child, ChildStdout},
};

use serde_json::Value;

use super::{CODE, PLAIN, RESET, Script, send};
use crate::world::{Kind, World};

const ATTACHED: &str = "From: a@b.test\r\nSubject: Bill\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=x\r\n\r\n\
    --x\r\nContent-Type: text/html\r\n\r\n<p>The <b>bill</b> is attached.</p>\r\n\
    --x\r\nContent-Type: application/pdf; name=\"../bill.pdf\"\r\nContent-Disposition: attachment\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nJVBERv8A\r\n--x--\r\n";

#[tokio::test]
async fn source_and_attachment_are_byte_for_byte() {
    let world = World::start(Kind::AllInOne);
    let script = Script::with_mailbox(&world);
    send(&world, script.address(), ATTACHED).await;
    let line = script.prints(&["list"]);
    let id = line.split('\t').next().unwrap();

    let source = script.prints(&["source", id]);
    assert!(source.ends_with(ATTACHED), "{source}");
    let text = script.prints(&["read", id]);
    assert!(
        text.ends_with("Attachment (0): ../bill.pdf\n\nThe bill is attached.\n"),
        "{text}"
    );
    let listed = script.prints(&["attachment", id]);
    assert_eq!(listed, "0\t6\tapplication/pdf\t../bill.pdf\n");
    let listed = script.json(&["attachment", id, "--json"]);
    assert_eq!(listed["attachments"][0]["size"], 6);
    let output = script.command(&["attachment", id, "0"]).output().unwrap();
    assert_eq!(output.stdout, b"%PDF\xff\0");

    // The name of a file is the user's, never the sender's.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bill.pdf");
    let args = ["attachment", id, "0", "--output", file.to_str().unwrap()];
    assert_eq!(script.prints(&args), "");
    assert_eq!(std::fs::read(&file).unwrap(), b"%PDF\xff\0");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (code, stderr) = script.fails(&args);
    assert!(code == 2 && stderr.contains("File exists"), "{stderr}");
    let file = dir.path().join("bill.eml");
    let args = ["source", id, "--json", "--output", file.to_str().unwrap()];
    assert_eq!(script.json(&args)["size"], source.len());
    for (args, problem) in [
        (&["attachment", id, "1"][..], "400 invalid_index"),
        (&["source", id, "--json"], "--output"),
        (&["attachment", id, "--output", "x"], "--output"),
    ] {
        let (code, stderr) = script.fails(args);
        assert!(code == 2 && stderr.contains(problem), "{args:?}: {stderr}");
    }

    // A test message arrives as any mail does.
    let id = script.prints(&["send"]);
    assert_eq!(script.prints(&["wait", "--code"]), "481516\n");
    let read = script.json(&["read", id.trim_end(), "--json"]);
    assert_eq!(read["subject"], "Test message");
    assert!(script.json(&["send", "--json"])["id"].is_string());
    assert_eq!(script.prints(&["delete", id.trim_end(), "--json"]), "null\n");
}

/// A `watch` that runs; it is killed at the end.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(script: &Script, args: &[&str]) -> Self {
        let mut child = script.start(&[&["watch"], args].concat());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a line").unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_prints_mail_as_it_arrives() {
    let mut world = World::start(Kind::Split);
    let script = Script::with_mailbox(&world);
    send(&world, script.address(), PLAIN).await;
    let listed = script.json(&["list", "--json"]);
    let first = listed["messages"][0]["id"].as_str().unwrap();
    let mut all = Watch::start(&script, &["--since", first]);
    let mut resets = Watch::start(&script, &["subject:reset", "--json", "--since", first]);
    send(&world, script.address(), CODE).await;
    send(&world, script.address(), RESET).await;
    assert!(all.line().ends_with("\t482913 is your code"));
    assert!(all.line().ends_with("\tReset your password"));
    let reset: Value = serde_json::from_str(&resets.line()).unwrap();
    assert_eq!(reset["links"][0]["kind"], "reset");

    // The stream of a restarted gateway continues after the last message.
    let gateway = world.replicas("gateway").start;
    world.process("gateway").kill();
    send(&world, script.address(), CODE).await;
    world.restart_process(gateway);
    send(&world, script.address(), RESET).await;
    assert!(all.line().ends_with("\t482913 is your code"));
    assert!(all.line().ends_with("\tReset your password"));
    let again: Value = serde_json::from_str(&resets.line()).unwrap();
    assert_ne!(again["id"], reset["id"]);

    let (code, stderr) = script.fails(&["watch", "before:nonsense"]);
    assert!(code == 2 && stderr.contains("400 invalid_query"), "{stderr}");
}
