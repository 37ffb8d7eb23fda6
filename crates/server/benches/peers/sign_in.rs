//! Sign-ins compared with plain hashing on the same cores, and the latency of token checks meanwhile.

use std::{
    thread::{available_parallelism, scope},
    time::{Duration, Instant},
};

use anyhow::{anyhow, ensure};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::{
    client::PASSWORD,
    lab::{Lab, pids},
    programs::own_cpu_seconds,
    rounds::{self, Contender, Sample},
    table::{Table, Target},
    world::Kind,
    wrk::{self, Load},
};

/// The pace of the second client: it measures latency and takes little CPU.
const CHECK_PAUSE_MS: u32 = 10;

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let world = lab.mayfly(Kind::AllInOne);
    let address = "signer@mayfly.test";
    let mailbox = lab.runtime.block_on(world.client().create_mailbox(address, None));
    let sign_ins = Load {
        url: format!("{}/api/token", world.http()),
        body: Some(format!(r#"{{"address":"{address}","password":"{PASSWORD}"}}"#)),
        connections: 8,
        ..Load::default()
    };
    let checks = Load {
        url: format!("{}/api/me", world.http()),
        token: Some(mailbox.token),
        connections: 4,
        pause_ms: Some(CHECK_PAUSE_MS),
        ..Load::default()
    };
    let pids = pids(&world);
    let contenders = [
        Contender::new("Mayfly, sign-ins", || wrk::measure(lab, &sign_ins, &pids)),
        Contender::new("bare argon2, memory kept", || bare(lab)),
        Contender::new("token checks alone", || wrk::measure(lab, &checks, &pids)),
        Contender::new("token checks during sign-ins", || {
            scope(|scope| {
                let load = scope.spawn(|| wrk::measure(lab, &sign_ins, &pids));
                let checked = wrk::measure(lab, &checks, &pids);
                load.join().map_err(|_| anyhow!("the sign-ins panicked"))??;
                checked
            })
        }),
    ];
    let [signed_in, hashed, alone, during] = rounds::run(lab.rounds, contenders)?;
    table.rate(
        "sign-ins, 8 connections, one process",
        &signed_in,
        &hashed,
        Target::None,
    );
    table.time(
        "p50 of `GET /api/me` during sign-ins",
        &during,
        &alone,
        |s| s.p50_ms,
        Target::None,
    );
    table.time(
        "p99 of `GET /api/me` during sign-ins",
        &during,
        &alone,
        |s| s.p99_ms,
        Target::None,
    );
    let p99 = during.median(|s| s.p99_ms);
    table.limit("the same p99 as a time", p99, "ms", Target::AtMost(20.0));
    Ok(())
}

/// One thread per core hashes with the parameters of auth and reuses its memory.
fn bare(lab: &Lab) -> anyhow::Result<Sample> {
    let threads = available_parallelism()?.get();
    let (started, before) = (Instant::now(), own_cpu_seconds()?);
    let until = started + Duration::from_secs(lab.seconds.into());
    let hashes: usize = scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| scope.spawn(move || hash_until(until)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_default())
            .sum()
    });
    ensure!(hashes > 0, "argon2 hashed nothing");
    Ok(Sample::of(hashes, started.elapsed(), own_cpu_seconds()? - before))
}

/// Counts hashes; none if argon2 refuses.
fn hash_until(until: Instant) -> usize {
    let Ok(params) = Params::new(19_456, 2, 1, Some(32)) else {
        return 0;
    };
    let mut memory = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut hashes, mut output) = (0, [0; 32]);
    while Instant::now() < until {
        let done =
            argon2.hash_password_into_with_memory(PASSWORD.as_bytes(), &[7; 16], &mut output, &mut memory);
        if done.is_err() {
            return 0;
        }
        hashes += 1;
    }
    hashes
}
