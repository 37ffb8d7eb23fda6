//! The command `mayfly admin`: what an operator does, over the admin listener. Results go to stdout: rows, or JSON.

mod calls;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::{Method, Url};
use serde_json::Value;

use self::calls::{call, segment};
use super::{api::Client, download::write_new, server::parse_server, table, text::clean, variables};
use crate::{config::Config, data_dir::ADMIN_TOKEN, health::reachable};

/// The command line behind `mayfly admin`.
#[derive(Debug, Args)]
pub(crate) struct AdminCommand {
    /// URL of the admin listener of a gateway [default: that of this configuration]
    #[arg(long, global = true, value_name = "URL", env = variables::ADMIN_URL, value_parser = parse_server)]
    admin_url: Option<Url>,
    /// File with your token [default: `admin.token_file`, or `admin.token` in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Pro users
    Users {
        #[command(subcommand)]
        action: Users,
    },
    /// Mailboxes
    Mailboxes {
        #[command(subcommand)]
        action: Mailboxes,
    },
    /// System domains
    Domains {
        #[command(subcommand)]
        action: Domains,
    },
    /// Webhooks of Pro users
    Webhooks {
        #[command(subcommand)]
        action: Webhooks,
    },
    /// Blocked senders, clients and recipients
    Blocks {
        #[command(subcommand)]
        action: Blocks,
    },
    /// Count users, mailboxes, messages, domains, webhooks and blocks
    Statistics,
    /// List what operators did, newest first
    Audit {
        /// At most so many entries
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
}

#[derive(Debug, Subcommand)]
enum Users {
    /// List users, oldest first
    List {
        /// A part of the e-mail address
        #[arg(default_value = "")]
        contains: String,
    },
    /// Create a user with a generated password, also while registration is closed
    Invite {
        /// E-mail address
        email: String,
    },
    /// Replace the password of a user by a generated one and end all sessions
    ResetPassword {
        /// Id of the user
        id: String,
    },
    /// Reject the sessions and API tokens of a user, and suspend all its mailboxes
    Suspend {
        /// Id of the user
        id: String,
        /// For the audit log
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Undo a suspension
    Resume {
        /// Id of the user
        id: String,
    },
    /// Give a user the role of an operator in the dashboard, or take it away
    SetRole {
        /// Id of the user
        id: String,
        role: UserRole,
    },
    /// Delete a user with all mailboxes, domains, webhooks and tokens
    Delete {
        /// Id of the user
        id: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum UserRole {
    /// Manages the service in the dashboard
    Admin,
    /// Manages the own mailboxes only
    User,
}

#[derive(Debug, Subcommand)]
enum Mailboxes {
    /// Find mailboxes by address, by `@domain`, or by the id of a mailbox or a user
    Find {
        /// Address, `@domain` or id of a mailbox
        #[arg(required_unless_present = "user")]
        what: Option<String>,
        /// Id of a user
        #[arg(long, conflicts_with = "what")]
        user: Option<String>,
    },
    /// Reject mail to a mailbox, and reads of it
    Suspend {
        /// Id of the mailbox
        id: String,
        /// For the audit log
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Undo a suspension
    Resume {
        /// Id of the mailbox
        id: String,
    },
    /// Delete a mailbox with its mail
    Delete {
        /// Id of the mailbox
        id: String,
    },
    /// Write a mailbox with all its mail into a zip
    Export {
        /// Id of the mailbox
        id: String,
        /// A new file
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Domains {
    /// List system domains with their mailboxes
    List,
    /// Allow new mailboxes on a domain
    Accept {
        /// Name of the domain
        domain: String,
    },
    /// Refuse new mailboxes on a domain; existing ones keep receiving mail
    Retire {
        /// Name of the domain
        domain: String,
    },
    /// Let only Pro users create mailboxes on a domain
    ProOnly {
        /// Name of the domain
        domain: String,
    },
    /// Let everybody create mailboxes on a domain
    Public {
        /// Name of the domain
        domain: String,
    },
}

#[derive(Debug, Subcommand)]
enum Webhooks {
    /// List the webhooks of a user with their pending events
    List {
        /// Id of the user
        user: String,
    },
    /// Stop deliveries of a webhook; its events are kept
    Pause {
        /// Id of the webhook
        id: String,
        /// For the audit log
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Deliver the kept events, and new ones
    Resume {
        /// Id of the webhook
        id: String,
    },
}

#[derive(Debug, Subcommand)]
enum Blocks {
    /// List blocks in force
    List,
    /// Block a sender, a client or a recipient
    Put {
        #[command(flatten)]
        pattern: Pattern,
        /// For other operators
        #[arg(long, default_value = "")]
        reason: String,
        /// Unix time in seconds
        #[arg(long)]
        expires_at: Option<i64>,
    },
    /// Delete a block
    Delete {
        /// Id of the block
        id: String,
    },
}

/// What to block: exactly one of the three.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Pattern {
    /// user@domain, *@domain, or *@*.domain for every name below
    #[arg(long)]
    sender: Option<String>,
    /// IP address or network
    #[arg(long)]
    client: Option<String>,
    /// Recipient, in the forms of a sender
    #[arg(long)]
    address: Option<String>,
}

impl AdminCommand {
    /// Calls the API, and returns the output.
    pub(crate) async fn act(&self, config: &Config) -> anyhow::Result<String> {
        let client = self.client(config)?;
        if let Action::Mailboxes {
            action: Mailboxes::Export { id, file },
        } = &self.action
        {
            return export(&client, id, file).await;
        }
        let call = call(&self.action)?;
        let mut request = client.request(call.method, &format!("/admin/api{}", call.path));
        if let Some(body) = call.body {
            request = request.json(&body);
        }
        let answer = client.send_json(request).await?;
        if self.json {
            return Ok(format!("{answer}\n"));
        }
        Ok(rows(&answer, call.columns))
    }

    fn client(&self, config: &Config) -> anyhow::Result<Client> {
        let url = match &self.admin_url {
            Some(url) => url.clone(),
            None => format!("http://{}", reachable(config.admin.listen)).parse()?,
        };
        let file = self
            .token_file
            .clone()
            .or_else(|| config.admin.token_file.clone());
        let file = file.unwrap_or_else(|| config.data_dir.join(ADMIN_TOKEN));
        let text = fs::read_to_string(&file).with_context(|| format!("--token-file: {}", file.display()))?;
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        // A file of the server has a name before each token; that of an operator can have the token alone.
        let token = line.and_then(|line| line.rsplit(' ').next());
        let Some(token) = token else {
            bail!("--token-file: {}: has no token", file.display());
        };
        Client::new(&url, Some(token))
    }
}

async fn export(client: &Client, id: &str, file: &Path) -> anyhow::Result<String> {
    let path = format!("/admin/api/accounts/{}/export", segment(id));
    let zip = client.bytes(client.request(Method::GET, &path)).await?;
    write_new(file, &zip)?;
    Ok(String::new())
}

/// Returns a row for each object of the list in an answer, or one for an answer without a list. Without columns the rows are the
/// names and values of the answer.
fn rows(answer: &Value, columns: &[&str]) -> String {
    let Some(object) = answer.as_object() else {
        return String::new();
    };
    if let Some(list) = object.values().find_map(Value::as_array) {
        return table::objects(columns, list);
    }
    if !columns.is_empty() {
        return table::objects(columns, std::slice::from_ref(answer));
    }
    let row = |(name, value): (&String, &Value)| vec![clean(name), table::cell(value)];
    let rows: Vec<Vec<String>> = object.iter().map(row).collect();
    table::table(&["name", "value"], &rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_have_no_control_characters() {
        let answer = json!({"blocks": [{"id": "1", "reason": "a\u{1b}[2J\nb"}, {"id": "2", "reason": null}]});
        assert_eq!(rows(&answer, &["id", "reason"]), "1\ta[2J b\n2\t-\n");
        assert_eq!(rows(&Value::Null, &[]), "");
        assert_eq!(rows(&json!({"messages": 2}), &[]), "messages\t2\n");
    }
}
