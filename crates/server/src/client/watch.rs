//! `mayfly mailbox watch`: follows a mailbox over server-sent events until it is interrupted.

mod events;

use std::time::Duration;

use clap::Args;
use mayfly_types::MessageId;
use reqwest::{Method, Response, header};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use self::events::Events;
use super::{
    access::Access,
    api::{CALL_TIMEOUT, Client},
    format,
    wait::RETRY_PAUSE,
};

/// A stream that is silent for so long is broken: the server sends a comment every 15 s.
const MAX_SILENCE: Duration = Duration::from_secs(45);

#[derive(Debug, Args)]
pub(super) struct Watch {
    #[command(flatten)]
    pub(super) access: Access,
    /// Only messages that a query finds, such as 'from:shop.example has:code' [default: all]
    query: Option<String>,
    /// The time zone of days in the query, such as Europe/Berlin; UTC by default
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// First the messages after this one [default: only new messages]
    #[arg(long, value_name = "ID")]
    since: Option<MessageId>,
}

/// Prints each message when it arrives. Returns only with an error.
pub(super) async fn watch(client: &Client, watch: &Watch, is_json: bool) -> anyhow::Result<String> {
    let mut since = watch.since.map(|id| id.to_string());
    loop {
        match follow(client, watch, &mut since, is_json).await {
            Err(error) if !client.is_transient(&error) => return Err(error),
            // The server has ended the stream, or the connection broke: the next one continues after the last message.
            _ => tokio::time::sleep(RETRY_PAUSE).await,
        }
    }
}

/// Prints the messages of one stream until it ends.
async fn follow(
    client: &Client,
    watch: &Watch,
    since: &mut Option<String>,
    is_json: bool,
) -> anyhow::Result<()> {
    let mut stream = connect(client, watch, since.as_deref()).await?;
    let mut events = Events::default();
    while let Ok(chunk) = timeout(MAX_SILENCE, stream.chunk()).await {
        let Some(chunk) = chunk.map_err(|error| client.no_answer(error))? else {
            break;
        };
        for event in events.push(&chunk).ok_or_else(|| client.not_mayfly())? {
            if let Some(data) = &event.data {
                let message: Value = serde_json::from_str(data).map_err(|_| client.not_mayfly())?;
                super::write(&match is_json {
                    true => format!("{message}\n"),
                    false => format::item(&message),
                })?;
            }
            // After it is printed, so that an error does not skip it.
            if event.id.is_some() {
                *since = event.id;
            }
        }
    }
    Ok(())
}

async fn connect(client: &Client, watch: &Watch, since: Option<&str>) -> anyhow::Result<Response> {
    let query = [("q", watch.query.as_deref()), ("tz", watch.tz.as_deref())];
    let mut request = client
        .request(Method::GET, "/api/events")
        .query(&query)
        .header(header::ACCEPT, "text/event-stream");
    if let Some(since) = since {
        request = request.header("Last-Event-ID", since);
    }
    // The stream itself has no time-out.
    let answer = client.send(request, Instant::now() + CALL_TIMEOUT);
    match timeout(2 * CALL_TIMEOUT, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(client.no_answer_in_time()),
    }
}
