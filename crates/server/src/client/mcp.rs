//! `mayfly mcp`: MCP over stdio. Each line is a JSON-RPC message, which goes to `/mcp` of a server; so every tool is written once, in
//! the gateway. Without a token, the mailboxes are anonymous, and their tokens are kept in memory.

mod forward;
mod mailboxes;

use std::{collections::HashMap, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Args;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    sync::{Semaphore, mpsc},
    task::{AbortHandle, JoinSet},
};

use self::forward::Forwarder;
use super::{server::ServerOption, variables};

/// The longest line, as the longest body that a server accepts.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// Requests at one time; more wait.
const MAX_REQUESTS: usize = 32;
/// Answers that wait to be written.
const QUEUE: usize = 32;
/// JSON-RPC 2.0: the line is no JSON.
const PARSE_ERROR: i64 = -32700;

/// The command line behind `mayfly mcp`.
#[derive(Debug, Args)]
pub(crate) struct McpCommand {
    #[command(flatten)]
    server: ServerOption,
    /// Pro API token, or the token of one mailbox; without one the mailboxes are anonymous
    #[arg(long, env = variables::TOKEN, hide_env_values = true)]
    token: Option<String>,
}

/// Serves stdin until it ends, and answers what it had asked.
pub(crate) fn run(command: &McpCommand) -> anyhow::Result<ExitCode> {
    let token = command.token.as_deref().filter(|token| !token.is_empty());
    let forwarder = Forwarder::new(&command.server.server, token)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (answers, queue) = mpsc::channel(QUEUE);
    let served = runtime.block_on(async { tokio::try_join!(serve(forwarder, answers), write(queue)) });
    // A thread reads stdin, and would be waited for.
    runtime.shutdown_background();
    served.map(|_| ExitCode::SUCCESS)
}

/// The requests in progress, by their ids.
type Running = Arc<Mutex<HashMap<String, AbortHandle>>>;

/// What stdin said.
enum Line {
    Text(Vec<u8>),
    TooLong,
}

async fn serve(forwarder: Forwarder, answers: mpsc::Sender<Value>) -> anyhow::Result<()> {
    let forwarder = Arc::new(forwarder);
    let (mut tasks, running) = (JoinSet::new(), Running::default());
    let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
    let mut input = BufReader::new(tokio::io::stdin());
    while let Some(line) = read_line(&mut input).await? {
        while tasks.try_join_next().is_some() {}
        let message = match parse(&line) {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(problem) => {
                let answer = forward::error(&Value::Null, PARSE_ERROR, problem);
                answers.send(answer).await.context("stdout is closed")?;
                continue;
            }
        };
        if message["method"] == "notifications/cancelled" {
            cancel(&running, &message["params"]["requestId"]);
            continue;
        }
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let (forwarder, answers, done) = (Arc::clone(&forwarder), answers.clone(), Arc::clone(&running));
        let id = message["id"].to_string();
        let own_id = id.clone();
        let task = tasks.spawn(async move {
            if let Some(answer) = forwarder.forward(message).await {
                // Without a reader, the program ends.
                let _ = answers.send(answer).await;
            }
            done.lock().remove(&own_id);
            drop(permit);
        });
        // On one thread, the task has not begun.
        running.lock().insert(id, task);
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Reads a message; none in an empty line.
fn parse(line: &Line) -> Result<Option<Value>, &'static str> {
    match line {
        Line::TooLong => Err("the line is longer than 1 MiB"),
        Line::Text(text) if text.trim_ascii().is_empty() => Ok(None),
        Line::Text(text) => serde_json::from_slice(text)
            .map(Some)
            .map_err(|_| "the line is no JSON"),
    }
}

/// Ends a request. Its client expects no answer.
fn cancel(running: &Running, id: &Value) {
    if let Some(task) = running.lock().remove(&id.to_string()) {
        task.abort();
    }
}

/// Reads a line; `None` at the end.
async fn read_line(input: &mut (impl AsyncBufRead + Unpin)) -> anyhow::Result<Option<Line>> {
    let mut line = Vec::new();
    (&mut *input)
        .take(MAX_LINE_BYTES)
        .read_until(b'\n', &mut line)
        .await?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.ends_with(b"\n") || (line.len() as u64) < MAX_LINE_BYTES {
        return Ok(Some(Line::Text(line)));
    }
    discard_line(input).await?;
    Ok(Some(Line::TooLong))
}

/// Reads the rest of a line, and keeps none of it.
async fn discard_line(input: &mut (impl AsyncBufRead + Unpin)) -> anyhow::Result<()> {
    loop {
        let available = input.fill_buf().await?;
        let (used, is_end) = match available.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (available.len(), available.is_empty()),
        };
        input.consume(used);
        if is_end {
            return Ok(());
        }
    }
}

/// Writes each answer as one line.
async fn write(mut queue: mpsc::Receiver<Value>) -> anyhow::Result<()> {
    let mut output = tokio::io::stdout();
    while let Some(answer) = queue.recv().await {
        let line = format!("{answer}\n");
        output.write_all(line.as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}
