//! Durable ingest, compared with Postfix to a Maildir, `smtp-sink`, and plain SQLite commits.

use std::{
    cell::Cell,
    net::SocketAddr,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::ensure;
use mayfly_database::Database;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::{
    lab::{Lab, pids},
    postfix::{self, Postfix},
    programs::{client, cpu_seconds, own_cpu_seconds, run},
    rounds::{self, Contender, Sample},
    table::{Table, Target},
    world::{Kind, World},
};

pub(crate) const MAILS: usize = 5_000;
pub(crate) const BYTES: usize = 4_096;
pub(crate) const SESSIONS: usize = 20;
/// Bound of the time in which Postfix empties its queue.
const DELIVERY: Duration = Duration::from_secs(60);

/// A stream of mails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) mails: usize,
    pub(crate) bytes: usize,
    /// Whether a session is reused for the next mail.
    pub(crate) is_kept: bool,
}

impl Stream {
    /// Sends all mails; a reply other than 250 is an error.
    pub(crate) fn send(self, to: SocketAddr, recipient: &str) -> anyhow::Result<()> {
        let mut source = client("smtp-source")?;
        if self.is_kept {
            source.arg("-d");
        }
        for (option, value) in [("-s", SESSIONS), ("-m", self.mails), ("-l", self.bytes)] {
            source.arg(option).arg(value.to_string());
        }
        source.args(["-f", "bounce@example.com", "-t", recipient, &to.to_string()]);
        run(&mut source).map(drop)
    }

    /// Sends all mails and then counts the stored ones. The time is that of sending.
    pub(crate) fn to_mayfly(self, lab: &Lab, world: &World, address: &str) -> anyhow::Result<Sample> {
        let client = world.client();
        let mailbox = lab.runtime.block_on(client.create_mailbox(address, None));
        let sample = self.timed(&pids(world), || self.send(world.smtp(), address))?;
        let stored = lab.runtime.block_on(async {
            let mut stored = 0;
            for page in 1.. {
                let answer = client
                    .get(&format!("/api/messages?page={page}"), &mailbox.token)
                    .await;
                ensure!(answer.status == 200, "{answer:?}");
                match answer.json()["messages"].as_array().map_or(0, Vec::len) {
                    0 => break,
                    more => stored += more,
                }
            }
            Ok(stored)
        })?;
        ensure!(
            stored == self.mails,
            "{stored} of {} mails answered 250 are there",
            self.mails
        );
        Ok(sample)
    }

    fn timed(self, pids: &[u32], work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Sample> {
        let (started, before) = (Instant::now(), cpu_seconds(pids)?);
        work()?;
        let elapsed = started.elapsed();
        Ok(Sample::of(self.mails, elapsed, cpu_seconds(pids)? - before))
    }
}

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let [one, four, eight] = [Kind::AllInOne, Kind::Split, Kind::Replicas].map(|kind| lab.mayfly(kind));
    let postfix = Postfix::start(lab)?;
    let (sink, sink_address) = postfix::sink()?;
    let alone = lab.runtime.block_on(empty_database(lab))?;
    let mailboxes = Cell::new(0);
    for is_kept in [true, false] {
        let stream = Stream {
            mails: if lab.is_quick { MAILS / 10 } else { MAILS },
            bytes: BYTES,
            is_kept,
        };
        let mayfly = |world| {
            mailboxes.set(mailboxes.get() + 1);
            stream.to_mayfly(lab, world, &format!("box{}@mayfly.test", mailboxes.get()))
        };
        let contenders = [
            Contender::new("Mayfly, one process", || mayfly(&one)),
            Contender::new("Postfix to a Maildir", || to_postfix(stream, &postfix)),
            Contender::new("Mayfly, four processes", || mayfly(&four)),
            Contender::new("Mayfly, eight processes", || mayfly(&eight)),
            Contender::new("smtp-sink", || {
                stream.timed(&[sink.pid()], || stream.send(sink_address, "a@mayfly.test"))
            }),
            Contender::new("SQLite alone, a row a commit", || {
                commit(lab, &alone, stream.mails, 1)
            }),
            Contender::new("SQLite alone, 50 rows a commit", || {
                commit(lab, &alone, stream.mails, 50)
            }),
        ];
        let [one, maildir, four, eight, sink, single, grouped] = rounds::run(lab.rounds, contenders)?;
        let (how, against_postfix, against_sink) = if is_kept {
            ("connections kept", 12.0, 0.5)
        } else {
            ("a connection a mail", 5.0, 0.4)
        };
        let what = format!("durable ingest of {} × 4 KiB, {how}, one process", stream.mails);
        table.rate(&what, &one, &maildir, Target::AtLeast(against_postfix));
        table.rate(&what, &one, &sink, Target::AtLeast(against_sink));
        table.rate(&what, &one, &single, Target::None);
        table.rate(&what, &one, &grouped, Target::None);
        table.rate(
            &format!("the same, {how}, four processes on PostgreSQL"),
            &four,
            &maildir,
            Target::AtLeast(4.0),
        );
        let two = format!("the same, {how}, two of each role");
        table.rate(&two, &eight, &maildir, Target::None);
    }
    Ok(())
}

/// Measures until the mails are in the Maildir. A 250 of Postfix only means that they are in its queue.
pub(crate) fn to_postfix(stream: Stream, postfix: &Postfix) -> anyhow::Result<Sample> {
    let sample = stream.timed(&[postfix.server.pid()], || {
        stream.send(postfix.address, "box@mayfly.test")?;
        let deadline = Instant::now() + DELIVERY;
        while postfix.delivered() < stream.mails {
            ensure!(
                Instant::now() < deadline,
                "Postfix delivered {} mails",
                postfix.delivered()
            );
            sleep(Duration::from_millis(20));
        }
        Ok(())
    })?;
    postfix.forget()?;
    Ok(sample)
}

async fn empty_database(lab: &Lab) -> anyhow::Result<Database> {
    let db = Database::open_sqlite(&lab.dir.path().join("alone.db")).await?;
    let create = "CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB)";
    db.tx("create", |tx| {
        Box::pin(async { tx.execute_unprepared(create).await.map(drop) })
    })
    .await
    .map_err(|error: DbErr| error)?;
    Ok(db)
}

/// The bound set by disk and SQLite: the same rows through the same store, without anything else.
fn commit(lab: &Lab, db: &Database, rows: usize, rows_a_commit: usize) -> anyhow::Result<Sample> {
    let (started, before) = (Instant::now(), own_cpu_seconds()?);
    lab.runtime.block_on(async {
        for _ in 0..rows / rows_a_commit {
            db.tx("insert", |tx| {
                Box::pin(async move {
                    for _ in 0..rows_a_commit {
                        let (sql, backend) =
                            ("INSERT INTO rows (bytes) VALUES (?)", tx.get_database_backend());
                        let row = Statement::from_sql_and_values(backend, sql, [vec![b'x'; BYTES].into()]);
                        tx.execute_raw(row).await?;
                    }
                    Ok::<(), DbErr>(())
                })
            })
            .await?;
        }
        Ok::<(), DbErr>(())
    })?;
    Ok(Sample::of(rows, started.elapsed(), own_cpu_seconds()? - before))
}
