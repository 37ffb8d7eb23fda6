//! `mayfly backup` while mail arrives and mailboxes come and go; `mayfly restore` elsewhere.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mayfly_testkit::{MailSender, eventually};
use mayfly_types::SecretKey;
use serde_json::json;

use super::{
    startup::refuses,
    webhooks::{case, is_valid},
};
use crate::{
    client::{Client, Mailbox, PASSWORD},
    delivery_log::{DeliveryLog, mail, mail_of, stored},
    receiver::Receiver,
    world::{Kind, World},
};

const SENDERS: usize = 8;

/// Runs the binary on a data directory.
fn mayfly(data: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mayfly"))
        .args(args)
        .env_clear()
        .env("MAYFLY_DATA_DIR", data)
        .current_dir("/")
        .output()
        .unwrap()
}

/// Backs up with variables, and returns the report.
fn back_up(data: &Path, more: &[(&str, &str)], to: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command
        .env_clear()
        .env("MAYFLY_DATA_DIR", data)
        .envs(more.iter().copied());
    let output = command.arg("backup").arg(to).current_dir("/").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn succeeds(data: &Path, args: &[&str]) -> String {
    let output = mayfly(data, args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that fails; returns the line on standard error.
fn fails(data: &Path, args: &[&str]) -> String {
    let output = mayfly(data, args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
    stderr
}

/// A world whose keys are generated in its data directory.
fn world_with_generated_keys() -> World {
    let generated = [("MAYFLY_AUTH__SIGNING_KEY", ""), ("MAYFLY_MAILBOX__DATA_KEY", "")];
    World::start_with(Kind::AllInOne, &generated)
}

/// Creates and deletes mailboxes of a Pro user until `end` is set.
async fn churn(client: Client, pro: String, end: Arc<AtomicUsize>) {
    let mut last: Option<Mailbox> = None;
    for n in 0.. {
        if end.load(Ordering::Relaxed) > 0 {
            return;
        }
        let mailbox = client
            .create_mailbox(&format!("churn-{n}@mayfly.test"), Some(&pro))
            .await;
        if let Some(last) = last.replace(mailbox) {
            let path = format!("/pro/api/accounts/{}", last.id);
            assert_eq!(client.call("DELETE", &path, Some(&pro), None).await.status, 204);
        }
    }
}

/// The backup is made while 8 clients send and mailboxes are created and deleted. What was acknowledged before it began is
/// there after the restore, and every mailbox there can be signed in to.
#[tokio::test]
async fn backup_under_load_restores_what_was_acknowledged() {
    let mut world = world_with_generated_keys();
    let (client, receiver) = (world.client(), Receiver::start().await);
    let pro = client.register("ann@example.com").await;
    let (_, token) = client.create_token(&pro, "ci").await;
    let (revoked_id, revoked) = client.create_token(&pro, "old").await;
    let path = format!("/pro/api/tokens/{revoked_id}");
    assert_eq!(client.call("DELETE", &path, Some(&pro), None).await.status, 204);
    let webhook = client
        .call(
            "POST",
            "/pro/api/webhooks",
            Some(&pro),
            Some(json!({"url": receiver.url("/")})),
        )
        .await
        .json();

    let sandbox = client
        .call(
            "POST",
            "/pro/api/sandboxes",
            Some(&pro),
            Some(json!({"name": "api"})),
        )
        .await;
    assert_eq!(sandbox.status, 201, "{sandbox:?}");

    let end = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    let mut boxes = Vec::new();
    for n in 0..SENDERS {
        let mailbox = client
            .create_mailbox(&format!("load-{n}@mayfly.test"), None)
            .await;
        let log = DeliveryLog::default();
        let sending = log.clone().keep_sending(
            world.smtp(),
            mailbox.address.clone(),
            format!("load-{n}"),
            Arc::clone(&end),
        );
        tasks.push(tokio::spawn(sending));
        boxes.push((mailbox, log));
    }
    tasks.push(tokio::spawn(churn(client.clone(), pro.clone(), Arc::clone(&end))));
    eventually("mail arrives", async || {
        boxes.iter().all(|(_, log)| log.accepted() > 20)
    })
    .await;

    let dir = tempfile::tempdir().unwrap();
    let (backup, data) = (dir.path().join("backup"), world.data_dir());
    let before: Vec<BTreeSet<String>> = boxes.iter().map(|(_, log)| log.accepted_names()).collect();
    let (to, from) = (backup.clone(), data.clone());
    let copied = tokio::task::spawn_blocking(move || succeeds(&from, &["backup", to.to_str().unwrap()]));
    println!("{}", copied.await.unwrap());
    end.store(1, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    world.processes[0].kill();

    assert_private(&backup);
    let restored = dir.path().join("elsewhere");
    let backup = backup.to_str().unwrap();
    succeeds(&restored, &["restore", "--check", backup]);
    assert!(!restored.exists());
    println!("{}", succeeds(&restored, &["restore", backup]));
    assert_private(&restored);
    world.set("MAYFLY_DATA_DIR", restored.to_str().unwrap());
    world.kill_and_restart();

    let client = world.client();
    for ((mailbox, _), names) in boxes.iter().zip(&before) {
        let found = stored(&client, mailbox).await;
        for (name, copies) in &found {
            assert_eq!(copies[..], [mail(name)], "{name} is stored once and unchanged");
        }
        let lost: Vec<&String> = names.iter().filter(|name| !found.contains_key(*name)).collect();
        assert!(
            lost.is_empty(),
            "acknowledged before the backup and lost: {lost:?}"
        );
    }
    assert_eq!(client.get("/pro/api/me", &token).await.status, 200);
    assert_eq!(client.get("/pro/api/me", &revoked).await.status, 401);
    let sandboxes = client.get("/pro/api/sandboxes", &pro).await.json();
    assert_eq!(
        sandboxes["sandboxes"][0]["id"],
        sandbox.json()["id"],
        "{sandboxes}"
    );
    let owned = client.get("/pro/api/accounts", &pro).await.json();
    for account in owned["accounts"].as_array().unwrap() {
        let body = json!({"address": account["address"], "password": PASSWORD});
        let signed_in = client.call("POST", "/api/token", None, Some(body)).await;
        assert_eq!(signed_in.status, 200, "{account}: {signed_in:?}");
    }
    let count = receiver.requests().len();
    let path = format!("/pro/api/webhooks/{}/test", webhook["id"].as_str().unwrap());
    let tested = client.call("POST", &path, Some(&pro), None).await;
    assert_eq!(tested.status, 202, "{tested:?}");
    let event = tested.json()["event_id"].clone();
    eventually("the sample event arrives", async || {
        receiver.requests()[count..]
            .iter()
            .any(|sent| sent.json()["id"] == event)
    })
    .await;
    let sent = receiver
        .requests()
        .into_iter()
        .rfind(|sent| sent.json()["id"] == event)
        .unwrap();
    assert!(is_valid(&case(&sent, webhook["secret"].as_str().unwrap())));
}

/// The backup needs no other files, and what is restored is independent of where large mail is stored.
#[tokio::test]
async fn backup_has_the_large_mail_of_files() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = dir.path().join("blobs");
    let url = format!("file://{}", blobs.display());
    let more = [
        ("MAYFLY_BLOBS__URL", &*url),
        ("MAYFLY_BLOBS__MIN_BYTES", "1000"),
        ("MAYFLY_AUTH__SIGNING_KEY", ""),
        ("MAYFLY_MAILBOX__DATA_KEY", ""),
    ];
    let mut world = World::start_with(Kind::AllInOne, &more);
    let mailbox = world.client().create_mailbox("ann@mayfly.test", None).await;
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let (large, small) = (mail_of("large", 6000), mail_of("small", 1));
    for mail in [&large, &small] {
        let sent = sender.send("load@example.com", &[&mailbox.address], mail).await;
        assert_eq!(sent.unwrap().code, 250);
    }
    let backup = dir.path().join("backup");
    let unset = dir.path().join("unset");
    let refused = fails(&world.data_dir(), &["backup", unset.to_str().unwrap()]);
    assert!(
        refused.contains("blobs.url: 1 large messages are not in the database"),
        "{refused}"
    );
    let report = back_up(&world.data_dir(), &more[..2], &backup);
    assert!(
        report.contains("with 1 large messages of") && !report.contains("deleted"),
        "{report}"
    );
    world.processes[0].kill();
    let restored = dir.path().join("elsewhere");
    succeeds(&restored, &["restore", backup.to_str().unwrap()]);
    // Beside the files of before, which belong to the other database until their mark is deleted.
    refuses(
        &["--data-dir", restored.to_str().unwrap()],
        &more[..2],
        "mayfly-owner",
    );
    fs::remove_file(blobs.join("mayfly-owner")).unwrap();
    world.set("MAYFLY_DATA_DIR", restored.to_str().unwrap());
    world.kill_and_restart();
    let found = stored(&world.client(), &mailbox).await;
    assert!(found["large"] == [large.clone()]);
    back_up(&restored, &more[..2], &dir.path().join("again"));
    world.processes[0].kill();
    fs::remove_dir_all(&blobs).unwrap();
    for url in ["", &*url] {
        world.set("MAYFLY_BLOBS__URL", url);
        world.kill_and_restart();
        let found = stored(&world.client(), &mailbox).await;
        assert!(
            found["large"] == [large.clone()] && found["small"] == [small.clone()],
            "{url:?}"
        );
    }
}

fn assert_private(dir: &Path) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir), 0o700);
    let names: BTreeSet<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "manifest.json")
        .collect();
    assert_eq!(
        names.iter().map(String::as_str).collect::<Vec<_>>(),
        ["auth.db", "data.key", "mailbox.db", "signing.key"]
    );
    for name in names {
        assert_eq!(mode(&dir.join(&name)), 0o600, "{name}");
    }
}

