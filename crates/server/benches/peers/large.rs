//! Durable ingest of mails of 1 MiB: in parts in SQLite and in files, compared with Postfix to a Maildir, and with files that are written
//! and synced by nothing else.

use std::{
    cell::Cell,
    fs::{self, File},
    io::Write,
    path::Path,
    time::Instant,
};

use crate::{
    ingest::{Stream, to_postfix},
    lab::Lab,
    postfix::Postfix,
    programs::own_cpu_seconds,
    rounds::{self, Contender, Sample},
    table::{Table, Target},
    world::{Kind, World},
};

const MAILS: usize = 500;
const BYTES: usize = 1 << 20;

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let stream = Stream {
        mails: if lab.is_quick { MAILS / 5 } else { MAILS },
        bytes: BYTES,
        is_kept: true,
    };
    let blobs = lab.dir.path().join("blobs");
    let url = format!("file://{}", blobs.display());
    let in_parts = lab.mayfly(Kind::AllInOne);
    let in_files = lab.mayfly_with(Kind::AllInOne, &[("MAYFLY_BLOBS__URL", &url)]);
    let postfix = Postfix::start(lab)?;
    let alone = lab.dir.path().join("alone");
    fs::create_dir(&alone)?;
    let mailboxes = Cell::new(0);
    let mayfly = |world: &World| {
        mailboxes.set(mailboxes.get() + 1);
        stream.to_mayfly(lab, world, &format!("large{}@mayfly.test", mailboxes.get()))
    };
    let contenders = [
        Contender::new("Mayfly, files", || mayfly(&in_files)),
        Contender::new("Mayfly, parts in SQLite", || mayfly(&in_parts)),
        Contender::new("Postfix to a Maildir", || to_postfix(stream, &postfix)),
        Contender::new("files alone, written and synced", || {
            write_files(&alone, stream.mails)
        }),
    ];
    let [files, parts, maildir, disk] = rounds::run(lab.rounds, contenders)?;
    let what = format!("durable ingest of {} × 1 MiB, connections kept", stream.mails);
    table.rate(&format!("{what}, files"), &files, &maildir, Target::AtLeast(3.0));
    table.rate(&format!("{what}, files"), &files, &disk, Target::AtLeast(0.5));
    table.rate(&format!("{what}, files"), &files, &parts, Target::AtLeast(1.5));
    table.rate(
        &format!("{what}, parts in SQLite"),
        &parts,
        &maildir,
        Target::None,
    );
    Ok(())
}

/// The bound set by the disk.
fn write_files(dir: &Path, mails: usize) -> anyhow::Result<Sample> {
    let (started, before) = (Instant::now(), own_cpu_seconds()?);
    let bytes = vec![b'x'; BYTES];
    for n in 0..mails {
        let mut file = File::create(dir.join(n.to_string()))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
    }
    let sample = Sample::of(mails, started.elapsed(), own_cpu_seconds()? - before);
    for n in 0..mails {
        fs::remove_file(dir.join(n.to_string()))?;
    }
    Ok(sample)
}
