//! HTTP load by wrk.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail, ensure};

use crate::{
    lab::Lab,
    programs::{client, cpu_seconds, run},
    rounds::Sample,
};

/// Takes parameters from the environment and prints the result as one line.
const SCRIPT: &str = r#"
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
local body, pause = os.getenv("BODY"), tonumber(os.getenv("PAUSE_MS") or "")
if body then
  wrk.method, wrk.body = "POST", body
  wrk.headers["Content-Type"] = "application/json"
end
if pause then
  function delay() return pause end
end
function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("outcome %d %d %d %d %d\n", summary.requests, summary.duration, errors,
    latency:percentile(50), latency:percentile(99)))
end
"#;

/// The request and its concurrency.
#[derive(Debug, Clone, Default)]
pub(crate) struct Load {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) connections: u32,
    /// Pause of each connection between two requests.
    pub(crate) pause_ms: Option<u32>,
}

/// Loads a server that runs as these processes. Any error answer fails the bench.
pub(crate) fn measure(lab: &Lab, load: &Load, pids: &[u32]) -> anyhow::Result<Sample> {
    let mut command = client("wrk")?;
    let threads = load.connections.min(2);
    command
        .arg(format!("-t{threads}"))
        .arg(format!("-c{}", load.connections));
    command
        .arg(format!("-d{}s", lab.seconds))
        .arg("-s")
        .arg(script(lab)?)
        .arg(&load.url);
    if let Some(token) = &load.token {
        command.env("AUTHORIZATION", format!("Bearer {token}"));
    }
    if let Some(body) = &load.body {
        command.env("BODY", body);
    }
    if let Some(pause) = load.pause_ms {
        command.env("PAUSE_MS", pause.to_string());
    }
    let before = cpu_seconds(pids)?;
    let said = run(&mut command)?;
    let cpu = cpu_seconds(pids)? - before;
    let outcome = said
        .lines()
        .find_map(|line| line.strip_prefix("outcome "))
        .context("wrk printed no result")?;
    let numbers = outcome
        .split(' ')
        .map(str::parse::<f64>)
        .collect::<Result<Vec<_>, _>>()?;
    let [requests, micros, errors, p50, p99] = numbers[..] else {
        bail!("wrk printed {outcome}");
    };
    ensure!(
        errors == 0.0 && requests > 0.0,
        "{} got {errors} errors in {requests} requests:\n{said}",
        load.url
    );
    Ok(Sample {
        per_second: requests / micros * 1e6,
        cpu_micros: cpu * 1e6 / requests,
        p50_ms: p50 / 1000.0,
        p99_ms: p99 / 1000.0,
    })
}

fn script(lab: &Lab) -> anyhow::Result<PathBuf> {
    let path = lab.dir.path().join("load.lua");
    if !path.exists() {
        fs::write(&path, SCRIPT)?;
    }
    Ok(path)
}
