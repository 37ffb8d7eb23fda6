//! Memory of messages in progress: those of one client neither refuse nor delay the ones of others.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use mayfly_runtime::fair;
use mayfly_testkit::{Db, db_test, eventually};
use tokio::{task::JoinSet, time::timeout};

use crate::world::{World, envelope, mail, scope};

db_test!(
    deliver_small_is_not_delayed_by_large,
    deliver_is_not_delayed_by_greedy_client
);

/// Just over what counts as medium.
const LARGE_BYTES: usize = (2 << 20) + 1;
/// Far less than a large message waits for memory, 30 s, and far more than a commit takes on a busy machine.
const SMALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a large message is observed to wait.
const OBSERVED: Duration = Duration::from_millis(300);

fn sized(bytes: usize) -> Vec<u8> {
    let mut raw = mail("sized");
    raw.resize(bytes, b'x');
    raw
}

async fn deliver_small_is_not_delayed_by_large(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let bob = world.create("bob@mayfly.test").await;
    // Messages of 8 MiB whose bytes never come: two hold all memory, the others wait for it.
    let mut held = JoinSet::new();
    for _ in 0..40 {
        let parts = stream::iter([envelope(&[&ann], 8 << 20)]).chain(stream::pending());
        let mut client = world.client.clone();
        held.spawn(async move { client.deliver_message(parts).await.map(drop) });
    }
    let large = sized(LARGE_BYTES);
    eventually("a large message of another client waits", async || {
        timeout(OBSERVED, world.deliver(&[&bob], &large)).await.is_err()
    })
    .await;
    let before = world.list(scope(&bob), 1).await.unwrap().len();
    let sizes = [200, 64 << 10, 256 << 10, 1 << 20];
    for size in sizes.into_iter().cycle().take(24) {
        let started = Instant::now();
        let delivered = timeout(SMALL_TIMEOUT, world.deliver(&[&bob], &sized(size))).await;
        // It does not wait.
        delivered.unwrap().unwrap();
        assert!(started.elapsed() < SMALL_TIMEOUT, "{size}");
    }
    let listed = world.list(scope(&bob), 1).await.unwrap();
    assert!(listed.len() >= (before + 24).min(30), "{} messages", listed.len());
    // When the client is gone, large messages are taken again.
    held.shutdown().await;
    world.deliver(&[&bob], &large).await.unwrap();
}

/// Sixty messages of one client whose bytes never come, of each size.
async fn deliver_is_not_delayed_by_greedy_client(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let bob = world.create("bob@mayfly.test").await;
    let [greedy, other] = [1, 2].map(|last| Some([192, 0, 2, last].into()));
    for size in [200 << 10, 300 << 10, 3 << 20] {
        let raw = sized(size);
        // Both are active.
        fair::scope(other, world.deliver(&[&bob], &raw)).await.unwrap();
        let mut held = JoinSet::new();
        for _ in 0..60 {
            let parts = stream::iter([envelope(&[&ann], size)]).chain(stream::pending());
            let mut client = world.client.clone();
            let delivering = async move { client.deliver_message(parts).await.map(drop) };
            held.spawn(async move { fair::scope(greedy, delivering).await });
        }
        eventually("a further message of the greedy client waits", async || {
            let further = async { world.deliver(&[&bob], &raw).await.map(drop) };
            let further = fair::scope(greedy, further);
            timeout(OBSERVED, further).await.is_err()
        })
        .await;
        let delivered = timeout(SMALL_TIMEOUT, fair::scope(other, world.deliver(&[&bob], &raw))).await;
        delivered.unwrap().unwrap();
        held.shutdown().await;
    }
}
