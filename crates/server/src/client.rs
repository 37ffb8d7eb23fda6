//! The commands `mayfly mailbox` and `mayfly sandbox`: a client of any server, for scripts and CI. It uses only the public HTTP API and reads no
//! configuration. Results go to stdout, everything else to stderr.

mod access;
mod admin;
mod api;
mod create;
mod format;
mod mcp;
mod progress;
mod sandbox;
mod search;
mod selection;
pub(crate) mod variables;
mod wait;

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand};
use mayfly_runtime::visible::escape_hidden;
use mayfly_types::MessageId;
use reqwest::{Method, Url};

use self::{access::Access, api::Client};
pub(crate) use self::{admin::AdminCommand, mcp::McpCommand, sandbox::SandboxCommand};
use crate::config::Config;

/// The exit code of a wait that timed out.
const EXIT_TIMED_OUT: u8 = 1;

/// The command line behind `mayfly mailbox`.
#[derive(Debug, Args)]
pub(crate) struct MailboxCommand {
    /// The URL of the server
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = variables::SERVER,
        default_value = "http://127.0.0.1:8080",
        value_parser = parse_server
    )]
    server: Url,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a mailbox: `v=$(mayfly mailbox create) && export $v` sets the token for the other commands
    Create(create::Create),
    /// Wait for unread mail and mark it as read; exit code 1 on time-out
    Wait(wait::Wait),
    /// List messages, newest first
    List {
        #[command(flatten)]
        access: Access,
        /// Page number; a page has 30 messages
        #[arg(long, default_value_t = 1)]
        page: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Find messages by a query, newest first, or delete them
    Search(search::Search),
    /// Print a message, and mark it as read
    Read {
        #[command(flatten)]
        access: Access,
        /// Id of the message
        id: MessageId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a message, or the whole mailbox
    Delete {
        #[command(flatten)]
        access: Access,
        #[command(flatten)]
        target: Target,
    },
}

/// Parses the URL of a server. Without a scheme it is that of plain HTTP, as in `127.0.0.1:8080`.
pub(crate) fn parse_server(text: &str) -> Result<Url, String> {
    let url = match text.contains("://") {
        true => text.parse(),
        false => format!("http://{text}").parse(),
    };
    url.map_err(|error| format!("{error}"))
}

/// What to delete: exactly one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Id of the message
    id: Option<MessageId>,
    /// The mailbox with all its messages
    #[arg(long)]
    mailbox: bool,
}

/// Runs `mayfly mailbox`.
pub(crate) fn run(command: &MailboxCommand) -> anyhow::Result<ExitCode> {
    print(act(command))
}

/// Runs `mayfly mcp`.
pub(crate) fn run_mcp(command: &McpCommand) -> anyhow::Result<ExitCode> {
    mcp::run(command)
}

/// Runs `mayfly sandbox`.
pub(crate) fn run_sandbox(command: &SandboxCommand) -> anyhow::Result<ExitCode> {
    print(command.act())
}

/// Runs a command of the client and prints its output; without one it timed out.
fn print(act: impl Future<Output = anyhow::Result<Option<String>>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let output = runtime.block_on(act)?;
    let Some(output) = output else {
        return Ok(ExitCode::from(EXIT_TIMED_OUT));
    };
    std::io::stdout()
        .write_all(escape_hidden(&output).as_bytes())
        .context("cannot write the output")?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `mayfly admin`.
pub(crate) fn administer(command: &AdminCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let output = runtime.block_on(command.act(config))?;
    std::io::stdout()
        .write_all(output.as_bytes())
        .context("cannot write the output")?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the output; `None` after a time-out.
async fn act(command: &MailboxCommand) -> anyhow::Result<Option<String>> {
    let client = |access: &Access| Client::new(&command.server, Some(&access.token));
    match &command.action {
        Action::Create(create) => {
            let client = Client::new(&command.server, None)?;
            create::create(&client, create).await.map(Some)
        }
        Action::Wait(wait) => wait::wait(&client(&wait.access)?, wait).await,
        Action::List { access, page, json } => {
            let path = format!("/api/messages?page={page}");
            let page = client(access)?.call(Method::GET, &path).await?;
            if *json {
                return Ok(Some(format!("{page}\n")));
            }
            Ok(Some(api::items(&page).iter().map(format::item).collect()))
        }
        Action::Search(search) => search::search(&client(&search.access)?, search).await.map(Some),
        Action::Read { access, id, json } => {
            let client = client(access)?;
            let message = client.call(Method::GET, &format!("/api/messages/{id}")).await?;
            client.mark_read(*id).await?;
            Ok(Some(match json {
                true => format!("{message}\n"),
                false => format::message(&message),
            }))
        }
        Action::Delete { access, target } => {
            let path = match target.id {
                Some(id) => format!("/api/messages/{id}"),
                None => "/api/me".to_owned(),
            };
            client(access)?.call(Method::DELETE, &path).await?;
            Ok(Some(String::new()))
        }
    }
}
