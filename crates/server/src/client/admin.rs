//! The command `mayfly admin`: what an operator does, over the admin listener. Results go to stdout: rows with tabs, or JSON.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::{api::Client, parse_server, variables};
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
    /// Delete a user with all mailboxes, domains, webhooks and tokens
    Delete {
        /// Id of the user
        id: String,
    },
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

/// A call, and the columns of its rows.
struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
    columns: &'static [&'static str],
}

impl Call {
    fn get(path: impl Into<String>, columns: &'static [&'static str]) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
            columns,
        }
    }

    fn change(method: Method, path: String, body: Value) -> Self {
        Self {
            method,
            path,
            body: Some(body),
            columns: &[],
        }
    }

    fn showing(self, columns: &'static [&'static str]) -> Self {
        Self { columns, ..self }
    }
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

const USER: &[&str] = &["id", "email", "suspended_at"];
const MAILBOX: &[&str] = &["id", "address", "state", "used_bytes", "user_id"];
const DOMAIN: &[&str] = &["domain", "accepting", "listed", "accounts", "pro_only"];
const WEBHOOK: &[&str] = &["id", "status", "pending_events", "failure_count", "url"];
const BLOCK: &[&str] = &["id", "sender", "client", "address", "reason", "expires_at"];

fn call(action: &Action) -> anyhow::Result<Call> {
    Ok(match action {
        Action::Users { action } => users(action),
        Action::Mailboxes { action } => mailboxes(action)?,
        Action::Domains { action } => match action {
            Domains::List => Call::get("/domains", DOMAIN),
            Domains::Accept { domain } => change_domain(domain, json!({"accepting": true})),
            Domains::Retire { domain } => change_domain(domain, json!({"accepting": false})),
            Domains::ProOnly { domain } => change_domain(domain, json!({"pro_only": true})),
            Domains::Public { domain } => change_domain(domain, json!({"pro_only": false})),
        },
        Action::Webhooks { action } => match action {
            Webhooks::List { user } => Call::get(format!("/users/{}/webhooks", segment(user)), WEBHOOK),
            Webhooks::Pause { id, reason } => {
                let path = format!("/webhooks/{}/pause", segment(id));
                Call::change(Method::POST, path, json!({"reason": reason}))
            }
            Webhooks::Resume { id } => {
                let path = format!("/webhooks/{}/resume", segment(id));
                Call::change(Method::POST, path, json!({}))
            }
        },
        Action::Blocks { action } => match action {
            Blocks::List => Call::get("/blocks", BLOCK),
            Blocks::Put {
                pattern,
                reason,
                expires_at,
            } => {
                let body = json!({
                    "sender": pattern.sender,
                    "client": pattern.client,
                    "address": pattern.address,
                    "reason": reason,
                    "expires_at": expires_at,
                });
                Call::change(Method::PUT, "/blocks".to_owned(), body).showing(BLOCK)
            }
            Blocks::Delete { id } => Call {
                method: Method::DELETE,
                ..Call::get(format!("/blocks/{}", segment(id)), &[])
            },
        },
        Action::Statistics => Call::get("/statistics", &[]),
        Action::Audit { limit } => Call::get(
            format!("/audit?limit={limit}"),
            &["at", "operator", "action", "subject", "detail"],
        ),
    })
}

fn change_domain(domain: &str, change: Value) -> Call {
    Call::change(Method::PUT, format!("/domains/{}", segment(domain)), change)
}

fn users(action: &Users) -> Call {
    let post = |path: String, body: Value| Call::change(Method::POST, path, body);
    match action {
        Users::List { contains } => {
            Call::get(format!("/users?limit=1000&contains={}", segment(contains)), USER)
        }
        Users::Invite { email } => {
            post("/users".to_owned(), json!({"email": email})).showing(&["id", "email", "password"])
        }
        Users::ResetPassword { id } => {
            post(format!("/users/{}/password", segment(id)), json!({})).showing(&["password"])
        }
        Users::Suspend { id, reason } => post(
            format!("/users/{}/suspend", segment(id)),
            json!({"reason": reason}),
        )
        .showing(&["accounts"]),
        Users::Delete { id } => Call {
            method: Method::DELETE,
            ..Call::get(format!("/users/{}", segment(id)), &[])
        },
        Users::Resume { id } => {
            post(format!("/users/{}/resume", segment(id)), json!({})).showing(&["accounts"])
        }
    }
}

fn mailboxes(action: &Mailboxes) -> anyhow::Result<Call> {
    Ok(match action {
        Mailboxes::Find { what, user } => {
            let (name, value) = match (what, user) {
                (None, Some(user)) => ("user", user.as_str()),
                (Some(what), _) => match what.split_once('@') {
                    Some(("", domain)) => ("domain", domain),
                    Some(_) => ("address", what.as_str()),
                    None => ("id", what.as_str()),
                },
                (None, None) => bail!("name an address, @domain, an id or --user"),
            };
            Call::get(format!("/accounts?limit=1000&{name}={}", segment(value)), MAILBOX)
        }
        Mailboxes::Suspend { id, reason } => {
            let path = format!("/accounts/{}/suspend", segment(id));
            Call::change(Method::POST, path, json!({"reason": reason}))
        }
        Mailboxes::Resume { id } => Call::change(
            Method::POST,
            format!("/accounts/{}/resume", segment(id)),
            json!({}),
        ),
        Mailboxes::Delete { id } => Call {
            method: Method::DELETE,
            ..Call::get(format!("/accounts/{}", segment(id)), &[])
        },
        Mailboxes::Export { .. } => bail!("an export is not JSON"),
    })
}

async fn export(client: &Client, id: &str, file: &Path) -> anyhow::Result<String> {
    let path = format!("/admin/api/accounts/{}/export", segment(id));
    let zip = client.bytes(client.request(Method::GET, &path)).await?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut target| target.write_all(&zip));
    written.with_context(|| file.display().to_string())?;
    Ok(String::new())
}

/// Encodes a segment or a value of a query.
fn segment(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| match is_plain(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// Returns a line for each object, with tabs between the columns.
fn rows(answer: &Value, columns: &[&str]) -> String {
    let Some(object) = answer.as_object() else {
        return String::new();
    };
    let list = object.values().find_map(Value::as_array);
    let cell = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        other => other.to_string(),
    };
    match list {
        Some(list) => {
            let row = |item: &Value| {
                let cells: Vec<String> = columns.iter().map(|name| cell(&item[*name])).collect();
                format!("{}\n", cells.join("\t"))
            };
            list.iter().map(row).collect()
        }
        None if columns.is_empty() => object
            .iter()
            .map(|(name, value)| format!("{name}\t{}\n", cell(value)))
            .collect(),
        None => {
            let cells: Vec<String> = columns.iter().map(|name| cell(&answer[*name])).collect();
            format!("{}\n", cells.join("\t"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_encodes_what_would_end_it() {
        assert_eq!(segment("a/b?c&d=e f"), "a%2Fb%3Fc%26d%3De%20f");
        assert_eq!(segment("ann+x@mayfly.test"), "ann%2Bx%40mayfly.test");
    }

    #[test]
    fn rows_have_no_control_characters() {
        let answer = json!({"blocks": [{"id": "1", "reason": "a\u{1b}[2J\nb"}, {"id": "2", "reason": null}]});
        assert_eq!(rows(&answer, &["id", "reason"]), "1\ta[2Jb\n2\t-\n");
        assert_eq!(rows(&Value::Null, &[]), "");
        assert_eq!(rows(&json!({"messages": 2}), &[]), "messages\t2\n");
    }
}
