//! `mayfly admin` on the machine of the server.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use mayfly_testkit::MailSender;
use serde_json::json;

use crate::{
    client::PASSWORD,
    delivery_log::mail,
    world::{Kind, World},
};

/// Runs `mayfly admin` with the generated token of the data directory.
fn admin(world: &World, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mayfly"))
        .arg("admin")
        .args(args)
        .env_clear()
        .env("MAYFLY_DATA_DIR", world.data_dir())
        .env("MAYFLY_ADMIN_URL", world.admin().strip_prefix("http://").unwrap())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn admin_command_uses_the_generated_token() {
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_AUTH__REGISTRATION", "closed")]);
    let file = world.data_dir().join("admin.token");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let client = world.client();
    let ok = |args: &[&str]| {
        let (code, out, err) = admin(&world, args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}: {out}");
        out
    };
    // Users are invited while registration is closed.
    let invited = ok(&["users", "invite", "Ann@Example.com"]);
    let cells: Vec<&str> = invited.trim_end().split('\t').collect();
    assert_eq!(cells[1], "ann@example.com");
    let body = json!({"email": "ann@example.com", "password": cells[2]});
    let signed_in = client.call("POST", "/pro/api/login", None, Some(body)).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    assert_eq!(
        ok(&["users", "list"]),
        format!("{}\tann@example.com\t-\tuser\n", cells[0])
    );
    ok(&["users", "set-role", cells[0], "admin"]);
    assert!(ok(&["users", "list"]).ends_with("\tadmin\n"));
    ok(&["users", "set-role", cells[0], "user"]);
    assert!(ok(&["users", "list"]).ends_with("\tuser\n"));
    let (code, _, err) = admin(&world, &["users", "set-role", cells[0], "root"]);
    assert!(
        code == 2 && err.contains("[possible values: admin, user]"),
        "{err}"
    );
    let (code, _, err) = admin(&world, &["users", "invite", "ann@example.com"]);
    assert!(code == 2 && err.contains("email_taken"), "{err}");

    // A retired domain keeps its mailboxes.
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    ok(&["domains", "retire", "mayfly.test"]);
    let body = json!({"address": "bob@mayfly.test", "password": PASSWORD});
    let refused = client.call("POST", "/api/accounts", None, Some(body)).await;
    assert_eq!(refused.outcome(), (400, "invalid_domain".to_owned()));
    let domains = client.call("GET", "/api/domains", None, None).await.json();
    assert_eq!(domains["domains"], json!([]));
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let sent = sender.send("a@b.test", &[&mailbox.address], &mail("kept")).await;
    assert_eq!(sent.unwrap().code, 250);
    assert_eq!(ok(&["domains", "list"]), "mayfly.test\tfalse\ttrue\t1\tfalse\n");
    ok(&["domains", "accept", "mayfly.test"]);
    client.create_mailbox("bob@mayfly.test", None).await;
    let (code, _, err) = admin(&world, &["domains", "retire", "other.test"]);
    assert!(code == 2 && err.contains("404 not_found"), "{err}");

    let found = ok(&["mailboxes", "find", "@mayfly.test"]);
    assert_eq!(found.lines().count(), 2, "{found}");
    ok(&["mailboxes", "suspend", &mailbox.id, "--reason", "test"]);
    let found = ok(&["mailboxes", "find", "ann@mayfly.test"]);
    assert!(found.contains("\tsuspended\t"), "{found}");
    let dir = tempfile::tempdir().unwrap();
    let zip: PathBuf = dir.path().join("ann.zip");
    ok(&["mailboxes", "export", &mailbox.id, zip.to_str().unwrap()]);
    assert_zip(&zip);
    let (code, _, err) = admin(
        &world,
        &["mailboxes", "export", &mailbox.id, zip.to_str().unwrap()],
    );
    assert!(code == 2 && err.contains("exists"), "{err}");
    ok(&["mailboxes", "resume", &mailbox.id]);

    let block = ok(&["blocks", "put", "--client", "203.0.113.7/24", "--reason", "bots"]);
    assert!(
        block.contains("\t203.0.113.0/24\t") && block.contains("\tbots\t"),
        "{block}"
    );
    ok(&["blocks", "delete", block.split('\t').next().unwrap()]);
    assert_eq!(ok(&["blocks", "list"]), "");
    let statistics = ok(&["statistics"]);
    assert!(statistics.contains("active_accounts\t2\n"), "{statistics}");
    assert!(statistics.contains("messages\t1\n"), "{statistics}");
    let audit = ok(&["audit"]);
    assert!(
        audit.lines().count() >= 10 && audit.contains("\toperator\tinvite_user\t"),
        "{audit}"
    );
    assert!(audit.contains("\toperator\tset_user_role\t"), "{audit}");

    std::fs::write(&file, "operator wrong-token-wrong-token-wrong-token\n").unwrap();
    let (code, _, err) = admin(&world, &["users", "list"]);
    assert!(code == 2 && err.contains("401 invalid_token"), "{err}");
}

#[tokio::test]
async fn admin_command_pauses_webhooks_and_restricts_domains() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let ok = |args: &[&str]| {
        let (code, out, err) = admin(&world, args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}: {out}");
        out
    };
    let pro = client.register("ann@example.com").await;
    let user = ok(&["users", "list"]);
    let user = user.split('\t').next().unwrap();
    let body = json!({"url": "https://hooks.example.com/x"});
    let created = client
        .call("POST", "/pro/api/webhooks", Some(&pro), Some(body))
        .await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let listed = ok(&["webhooks", "list", user]);
    assert_eq!(
        listed,
        format!("{id}\tactive\t0\t0\thttps://hooks.example.com/x\n")
    );
    ok(&["webhooks", "pause", &id, "--reason", "flood"]);
    assert!(ok(&["webhooks", "list", user]).contains("\tpaused\t"));
    let shown = client.get("/pro/api/webhooks", &pro).await.json();
    assert_eq!(shown["webhooks"][0]["status"], "paused");
    let statistics = ok(&["statistics"]);
    for count in ["users\t1\n", "paused_webhooks\t1\n", "system_domains\t1\n"] {
        assert!(statistics.contains(count), "{count}: {statistics}");
    }
    ok(&["webhooks", "resume", &id]);
    assert!(ok(&["webhooks", "list", user]).contains("\tactive\t"));
    assert!(ok(&["audit"]).contains("\tpause_webhook\t"));

    ok(&["domains", "pro-only", "mayfly.test"]);
    let listed = client.call("GET", "/api/domains", None, None).await.json();
    assert_eq!(listed["domains"][0]["pro_only"], true);
    let body = json!({"address": "bob@mayfly.test", "password": PASSWORD});
    let refused = client.call("POST", "/api/accounts", None, Some(body)).await;
    assert_eq!(refused.outcome(), (400, "invalid_domain".to_owned()));
    client.create_mailbox("bob@mayfly.test", Some(&pro)).await;
    ok(&["domains", "public", "mayfly.test"]);
    client.create_mailbox("carol@mayfly.test", None).await;
}

fn assert_zip(path: &Path) {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    assert_eq!(zip.len(), 2);
    assert!(zip.by_name("account.json").is_ok());
}
