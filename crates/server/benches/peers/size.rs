//! Growth: a list with many stored mails, memory idle and under large mails, and the start time.

use std::time::Instant;

use anyhow::{Context, ensure};
use mayfly_database::Database;
use mayfly_types::{Clock, MessageId, SystemClock};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    ingest::Stream,
    lab::{Lab, pids},
    programs::memory_kib,
    rounds::{self, Contender, median},
    table::{Table, Target},
    world::{Kind, World},
    wrk::{self, Load},
};

/// Mails of each mailbox in a large store.
const MAILS_A_MAILBOX: usize = 1_000;

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let idle = lab.mayfly(Kind::AllInOne);
    let memory = |name| memory_kib(&pids(&idle), name).map(|kib| kib / 1024.0);
    table.limit(
        "memory of the idle process",
        memory("VmRSS")?,
        "MiB",
        Target::AtMost(40.0),
    );
    let large = Stream {
        mails: if lab.is_quick { 50 } else { 500 },
        bytes: 1 << 20,
        is_kept: true,
    };
    large.to_mayfly(lab, &idle, "large@mayfly.test")?;
    let what = format!("peak memory, ingest of {} × 1 MiB", large.mails);
    table.limit(&what, memory("VmHWM")?, "MiB", Target::AtMost(60.0));
    drop(idle);

    let many = if lab.is_quick { 50_000 } else { 1_000_000 };
    let (small, small_load) = filled(lab, MAILS_A_MAILBOX)?;
    let (mut big, big_load) = filled(lab, many)?;
    let (small_pids, big_pids) = (pids(&small), pids(&big));
    let of_mailtm = |world: &World, load: &Load| Load {
        url: format!("{}/messages", world.http()),
        ..load.clone()
    };
    let (small_mailtm, big_mailtm) = (of_mailtm(&small, &small_load), of_mailtm(&big, &big_load));
    let contenders = [
        Contender::new("list, many stored", || wrk::measure(lab, &big_load, &big_pids)),
        Contender::new("list, 1,000 stored", || {
            wrk::measure(lab, &small_load, &small_pids)
        }),
        Contender::new("list of mail.tm, many stored", || {
            wrk::measure(lab, &big_mailtm, &big_pids)
        }),
        Contender::new("list of mail.tm, 1,000 stored", || {
            wrk::measure(lab, &small_mailtm, &small_pids)
        }),
    ];
    let [many_stored, few_stored, many_mailtm, few_mailtm] = rounds::run(lab.rounds, contenders)?;
    let what = format!("list, 32 connections, {many} mails stored");
    table.rate(&what, &many_stored, &few_stored, Target::AtLeast(0.8));
    for (mails, mailtm, bearer_api) in [
        (many, &many_mailtm, &many_stored),
        (MAILS_A_MAILBOX, &few_mailtm, &few_stored),
    ] {
        let what = format!("list of mail.tm with totals, {mails} mails stored");
        table.rate(&what, mailtm, bearer_api, Target::AtLeast(0.9));
    }

    let mut starts = Vec::new();
    for _ in 0..5 {
        big.process("gateway").terminate();
        let started = Instant::now();
        big.kill_and_restart();
        starts.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    let what = format!("start to ready, {many} mails stored");
    table.limit(&what, median(starts), "ms", Target::AtMost(150.0));
    Ok(())
}

/// Starts Mayfly with that many mails, a thousand of them in the mailbox that is listed.
fn filled(lab: &Lab, mails: usize) -> anyhow::Result<(World, Load)> {
    let mut world = lab.mayfly(Kind::AllInOne);
    let mailbox = lab
        .runtime
        .block_on(world.client().create_mailbox("reader@mayfly.test", None));
    world.process("gateway").terminate();
    let account = mailbox.id.replace('-', "");
    lab.runtime.block_on(fill(&world, &account, mails))?;
    world.kill_and_restart();
    let client = world.client();
    let listed = lab.runtime.block_on(client.messages(&mailbox.token)).len();
    ensure!(listed == 30, "{listed} mails on the first page");
    let load = Load {
        url: format!("{}/api/messages", world.http()),
        token: Some(mailbox.token),
        connections: 32,
        ..Load::default()
    };
    Ok((world, load))
}

/// Writes only summaries, which is all that a list reads, with current ids. The given mailbox is the first.
async fn fill(world: &World, account: &str, mails: usize) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let id = MessageId::floor(now).as_uuid().simple().to_string();
    let time = id.get(..12).context("a UUID")?;
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {mails} - 1),
         m(i, box, id) AS (SELECT i,
           CASE WHEN i < {MAILS_A_MAILBOX} THEN X'{account}'
             ELSE CAST(X'{time}70008000' || substr('000000' || (i / {MAILS_A_MAILBOX}), -6) AS BLOB) END,
           CAST(X'{time}700080' || substr('0000000' || i, -7) AS BLOB) FROM n)
         INSERT INTO messages (account_id, id, raw_id, sender, from_header, subject, preview_text, size_bytes, is_read,
           created_at_ms, parse_status, addresses)
         SELECT box, id, id, 'bounce@example.com', 'A Shop <shop@example.com>', 'Order ' || i,
           'Your order has left our warehouse and will be with you in two days. Your order has left our ware', 4096, 0,
           {}, 0,
           '{{\"from\":{{\"name\":\"A Shop\",\"address\":\"shop@example.com\"}},\"to\":[{{\"address\":\"reader@mayfly.test\"}}]}}'
           FROM m",
        now.unix_timestamp() * 1000
    );
    let count = format!("UPDATE mailboxes SET message_count = {MAILS_A_MAILBOX} WHERE id = X'{account}'");
    let db = Database::open_sqlite(&world.data_dir().join("mailbox.db")).await?;
    db.tx("fill", |tx| {
        let (sql, count) = (sql.clone(), count.clone());
        Box::pin(async move {
            tx.execute_unprepared(&sql).await?;
            tx.execute_unprepared(&count).await.map(drop)
        })
    })
    .await
    .map_err(|error: DbErr| error)?;
    db.close().await;
    Ok(())
}
