//! Mailbox processes are killed between the deletion of a mailbox and the deletion of its credential in `auth`. Each
//! credential is still deleted within a minute, and no other credential is.

use std::time::{Duration, Instant};

use mayfly_testkit::eventually_within;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    client::{Client, Mailbox, PASSWORD},
    world::{Kind, World},
};

const MAILBOXES: usize = 12;
/// The promise is one minute.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(45);
const TIMEOUT: Duration = Duration::from_secs(15);

/// Delays the deletion of credentials, so that workers are killed during it.
const SLOW: &str = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_sleep(1); RETURN OLD; END $$; \
    CREATE TRIGGER slow BEFORE DELETE ON auth.credentials FOR EACH ROW EXECUTE FUNCTION slow()";
const FAST: &str = "DROP TRIGGER slow ON auth.credentials; DROP FUNCTION slow()";

fn count(world: &World, database: &str, table: &str) -> usize {
    let servers = world.servers.as_ref().unwrap();
    let count = servers
        .postgres
        .query(database, &format!("SELECT count(*) FROM {table}"));
    count.parse().unwrap()
}

/// Deletes a mailbox; repeats the call if it fails because a process was killed.
async fn delete(client: Client, mailbox: Mailbox) {
    let started = Instant::now();
    loop {
        let answer = client.call("DELETE", "/api/me", Some(&mailbox.token), None).await;
        match answer.status {
            // 401 if an earlier attempt deleted the mailbox and thereby its token.
            204 | 401 => return,
            503 => assert!(started.elapsed() < TIMEOUT, "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn kills(kind: Kind) {
    let mut world = World::start(kind);
    let client = world.client();
    let kept = client.create_mailbox("kept@mayfly.test", None).await;
    for round in 0..4_u8 {
        let mut mailboxes = Vec::new();
        for n in 0..MAILBOXES {
            let address = format!("gone-{round}-{n}@mayfly.test");
            mailboxes.push(client.create_mailbox(&address, None).await);
        }
        let is_caught = round == 0;
        let postgres = &world.servers.as_ref().unwrap().postgres;
        if is_caught {
            let _ = postgres.query("auth", SLOW);
        }
        let deletions: Vec<_> = mailboxes
            .into_iter()
            .map(|mailbox| tokio::spawn(delete(client.clone(), mailbox)))
            .collect();
        if is_caught {
            eventually_within("entries are claimed", TIMEOUT, async || {
                count(&world, "mailbox", "mailbox.outbox_entries WHERE attempts > 0") > 0
            })
            .await;
        } else {
            eventually_within("deletions begin", TIMEOUT, async || {
                deletions.iter().any(tokio::task::JoinHandle::is_finished)
            })
            .await;
            let chance = u64::from(Sha256::digest([round])[0]);
            tokio::time::sleep(Duration::from_micros(chance * 50)).await;
        }
        for index in world.replicas("mailbox") {
            world.processes[index].kill();
        }
        if is_caught {
            assert!(
                count(&world, "mailbox", "mailbox.outbox_entries") > 0,
                "the process was killed too late"
            );
            let _ = world.servers.as_ref().unwrap().postgres.query("auth", FAST);
        }
        for index in world.replicas("mailbox") {
            world.restart_process(index);
        }
        for deletion in deletions {
            deletion.await.unwrap();
        }
        eventually_within("the new processes are reachable", TIMEOUT, async || {
            client.get("/api/me", &kept.token).await.status == 200
        })
        .await;
    }
    let restarted = Instant::now();
    eventually_within("every credential is deleted", CLEAN_UP_TIMEOUT, async || {
        count(&world, "mailbox", "mailbox.outbox_entries") == 0
            && count(&world, "auth", "auth.credentials") == 1
    })
    .await;
    println!("deleted {:?} after the last restart", restarted.elapsed());
    let body = json!({"address": kept.address, "password": PASSWORD});
    let answer = client.call("POST", "/api/token", None, Some(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mailbox_killed_leaves_no_credential_split() {
    kills(Kind::Split).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mailbox_killed_leaves_no_credential_replicas() {
    kills(Kind::Replicas).await;
}
