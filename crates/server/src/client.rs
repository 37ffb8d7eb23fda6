//! The commands that call a server, for scripts and CI: `mayfly mailbox`, `mayfly sandbox`, `mayfly token`, `mayfly domain`, `mayfly webhook`
//! and `mayfly mcp` use only the public HTTP API and read no configuration; `mayfly admin` uses the admin listener. Results go to
//! stdout, everything else to stderr.

mod access;
mod admin;
mod api;
mod create;
mod domain;
mod download;
mod format;
mod mcp;
mod pro;
mod progress;
mod sandbox;
mod search;
mod selection;
mod server;
mod table;
mod text;
mod token;
pub(crate) mod variables;
mod wait;
mod watch;
mod webhook;

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand};
use mayfly_runtime::visible::escape_hidden;
use mayfly_types::MessageId;
use reqwest::Method;
use serde_json::Value;

use self::{access::Access, api::Client, server::ServerOption};
pub(crate) use self::{
    admin::AdminCommand, domain::DomainCommand, mcp::McpCommand, sandbox::SandboxCommand,
    token::TokenCommand, webhook::WebhookCommand,
};
use crate::config::Config;

/// The exit code of a wait that timed out, and of a domain that is not verified.
const EXIT_NOT_YET: u8 = 1;

/// The command line behind `mayfly mailbox`.
#[derive(Debug, Args)]
pub(crate) struct MailboxCommand {
    #[command(flatten)]
    server: ServerOption,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
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
    },
    /// Find messages by a query, newest first, or delete them
    Search(search::Search),
    /// Print a message, and mark it as read
    Read {
        #[command(flatten)]
        access: Access,
        /// Id of the message
        id: MessageId,
    },
    /// Print a message byte for byte as it was received
    Source(download::Source),
    /// Print an attachment, decoded, or list the attachments of a message
    Attachment(download::Attachment),
    /// Print each message when it arrives, until interrupted
    Watch(watch::Watch),
    /// Deliver a test message with a code and a link to the mailbox, without SMTP, and print its id
    Send {
        #[command(flatten)]
        access: Access,
    },
    /// Delete a message, or the whole mailbox
    Delete {
        #[command(flatten)]
        access: Access,
        #[command(flatten)]
        target: Target,
    },
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

/// Runs `mayfly token`.
pub(crate) fn run_token(command: &TokenCommand) -> anyhow::Result<ExitCode> {
    print(command.act())
}

/// Runs `mayfly domain`.
pub(crate) fn run_domain(command: &DomainCommand) -> anyhow::Result<ExitCode> {
    print(command.act())
}

/// Runs `mayfly webhook`.
pub(crate) fn run_webhook(command: &WebhookCommand) -> anyhow::Result<ExitCode> {
    print(command.act())
}

/// Runs `mayfly admin`.
pub(crate) fn administer(command: &AdminCommand, config: &Config) -> anyhow::Result<ExitCode> {
    print(async { command.act(config).await.map(Some) })
}

/// Runs a command of the client and prints its output; without one the exit code is [`EXIT_NOT_YET`].
fn print(act: impl Future<Output = anyhow::Result<Option<String>>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let Some(output) = runtime.block_on(act)? else {
        return Ok(ExitCode::from(EXIT_NOT_YET));
    };
    write(&output)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes to stdout at once.
fn write(output: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    stdout
        .write_all(escape_hidden(output).as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write the output")
}

/// Returns the output; `None` after a time-out.
async fn act(command: &MailboxCommand) -> anyhow::Result<Option<String>> {
    let (server, is_json) = (&command.server.server, command.json);
    let client = |access: &Access| Client::new(server, Some(&access.token));
    let output = |answer: &Value, text: &dyn Fn(&Value) -> String| match is_json {
        true => format!("{answer}\n"),
        false => text(answer),
    };
    Ok(Some(match &command.action {
        Action::Create(create) => {
            let client = Client::new(server, create.owner_token())?;
            create::create(&client, create, is_json).await?
        }
        Action::Wait(wait) => return wait::wait(&client(&wait.access)?, wait, is_json).await,
        Action::List { access, page } => {
            let path = format!("/api/messages?page={page}");
            let page = client(access)?.call(Method::GET, &path).await?;
            output(&page, &|page| format::list(api::items(page)))
        }
        Action::Search(search) => search::search(&client(&search.access)?, search, is_json).await?,
        Action::Read { access, id } => {
            let client = client(access)?;
            let message = client.call(Method::GET, &format!("/api/messages/{id}")).await?;
            client.mark_read(*id).await?;
            output(&message, &format::message)
        }
        Action::Source(source) => download::source(&client(&source.access)?, source, is_json).await?,
        Action::Attachment(attachment) => {
            download::attachment(&client(&attachment.access)?, attachment, is_json).await?
        }
        Action::Watch(watch) => watch::watch(&client(&watch.access)?, watch, is_json).await?,
        Action::Send { access } => {
            let sent = client(access)?.call(Method::POST, "/api/test-message").await?;
            output(&sent, &|sent| format!("{}\n", table::cell(&sent["id"])))
        }
        Action::Delete { access, target } => {
            let path = match target.id {
                Some(id) => format!("/api/messages/{id}"),
                None => "/api/me".to_owned(),
            };
            let deleted = client(access)?.call(Method::DELETE, &path).await?;
            output(&deleted, &|_| String::new())
        }
    }))
}
