//! The command line.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::client::{
    AdminCommand, DomainCommand, MailboxCommand, McpCommand, SandboxCommand, TokenCommand, WebhookCommand,
};

/// Disposable mailboxes for tests and scripts: create them over HTTP, receive real mail over SMTP.
///
/// Without a command it serves. Every configuration key can be set as MAYFLY_SECTION__KEY.
#[derive(Debug, Parser)]
#[command(name = "mayfly", version)]
pub(crate) struct Cli {
    /// Configuration file in TOML [default: ./mayfly.toml if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Roles of this process, with commas: gateway, smtp, auth, mailbox [default: all]
    #[arg(long, value_name = "ROLES", global = true)]
    roles: Option<String>,
    /// Directory of the embedded databases and keys [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve, as without a command
    Serve,
    /// Validate or print the configuration
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Migrate the databases of the roles, then exit
    Migrate,
    /// Copy the embedded databases and keys into a new directory, while Mayfly runs
    Backup {
        /// Directory that does not exist or is empty
        dir: PathBuf,
    },
    /// Verify a backup and copy it into a new data directory
    Restore {
        /// Directory of the backup; none for PostgreSQL
        dir: Option<PathBuf>,
        /// Only verify: hashes, databases, and that the keys open what is sealed
        #[arg(long)]
        check: bool,
    },
    /// Check whether the process on this machine is ready; exit code 1 if not
    Health,
    /// Operate a server: users, mailboxes, domains, blocks, statistics, audit log
    Admin(Box<AdminCommand>),
    /// Use a mailbox of any server: create it, wait for a code or a link, read, search, watch and delete messages
    Mailbox(Box<MailboxCommand>),
    /// Capture what an application sends over SMTP: create a sandbox, wait for its mail, delete it
    Sandbox(Box<SandboxCommand>),
    /// API tokens of a Pro user: create one with no more rights than a program needs, rotate and revoke it
    Token(Box<TokenCommand>),
    /// Own domains of a Pro user: add one, verify its DNS records, set a catch-all
    Domain(Box<DomainCommand>),
    /// Webhooks of a Pro user: create one, test it, list and replay deliveries
    Webhook(Box<WebhookCommand>),
    /// Serve the tools of a server to an agent, over MCP on stdin and stdout
    Mcp(Box<McpCommand>),
    /// Print a completion script for a shell, such as for `source <(mayfly completion bash)`
    Completion { shell: Shell },
    /// Write a man page for each command into a directory
    Man {
        /// The directory, which is created
        dir: PathBuf,
    },
}

/// Actions on the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Validate it as a start does; exit code 2 if it cannot be used
    Check,
    /// Print the effective configuration as TOML with every key, secrets hidden
    Dump,
    /// Print the reference of all keys as Markdown
    Reference,
}

impl Cli {
    /// Returns the flags as a layer of the configuration.
    pub(crate) fn flags(&self) -> BTreeMap<String, String> {
        let flags = [("roles", &self.roles), ("data_dir", &self.data_dir)];
        flags
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
            .collect()
    }
}
