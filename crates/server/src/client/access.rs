//! The credential of the commands.

use clap::Args;

use super::variables;

/// The token of the mailbox that a command uses.
#[derive(Debug, Args)]
pub(super) struct Access {
    /// Token of the mailbox
    #[arg(long, env = variables::TOKEN, hide_env_values = true)]
    pub(super) token: String,
}
