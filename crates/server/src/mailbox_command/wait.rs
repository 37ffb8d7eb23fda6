//! `mayfly mailbox wait`.

use std::{str::FromStr, time::Duration};

use clap::Args;
use mayfly_runtime::config::Span;
use mayfly_types::{InvalidId, MessageId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Access, client, client::Client, pick::Pick, progress::Progress};

/// One call waits no longer, though it may: what stands between often ends a silence of 30 s.
const MAX_ROUND: Duration = Duration::from_secs(25);
/// Before a server that broke off is called again.
const PAUSE: Duration = Duration::from_secs(1);
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// The cursor before every message.
const BEGINNING: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Debug, Args)]
pub(super) struct Wait {
    #[command(flatten)]
    pub(super) access: Access,
    /// A part of the From header or of the envelope's sender, in any case
    #[arg(long)]
    from: Option<String>,
    /// A part of the mailbox's address, in any case
    #[arg(long)]
    to: Option<String>,
    /// A part of the subject, in any case; or a regular expression between slashes
    #[arg(long)]
    subject: Option<String>,
    /// `now`, or the id of a message: only what comes after it counts, read or not [default: all that is not marked as read]
    #[arg(long, value_name = "ID|now")]
    since: Option<Since>,
    /// How long: seconds, or with a unit such as 90s, 2m
    #[arg(long, default_value = "60", value_parser = timeout)]
    timeout: Duration,
    /// How many messages
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=50))]
    count: u8,
    #[command(flatten)]
    pick: Pick,
    /// Print JSON: the messages, and the id for the next wait's --since
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    Now,
    Message(MessageId),
}

impl FromStr for Since {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "now" => Ok(Self::Now),
            id => id.parse().map(Self::Message),
        }
    }
}

/// Reads a time in whole seconds, which the API counts in.
fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => text.parse::<Span>()?.0,
    };
    if timeout > MAX_TIMEOUT {
        return Err("is longer than a day".to_owned());
    }
    if timeout.subsec_nanos() > 0 {
        return Err("has a part of a second".to_owned());
    }
    Ok(timeout)
}

/// Waits for what is wanted and marks it as read; returns what is to be printed, none when it did not come in time.
pub(super) async fn wait(client: &Client, wait: &Wait) -> anyhow::Result<Option<String>> {
    let progress = Progress::new();
    let deadline = Instant::now() + wait.timeout;
    let mut since = match wait.since {
        None => Some(BEGINNING.to_owned()),
        Some(Since::Now) => None,
        Some(Since::Message(id)) => Some(id.to_string()),
    };
    let count = usize::from(wait.count);
    let (mut found, mut lines) = (Vec::new(), String::new());
    while found.len() < count {
        let what = format!("waiting for mail ({} of {count} came)", found.len());
        let round = look(client, wait, since.as_deref(), deadline);
        let looked = match progress.during(&what, round).await {
            // A server that is started anew keeps what has come.
            Err(error) if client.may_come_back(&error) && Instant::now() + PAUSE < deadline => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            looked => looked?,
        };
        since = Some(looked.since);
        match looked.message {
            None if Instant::now() >= deadline => {
                drop(progress);
                let (secs, found) = (wait.timeout.as_secs(), found.len());
                eprintln!("mayfly: timed out after {secs} s: {found} of {count} messages came");
                return Ok(None);
            }
            None => {}
            Some(message) => {
                if let Some(line) = wait.pick.line(&message) {
                    lines.push_str(&line);
                    found.push(message);
                }
            }
        }
    }
    // Before anything is printed: where it cannot be done, the next wait finds the same again.
    for message in &found {
        let id = message["id"].as_str().and_then(|id| id.parse().ok());
        client.mark_read(id.ok_or_else(|| client.stranger())?).await?;
    }
    if wait.json {
        let answer = json!({ "messages": found, "since": since });
        return Ok(Some(format!("{answer}\n")));
    }
    Ok(Some(lines))
}

/// What one call found, and where the next goes on.
struct Looked {
    message: Option<Value>,
    since: String,
}

async fn look(
    client: &Client,
    wait: &Wait,
    since: Option<&str>,
    deadline: Instant,
) -> anyhow::Result<Looked> {
    let left = deadline.saturating_duration_since(Instant::now()).min(MAX_ROUND);
    let timeout = left.as_millis().div_ceil(1000).to_string();
    let yes = |is_asked: bool| is_asked.then_some("true");
    let query = [
        ("since", since),
        ("from", wait.from.as_deref()),
        ("to", wait.to.as_deref()),
        ("subject", wait.subject.as_deref()),
        ("unread", yes(wait.since.is_none())),
        ("has_code", yes(wait.pick.needs_code())),
        ("timeout", Some(timeout.as_str())),
    ];
    let request = client
        .request(Method::GET, "/api/messages/wait")
        .query(&query)
        .timeout(left + client::LIMIT);
    let patience = deadline.max(Instant::now() + client::LIMIT);
    let response = client.send(request, patience).await?;
    if response.status() == StatusCode::NO_CONTENT {
        let since = response.headers().get("x-mayfly-since");
        let since = since.and_then(|since| since.to_str().ok());
        let since = since.map(str::to_owned).ok_or_else(|| client.stranger())?;
        return Ok(Looked { message: None, since });
    }
    let answer = client.json(response).await?;
    match (client::items(&answer), answer["since"].as_str()) {
        ([message, ..], Some(since)) => Ok(Looked {
            message: Some(message.clone()),
            since: since.to_owned(),
        }),
        _ => Err(client.stranger()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        for (text, secs) in [("0", 0), ("90", 90), ("5s", 5), ("2m", 120)] {
            assert_eq!(timeout(text), Ok(Duration::from_secs(secs)));
        }
        for text in ["", "-1", "1.5", "soon", "500ms", "86401", "2d"] {
            assert!(timeout(text).is_err(), "{text}");
        }
    }
}