/// A backup that is damaged, incomplete or without its keys is refused, and a data directory is never overwritten.
#[tokio::test]
async fn restore_of_unusable_backup_is_refused() {
    let mut world = world_with_generated_keys();
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let hook = json!({"url": "http://127.0.0.1:9999/"});
    let created = client
        .call("POST", "/pro/api/webhooks", Some(&pro), Some(hook))
        .await;
    assert_eq!(created.status, 201, "{created:?}");
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let sent = sender.send("b@b.test", &[&mailbox.address], &mail("one")).await;
    assert_eq!(sent.unwrap().code, 250);
    let (dir, data) = (tempfile::tempdir().unwrap(), world.data_dir());
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    succeeds(&data, &["backup", &path("good")]);
    assert!(fails(&data, &["backup", &path("good")]).contains("is not empty"));
    assert!(fails(Path::new(&path("none")), &["backup", &path("x")]).contains("does not exist"));

    // The data directory exists.
    assert!(fails(&data, &["restore", &path("good")]).contains("data_dir"));
    world.processes[0].kill();
    assert!(fails(&data, &["restore", &path("good")]).contains("data_dir"));

    let target = dir.path().join("target");
    let damage = |name: &str, damage: &dyn Fn(&Path)| {
        let copy = dir.path().join(name);
        fs::create_dir(&copy).unwrap();
        for entry in fs::read_dir(dir.path().join("good")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        damage(&copy);
        let error = fails(&target, &["restore", "--check", copy.to_str().unwrap()]);
        assert!(!target.exists(), "{error}");
        error
    };
    let flipped = damage("flipped", &|copy| {
        let file = copy.join("mailbox.db");
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
    });
    assert!(flipped.contains("mailbox.db: is not the file"), "{flipped}");
    let incomplete = damage("incomplete", &|copy| {
        fs::remove_file(copy.join("manifest.json")).unwrap();
    });
    assert!(incomplete.contains("no complete backup"), "{incomplete}");
    let keyless = damage("keyless", &|copy| {
        fs::remove_file(copy.join("data.key")).unwrap();
        forget(copy, "data.key");
    });
    assert!(
        keyless.contains("data.key is missing: the secrets of 1 of 1 webhooks"),
        "{keyless}"
    );
    let other = damage("other-key", &|copy| {
        let key = SecretKey::random().to_hex();
        fs::write(copy.join("data.key"), key).unwrap();
        forget(copy, "data.key");
    });
    assert!(other.contains("is not the key that sealed"), "{other}");
    let outside = damage("outside", &|copy| {
        let file = copy.join("manifest.json");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("\"auth.db\"", "\"../good/auth.db\"")).unwrap();
    });
    assert!(outside.contains("is not the name of a file"), "{outside}");
}

