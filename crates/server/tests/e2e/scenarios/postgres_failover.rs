//! F4: the primary of PostgreSQL is killed under load and its synchronous standby is promoted.

use std::time::{Duration, Instant};

use super::postgres_outage::Load;
use crate::{operations::OPERATIONS, process::Process, world::World};

/// No process restarts, and every mail that was answered `250` is stored once.
// Two threads: the load continues while the test waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_promoted_standby_loses_no_mail() {
    let mut world = World::start_with_standby();
    let mut load = Load::start(&world, "failover").await;
    load.until_served(50).await;
    let servers = world.servers.as_mut().unwrap();
    let killed = Instant::now();
    servers.postgres.kill();
    let detected = load.until_unavailable(&OPERATIONS).await;
    let promoted = Instant::now();
    servers.standby.as_ref().unwrap().promote();
    let took = promoted.elapsed();
    load.until_served(20).await;
    println!(
        "failed with 503 and 451 within {detected:?}; promoting took {took:?}; served {:?} after promoting began, {:?} \
         after the kill; {} mails accepted, {} deferred",
        promoted.elapsed(),
        killed.elapsed(),
        load.deliveries.accepted(),
        load.deliveries.deferred()
    );
    assert!(promoted.elapsed() < Duration::from_secs(15));
    load.finish(&world).await;
    let log = world.log();
    assert!(log.contains("the database failed over"), "{log}");
    assert!(world.processes.iter_mut().all(Process::is_running));
}
