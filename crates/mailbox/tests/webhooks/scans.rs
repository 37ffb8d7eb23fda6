//! Claims and sweeps use indexes: they do not read events that are delivered already.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::DeleteWebhookRequest;
use mayfly_testkit::{Db, ManualClock, Postgres, TestDatabase, eventually};

use super::{Receiver, create, deliveries, list, replay};
use crate::world::{World, mail, no_auth, user};

/// Delivered events, each by one attempt.
fn delivered() -> usize {
    let scale = std::env::var_os("MAYFLY_TOLD_EVENTS");
    scale.map_or(20_000, |count| count.into_string().unwrap().parse().unwrap())
}

/// An id of a minute before the start of the clock.
const ID: &str = "('01a20846-13a0-7' || substr(md5(random()::text), 1, 3) || '-8' || substr(md5(random()::text), 1, 3) || '-' || \
                  substr(md5(random()::text), 1, 12))::uuid";

/// Fills the tables with delivered events, and a few pending ones.
fn fill(server: &Postgres) {
    let rows = format!("generate_series(1, {}) n", delivered());
    let webhook = "('01a20846-13a0-7000-8000-' || lpad((n % 100)::text, 12, '0'))::uuid";
    let next = "CASE WHEN n % 50 = 0 THEN 4102444800000 END";
    let sql = format!(
        "INSERT INTO mailbox.webhook_events SELECT {ID}, {webhook}, repeat('x', 400), NULL, 1, {next} FROM {rows}; \
         INSERT INTO mailbox.webhook_attempts SELECT {ID}, {webhook}, {ID}, 1, 200, NULL, 5, 0 FROM {rows}; ANALYZE"
    );
    let _ = server.query("postgres", &sql);
}

/// Returns the sequential scans and the index scans of the tables.
fn scans(server: &Postgres) -> (u64, u64) {
    let sql = "SELECT sum(seq_scan), sum(idx_scan) FROM pg_stat_user_tables \
               WHERE relname IN ('webhook_events', 'webhook_attempts')";
    let answer = server.query("postgres", sql);
    let (whole, indexed) = answer.split_once('|').unwrap();
    (whole.parse().unwrap(), indexed.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claims_and_sweeps_scan_no_table() {
    let test_database = TestDatabase::new(Db::Postgres);
    let TestDatabase::Postgres(server) = test_database.clone() else {
        panic!()
    };
    let database = test_database.open("mailbox").await;
    mayfly_mailbox::migrate(&database).await.unwrap();
    database.close().await;
    fill(&server);
    let before = scans(&server);

    let world = World::open(
        test_database,
        ManualClock::default(),
        Config::default(),
        no_auth(),
        &["mayfly.test"],
    )
    .await;
    let (receiver, owner) = (Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let created = create(&world, &owner, &receiver.url()).await.unwrap();
    let id = created.webhook.unwrap().webhook_id;
    world.deliver(&[&account], &mail("news")).await.unwrap();
    receiver.until_received(1).await;
    eventually("noted", async || {
        !deliveries(&world, &owner, &id).await.unwrap().is_empty()
    })
    .await;
    let made = deliveries(&world, &owner, &id).await.unwrap().remove(0);
    replay(&world, &owner, &made).await.unwrap();
    receiver.until_received(2).await;
    eventually("both recorded", async || {
        deliveries(&world, &owner, &id).await.unwrap().len() == 2
    })
    .await;
    assert_eq!(list(&world, &owner).await.len(), 1);
    world.mailbox.sweep().await;
    let request = DeleteWebhookRequest {
        owner_user_id: owner.clone(),
        webhook_id: id.clone(),
        ..DeleteWebhookRequest::default()
    };
    world.client.clone().delete_webhook(request).await.unwrap();
    world.mailbox.sweep().await;
    for table in ["webhook_events", "webhook_attempts"] {
        let sql = format!("SELECT count(*) FROM mailbox.{table} WHERE webhook_id = '{id}'");
        assert_eq!(
            server.query("postgres", &sql),
            "0",
            "what is gone leaves nothing in {table}"
        );
    }
    assert_eq!(
        server.query("postgres", "SELECT count(*) FROM mailbox.removed_webhooks"),
        "0"
    );
    // Connections report their statistics when they close.
    world.stop().await;
    let after = scans(&server);
    assert_eq!(
        after.0, before.0,
        "a table was read from its beginning to its end"
    );
    assert!(after.1 > before.1, "what is counted counts");
}
