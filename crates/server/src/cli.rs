//! The command line.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Parser, Subcommand};

use crate::mailbox_command::MailboxCommand;

/// Mailboxes for programs: over HTTP, with real mail over SMTP.
///
/// Without a command it serves. Every key of the configuration can be set as MAYFLY_SECTION__KEY.
#[derive(Debug, Parser)]
#[command(name = "mayfly", version)]
pub(crate) struct Cli {
    /// A TOML file with the configuration; ./mayfly.toml is read when it is there
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// The roles to run here, with commas: gateway, smtp, auth, mailbox [default: all of them]
    #[arg(long, value_name = "ROLES", global = true)]
    roles: Option<String>,
    /// Where the embedded databases and keys are kept [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Bring the databases of the roles up to date, then exit
    Migrate,
    /// Ask the process that runs here whether it is ready; exit code 1 if not
    Health,
    /// Use a mailbox of any server, from scripts: make one, wait for a code or a link, read and delete mail
    Mailbox(Box<MailboxCommand>),
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Say whether it can be used; exit code 2 if not
    Check,
    /// Print it as TOML, with defaults, secrets hidden
    Dump,
}

impl Cli {
    /// The flags as a layer of the configuration.
    pub(crate) fn layer(&self) -> BTreeMap<String, String> {
        let flags = [("roles", &self.roles), ("data_dir", &self.data_dir)];
        flags
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
            .collect()
    }
}