/// Removes a file from the manifest.
fn forget(backup: &Path, name: &str) {
    let file = backup.join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    manifest["files"].as_object_mut().unwrap().remove(name).unwrap();
    fs::write(file, manifest.to_string()).unwrap();
}

#[test]
fn backup_of_postgresql_names_the_commands() {
    let postgres = mayfly_testkit::Postgres::start();
    let url = postgres.create_database("mayfly");
    let key = SecretKey::random().to_hex();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mayfly"))
            .args(args)
            .env_clear()
            .envs([("MAYFLY_DATABASE__URL", &url), ("MAYFLY_MAILBOX__DATA_KEY", &key)])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, text) = run(&["backup", "/nowhere"]);
    assert!(code == Some(2) && text.contains("mayfly migrate"), "{text}");
    assert_eq!(run(&["migrate"]).0, Some(0));
    let (code, text) = run(&["backup", "/nowhere"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("--schema=mailbox --schema=auth --file='/nowhere/mayfly.dump'"),
        "{text}"
    );
    let (_, text) = run(&["backup", "/nowhere", "--roles", "auth"]);
    assert!(
        text.contains("--schema=auth --file='/nowhere/auth.dump'"),
        "{text}"
    );
    let (code, text) = run(&["restore", "--check"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = run(&["restore"]);
    assert!(code == Some(2) && text.contains("pg_restore"), "{text}");
}
