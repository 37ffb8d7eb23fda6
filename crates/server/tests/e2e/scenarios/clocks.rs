//! Machines with wrong and jumping clocks: over PostgreSQL, the clock of the database decides.

use std::{fs, path::PathBuf, time::Duration};

use mayfly_testkit::MailSender;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    tokens::resigned,
    world::{Kind, World},
};

/// The library that `faketime` preloads.
fn library() -> PathBuf {
    let mut found = fs::read_dir("/usr/lib")
        .unwrap()
        .map(|entry| entry.unwrap().path().join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.is_file()).expect("faketime is installed")
}

/// The wall clock of a process, set by the test. Its monotonic clock is unchanged.
struct FakeClock(tempfile::NamedTempFile);

impl FakeClock {
    fn wrapper(&self) -> Vec<String> {
        vec![
            "env".to_owned(),
            format!("LD_PRELOAD={}", library().display()),
            format!("FAKETIME_TIMESTAMP_FILE={}", self.0.path().display()),
            "FAKETIME_NO_CACHE=1".to_owned(),
            "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        ]
    }

    /// Sets the offset of the clock.
    fn set(&self, offset: &str) {
        fs::write(self.0.path(), format!("{offset}\n")).unwrap();
    }

    /// Checks that a process started this way sees the changed time.
    fn check(&self) {
        let wrapper = self.wrapper();
        let output = std::process::Command::new(&wrapper[0])
            .args(&wrapper[1..])
            .args(["date", "+%s"])
            .output()
            .unwrap();
        let seen: i64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let off = seen - OffsetDateTime::now_utc().unix_timestamp();
        assert!(off.abs() > 500, "the clock is off by only {off} s");
    }
}

async fn send(world: &World, subject: &str) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = format!("Subject: {subject}\r\n\r\nx\r\n");
    let reply = sender
        .send("a@example.com", &["clock@mayfly.test"], mail.as_bytes())
        .await;
    assert_eq!(reply.unwrap().code, 250);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_machine_clock_changes_no_expiry_and_no_order() {
    // Shorter than the offset of the clock.
    let mut world = World::start_with(Kind::Replicas, &[("MAYFLY_MAILBOX__RETENTION", "5m")]);
    let client = world.client();
    let mailbox = client.create_mailbox("clock@mayfly.test", None).await;
    let fake = FakeClock(tempfile::NamedTempFile::new().unwrap());
    fake.set("+10m");
    fake.check();
    let wrapper = fake.wrapper();
    let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    for role in ["auth", "mailbox"] {
        let index = world.replicas(role).end - 1;
        assert_eq!(world.processes[index].terminate(), Some(0));
        world.restart_process_under(&wrapper, index);
        // The log has the time that the process sees.
        let log = world.processes[index].log();
        let line: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
        let seen = OffsetDateTime::parse(line["timestamp"].as_str().unwrap(), &Rfc3339).unwrap();
        assert!(
            seen - OffsetDateTime::now_utc() > time::Duration::minutes(9),
            "{role}: {line}"
        );
    }
    let mut sent = Vec::new();
    let offsets = ["+10m", "-10m", "+1h", "-1h"];
    for (turn, offset) in offsets.into_iter().cycle().take(16).enumerate() {
        // From turn 8 on, only the replicas with a wrong clock run.
        if turn == 8 {
            for role in ["auth", "mailbox"] {
                let right = world.replicas(role).start;
                world.processes[right].kill();
            }
        }
        fake.set(offset);
        fake.check();
        // The pause exceeds the precision with which processes read the clock of the database.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let subject = format!("{turn} {offset}");
        send(&world, &subject).await;
        sent.insert(0, subject);
        let messages = client.messages(&mailbox.token).await;
        let listed: Vec<_> = messages
            .iter()
            .map(|message| message["subject"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(listed, sent, "messages are complete, newest first");
        let created = messages[0]["created_at"].as_str().unwrap();
        let created = OffsetDateTime::parse(created, &Rfc3339).unwrap();
        let off = (OffsetDateTime::now_utc() - created).abs();
        assert!(off < time::Duration::seconds(20), "{offset}: {created}");

        // No process has cached these tokens.
        let until = |secs: i64| {
            let exp = OffsetDateTime::now_utc().unix_timestamp() + secs;
            resigned(&mailbox.token, &world.signing_key, |claims| {
                claims["exp"] = exp.into();
            })
        };
        let turn = i64::try_from(turn).unwrap();
        let fresh = client.get("/api/me", &until(300 + turn)).await;
        assert_eq!(fresh.status, 200, "{offset}: {fresh:?}");
        let expired = client.get("/api/me", &until(-120 - turn)).await;
        assert_eq!(expired.status, 401, "{offset}: {expired:?}");
    }
}
