//! The command `mayfly mailbox`: a mailbox of any server, for scripts and CI. It speaks the public HTTP API alone, and needs
//! no configuration. What a script reads goes to stdout, everything else to stderr.

mod client;
mod create;
mod pick;
mod progress;
mod text;
mod wait;

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand};
use mayfly_types::MessageId;
use reqwest::{Method, Url};

use self::client::Client;

/// What is waited for did not come in time.
const EXIT_TIMED_OUT: u8 = 1;

/// Variables that this command reads or prints. They are no keys of the configuration.
pub(crate) const VARIABLES: [&str; 4] = [
    "MAYFLY_SERVER",
    "MAYFLY_TOKEN",
    "MAYFLY_ADDRESS",
    "MAYFLY_PASSWORD",
];

/// The command line behind `mayfly mailbox`.
#[derive(Debug, Args)]
pub(crate) struct MailboxCommand {
    /// The URL of the server
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "MAYFLY_SERVER",
        default_value = "http://127.0.0.1:8080"
    )]
    server: Url,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a mailbox: `export $(mayfly mailbox create)` gives the other commands its token
    Create(create::Create),
    /// Wait for mail that is not marked as read, and mark it; exit code 1 on time-out
    Wait(wait::Wait),
    /// List mail, newest first
    List {
        #[command(flatten)]
        access: Access,
        /// The page, of 30 messages
        #[arg(long, default_value_t = 1)]
        page: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a message, and mark it as read
    Read {
        #[command(flatten)]
        access: Access,
        /// Of the message
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

/// Whose mailbox.
#[derive(Debug, Args)]
struct Access {
    /// The mailbox's token
    #[arg(long, env = "MAYFLY_TOKEN", hide_env_values = true)]
    token: String,
}

/// Exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Of the message
    id: Option<MessageId>,
    /// The mailbox with all its mail
    #[arg(long)]
    mailbox: bool,
}

/// Runs the command to its end.
pub(crate) fn run(command: &MailboxCommand) -> anyhow::Result<ExitCode> {
    crate::run::install_crypto();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let output = runtime.block_on(act(command))?;
    let Some(output) = output else {
        return Ok(ExitCode::from(EXIT_TIMED_OUT));
    };
    std::io::stdout()
        .write_all(output.as_bytes())
        .context("cannot write the answer")?;
    Ok(ExitCode::SUCCESS)
}

/// Returns what is to be printed; none when nothing came in time.
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
            Ok(Some(client::items(&page).iter().map(text::item).collect()))
        }
        Action::Read { access, id, json } => {
            let client = client(access)?;
            let message = client.call(Method::GET, &format!("/api/messages/{id}")).await?;
            client.mark_read(*id).await?;
            Ok(Some(match json {
                true => format!("{message}\n"),
                false => text::message(&message),
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
