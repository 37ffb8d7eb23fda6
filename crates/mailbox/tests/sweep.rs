//! What is removed when its time is over, and what stays.

use mayfly_mailbox::Config;
use mayfly_runtime::database::Database;
use mayfly_types::{ErrorCode, reason};
use sea_orm::{ConnectionTrait as _, Statement};
use time::Duration;

use crate::{
    mailboxes::{delete, resolve},
    world::{World, assert_refused, mail, no_auth, scope, until},
};

/// Counts the rows of each table once the service has stopped: what callers cannot see any more must be gone as well.
async fn rows(world: World) -> Vec<(&'static str, i64)> {
    let (dir, _) = world.stop().await;
    let database = Database::open_sqlite(&dir.path().join("mailbox.db"))
        .await
        .unwrap();
    let mut counts = Vec::new();
    for table in ["mailboxes", "messages", "raw_messages", "outbox_entries"] {
        let count = database.read("count", |c| {
            Box::pin(async move {
                let sql = format!("SELECT count(*) FROM {table}");
                c.query_one_raw(Statement::from_string(c.get_database_backend(), sql))
                    .await
            })
        });
        let row = count
            .await
            .unwrap_or_else(|error: sea_orm::DbErr| panic!("{error}"))
            .unwrap();
        counts.push((table, row.try_get_by_index(0).unwrap()));
    }
    counts
}

#[tokio::test]
async fn a_mailbox_that_nobody_uses_is_deleted_and_one_that_is_read_lives() {
    let world = World::new().await;
    let [read, signed_in, idle] = ["read", "in", "idle"].map(|name| format!("{name}@mayfly.test"));
    let read_id = world.create(&read).await;
    world.create(&signed_in).await;
    let idle_id = world.create(&idle).await;
    for day in 0..91 {
        world.clock.advance(Duration::days(1));
        world
            .deliver(&[&idle_id], &mail("mail is no use"))
            .await
            .unwrap_or_default();
        if day % 30 == 10 {
            world.get(scope(&read_id)).await.unwrap();
            let request = mayfly_proto::mailbox::FindMailboxRequest {
                address: signed_in.clone(),
            };
            world.client.clone().find_mailbox(request).await.unwrap();
            // That they were used is noted off the path of the call: the next sweep must find it.
            until("noted", async || !is_touch_due(&world).await).await;
        }
    }
    world.mailbox.sweep().await;
    assert_refused(
        world.get(scope(&idle_id)).await,
        ErrorCode::NotFound,
        reason::MAILBOX_GONE,
    );
    world.get(scope(&read_id)).await.unwrap();
    resolve(&world, &signed_in, 0).await.unwrap();
    assert_refused(
        resolve(&world, &idle, 0).await,
        ErrorCode::NotFound,
        reason::NOT_FOUND,
    );
    let refused = world.reserve(&idle, None).await;
    assert_refused(refused, ErrorCode::AlreadyExists, reason::ADDRESS_TAKEN);
}

/// Tells whether fewer than two mailboxes were noted as used at the clock's time, by looking into the file.
async fn is_touch_due(world: &World) -> bool {
    use mayfly_types::Clock as _;
    use sea_orm::sqlx::{Connection as _, Row as _, sqlite::SqliteConnection};
    let url = format!(
        "sqlite://{}?mode=ro",
        world.dir.path().join("mailbox.db").display()
    );
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let now_ms = i64::try_from(world.clock.now().unix_timestamp_nanos() / 1_000_000).unwrap();
    let row = sea_orm::sqlx::query("SELECT count(*) FROM mailboxes WHERE last_active_at_ms = ?")
        .bind(now_ms)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    row.get::<i64, _>(0) < 2
}

#[tokio::test]
async fn nothing_is_left_of_what_was_deleted_or_expired() {
    let world = World::new().await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    for n in 0..250 {
        let to: &[&str] = if n % 2 == 0 { &[&ann] } else { &[&ann, &bob] };
        world.deliver(to, &mail("a")).await.unwrap();
    }
    delete(&world, scope(&ann)).await.unwrap();
    world.mailbox.sweep().await;
    // What ann shared with bob is still bob's.
    let listed = world.list(scope(&bob), 1).await.unwrap();
    assert_eq!(listed.len(), 30);
    assert_eq!(
        world.source(scope(&bob), &listed[0].message_id).await.unwrap(),
        mail("a")
    );
    let half = i64::try_from(125 * mail("a").len()).unwrap();
    assert_eq!(world.used(&bob).await, half);
    world.clock.advance(Duration::days(7) + Duration::milliseconds(1));
    world.mailbox.sweep().await;
    assert_eq!(world.used(&bob).await, 0);
    let young = world.deliver(&[&bob], &mail("young")).await.unwrap().remove(0);
    world.clock.advance(Duration::days(6));
    world.mailbox.sweep().await;
    assert_eq!(world.source(scope(&bob), &young).await.unwrap(), mail("young"));
    world.clock.advance(Duration::days(24));
    world.mailbox.sweep().await;
    let counts = rows(world).await;
    // No auth answers here, so that its entry waits.
    let expected = [
        ("mailboxes", 1),
        ("messages", 0),
        ("raw_messages", 0),
        ("outbox_entries", 1),
    ];
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn a_lapsed_reservation_is_swept_and_its_credential_with_it() {
    let world = World::new().await;
    world.reserve("ann@mayfly.test", None).await.unwrap();
    world.mailbox.sweep().await;
    let refused = world.reserve("ann@mayfly.test", None).await;
    assert_refused(refused, ErrorCode::AlreadyExists, reason::ADDRESS_TAKEN);
    world.clock.advance(Duration::minutes(1));
    world.mailbox.sweep().await;
    let (dir, clock) = world.stop().await;
    let world = World::open(dir, clock, Config::default(), no_auth(), &["mayfly.test"]).await;
    let counts = rows(world).await;
    assert_eq!(
        counts,
        [
            ("mailboxes", 0),
            ("messages", 0),
            ("raw_messages", 0),
            ("outbox_entries", 1)
        ]
    );
}
