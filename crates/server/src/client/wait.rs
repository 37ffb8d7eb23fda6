//! `mayfly mailbox wait`.

use std::{str::FromStr, time::Duration};

use clap::Args;
use mayfly_runtime::config::ConfigDuration;
use mayfly_types::{InvalidId, MessageId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    access::Access,
    api::{self, Client},
    format,
    progress::Progress,
    selection::Selection,
};

/// The longest wait of one call. The API allows more, but proxies often close connections that are silent for 30 s.
pub(super) const MAX_CALL_WAIT: Duration = Duration::from_secs(25);
/// The pause before a retry after a broken connection.
pub(super) const RETRY_PAUSE: Duration = Duration::from_secs(1);
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// The most messages that are reported after a time-out.
const MAX_REPORTED: usize = 5;
/// The cursor before the first message.
const FIRST_CURSOR: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Debug, Args)]
pub(super) struct Wait {
    #[command(flatten)]
    pub(super) access: Access,
    /// Part of the From header or of the envelope sender, case-insensitive
    #[arg(long)]
    from: Option<String>,
    /// Part of the recipient address, case-insensitive
    #[arg(long)]
    to: Option<String>,
    /// Part of the subject, case-insensitive; or a regular expression between slashes
    #[arg(long)]
    subject: Option<String>,
    /// `now`, or a message id such as `since` of the JSON: only messages after it count, read or unread [default: all unread messages]
    #[arg(long, value_name = "ID|now")]
    since: Option<Since>,
    /// Time-out: seconds, or with a unit such as 90s or 2m, at most a day
    #[arg(long, default_value = "60", value_parser = timeout)]
    timeout: Duration,
    /// Number of messages to wait for
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=50))]
    count: u8,
    #[command(flatten)]
    selection: Selection,
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

/// Parses a time-out in whole seconds, the unit of the API.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => text.parse::<ConfigDuration>()?.0,
    };
    if timeout > MAX_TIMEOUT {
        return Err("must be at most 1d".to_owned());
    }
    if timeout.subsec_nanos() > 0 {
        return Err("must be whole seconds".to_owned());
    }
    Ok(timeout)
}

/// Waits for matching messages and marks them as read; returns the output, `None` after a time-out.
pub(super) async fn wait(client: &Client, wait: &Wait, is_json: bool) -> anyhow::Result<Option<String>> {
    let progress = Progress::new();
    let deadline = Instant::now() + wait.timeout;
    let mut since = match wait.since {
        None => Some(FIRST_CURSOR.to_owned()),
        Some(Since::Now) => None,
        Some(Since::Message(id)) => Some(id.to_string()),
    };
    let count = usize::from(wait.count);
    let (mut found, mut claimed) = (Vec::new(), Vec::new());
    while claimed.len() < count {
        let label = format!(
            "waiting for mail ({} of {count} came)",
            claimed.len() + found.len()
        );
        let call = wait_once(client, wait, since.as_deref(), deadline);
        let round = match progress.during(&label, call).await {
            // A restarted server still has the messages.
            Err(error) if client.is_transient(&error) && Instant::now() + RETRY_PAUSE < deadline => {
                tokio::time::sleep(RETRY_PAUSE).await;
                continue;
            }
            round => round?,
        };
        since = Some(round.since);
        match round.message {
            None if Instant::now() >= deadline => {
                drop(progress);
                let (secs, found) = (wait.timeout.as_secs(), claimed.len() + found.len());
                eprintln!("mayfly: timed out after {secs} s: {found} of {count} messages came");
                report_others(client).await;
                return Ok(None);
            }
            None => {}
            Some(message) => {
                if let Some(line) = wait.selection.line(&message) {
                    found.push((message, line));
                }
            }
        }
        // Before anything is printed: if marking fails, the next wait returns the same messages.
        if claimed.len() + found.len() == count {
            for (message, line) in found.drain(..) {
                let id = message["id"].as_str().and_then(|id| id.parse().ok());
                let is_ours = client.mark_read(id.ok_or_else(|| client.not_mayfly())?).await?;
                // Another wait was first. With a cursor, messages that are read count too.
                if is_ours || wait.since.is_some() {
                    claimed.push((message, line));
                }
            }
        }
    }
    let lines: String = claimed.iter().map(|(_, line)| line.as_str()).collect();
    let messages: Vec<Value> = claimed.into_iter().map(|(message, _)| message).collect();
    if is_json {
        // `since` is for the next wait.
        let output = json!({ "messages": messages, "since": since });
        return Ok(Some(format!("{output}\n")));
    }
    Ok(Some(lines))
}

/// Prints the newest unread messages, which did not match: the filter may be wrong, or the mail.
async fn report_others(client: &Client) {
    // The wait has failed already; an error here adds nothing.
    let page = client
        .call(Method::GET, "/api/messages")
        .await
        .unwrap_or_default();
    let unread = api::items(&page)
        .iter()
        .filter(|message| message["is_read"] == false);
    for message in unread.take(MAX_REPORTED) {
        eprint!("did not match: {}", format::item(message));
    }
}

/// The result of one call, and the cursor of the next.
struct Round {
    message: Option<Value>,
    since: String,
}

async fn wait_once(
    client: &Client,
    wait: &Wait,
    since: Option<&str>,
    deadline: Instant,
) -> anyhow::Result<Round> {
    let left = deadline
        .saturating_duration_since(Instant::now())
        .min(MAX_CALL_WAIT);
    let timeout = left.as_millis().div_ceil(1000).to_string();
    let flag = |is_set: bool| is_set.then_some("true");
    let query = [
        ("since", since),
        ("from", wait.from.as_deref()),
        ("to", wait.to.as_deref()),
        ("subject", wait.subject.as_deref()),
        ("unread", flag(wait.since.is_none())),
        ("has_code", flag(wait.selection.needs_code())),
        ("timeout", Some(timeout.as_str())),
    ];
    let codes = wait.selection.code_filter();
    let request = client
        .request(Method::GET, "/api/messages/wait")
        .query(&query)
        .query(&codes)
        .timeout(left + api::CALL_TIMEOUT);
    let retry_until = deadline.max(Instant::now() + api::CALL_TIMEOUT);
    let response = client.send(request, retry_until).await?;
    if response.status() == StatusCode::NO_CONTENT {
        let since = response.headers().get("x-mayfly-since");
        let since = since.and_then(|since| since.to_str().ok());
        let since = since.map(str::to_owned).ok_or_else(|| client.not_mayfly())?;
        return Ok(Round { message: None, since });
    }
    let body = client.json(response).await?;
    match (api::items(&body), body["since"].as_str()) {
        ([message, ..], Some(since)) => Ok(Round {
            message: Some(message.clone()),
            since: since.to_owned(),
        }),
        _ => Err(client.not_mayfly()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeout_accepts_seconds_or_unit() {
        for (text, secs) in [("0", 0), ("90", 90), ("5s", 5), ("2m", 120)] {
            assert_eq!(timeout(text), Ok(Duration::from_secs(secs)));
        }
        for text in ["", "-1", "1.5", "soon", "500ms", "86401", "2d"] {
            assert!(timeout(text).is_err(), "{text}");
        }
    }
}
