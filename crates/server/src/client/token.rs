//! `mayfly token`: API tokens of a Pro user, with no more rights than a program needs.

use std::{
    io::{BufRead, IsTerminal},
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use mayfly_runtime::config::ConfigDuration;
use mayfly_types::{Clock, SystemClock, TokenScope, rfc3339};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::Client,
    pro::{Named, ProOptions},
    table, variables,
};

const TOKENS: Named = Named {
    noun: "token",
    path: "/pro/api/tokens",
    list: "tokens",
    name: "name",
};
const COLUMNS: [&str; 6] = ["id", "name", "scopes", "limits", "expires_at", "revoked_at"];

/// The command line behind `mayfly token`.
#[derive(Debug, Args)]
pub(crate) struct TokenCommand {
    #[command(flatten)]
    options: ProOptions,
    /// Sign in as this Pro user in place of a token; the first line of stdin is the password
    #[arg(long, global = true)]
    email: Option<String>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a token and print it once: `export $(mayfly token create --name ci)` sets it for the other commands
    Create(Create),
    /// List tokens, revoked ones too
    List,
    /// Show the token itself: what it may do, and when it ends
    Current,
    /// Replace a token by another with the same name and rights, and print that once
    Rotate(Rotate),
    /// Revoke a token: it is void at once
    Revoke {
        /// Id or name of the token
        #[arg(value_name = "TOKEN")]
        named: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// Name, such as that of the program
    #[arg(long, default_value = "cli")]
    name: String,
    /// What it may do, with commas, such as accounts:write,messages:read [default: whatever the user may]
    #[arg(long, value_delimiter = ',', value_parser = scope)]
    scopes: Option<Vec<TokenScope>>,
    /// How its mailboxes begin, such as `agent-`
    #[arg(long)]
    prefix: Option<String>,
    /// Domains of its mailboxes, with commas
    #[arg(long, value_delimiter = ',')]
    domains: Option<Vec<String>>,
    /// Ids of its mailboxes, with commas; it creates none
    #[arg(long, value_delimiter = ',')]
    accounts: Option<Vec<String>>,
    /// Ids of its sandboxes, with commas
    #[arg(long, value_delimiter = ',')]
    sandboxes: Option<Vec<String>>,
    /// When it ends: after a time such as 7d, or a date such as 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_parser = expiry)]
    expires: Option<Expiry>,
}

#[derive(Debug, Args)]
struct Rotate {
    /// Id or name of the token
    // The id `token` is that of the credential.
    #[arg(value_name = "TOKEN")]
    named: String,
    /// How long the old token stays valid, such as 24h [default: it is revoked at once]
    #[arg(long)]
    overlap: Option<ConfigDuration>,
    /// When the new token ends, as in `create` [default: after the time that the old one was given]
    #[arg(long, value_parser = expiry)]
    expires: Option<Expiry>,
}

/// When a token ends.
#[derive(Debug, Clone)]
enum Expiry {
    After(Duration),
    /// As the API takes it.
    At(String),
}

impl Expiry {
    fn to_rfc3339(&self) -> String {
        match self {
            Self::After(life) => {
                let life = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
                rfc3339(SystemClock.now().unix_timestamp().saturating_add(life))
            }
            Self::At(time) => time.clone(),
        }
    }
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text.contains('T') {
        return Ok(Expiry::At(text.to_owned()));
    }
    text.parse::<ConfigDuration>().map(|life| Expiry::After(life.0))
}

fn scope(text: &str) -> Result<TokenScope, String> {
    let known: Vec<&str> = TokenScope::ALL.iter().map(|scope| scope.as_str()).collect();
    text.parse()
        .map_err(|_| format!("there are {}", known.join(", ")))
}

impl TokenCommand {
    /// Runs the command; returns the output.
    pub(super) async fn act(&self) -> anyhow::Result<Option<String>> {
        let client = self.client().await?;
        let output = |answer: &Value, text: fn(&Value) -> String| Some(self.options.output(answer, text));
        match &self.action {
            Action::Create(create) => self.create(&client, TOKENS.path, &create.body()).await,
            Action::List => {
                let listed = client.call(Method::GET, TOKENS.path).await?;
                Ok(output(&listed, |listed| {
                    table::table(&COLUMNS, &rows(TOKENS.items(listed)))
                }))
            }
            Action::Current => {
                let path = format!("{}/current", TOKENS.path);
                let current = client.call(Method::GET, &path).await?;
                Ok(output(&current, |current| {
                    table::table(&COLUMNS, &rows(std::slice::from_ref(current)))
                }))
            }
            Action::Rotate(rotate) => {
                let path = TOKENS.find(&client, &rotate.named).await?;
                let body = json!({
                    "overlap": rotate.overlap.map(|overlap| overlap.to_string()),
                    "expires_at": rotate.expires.as_ref().map(Expiry::to_rfc3339),
                });
                self.create(&client, &format!("{path}/rotate"), &body).await
            }
            Action::Revoke { named } => {
                let path = TOKENS.find(&client, named).await?;
                let revoked = client.call(Method::DELETE, &path).await?;
                Ok(output(&revoked, |_| String::new()))
            }
        }
    }

    /// Creates a token, and returns its value.
    async fn create(&self, client: &Client, path: &str, body: &Value) -> anyhow::Result<Option<String>> {
        let request = client.request(Method::POST, path).json(body);
        let created = client.send_json(request).await?;
        let token = created["token"].as_str();
        let line = token.and_then(|token| variables::assignment(variables::TOKEN, token));
        let line = line.ok_or_else(|| client.not_mayfly())?;
        Ok(Some(self.options.output(&created, |_| line)))
    }

    /// Returns a client with the token, or with that of a new session.
    async fn client(&self) -> anyhow::Result<Client> {
        let Some(email) = &self.email else {
            return self.options.client();
        };
        let server = &self.options.server.server;
        let body = json!({ "email": email, "password": password()? });
        let client = Client::new(server, None)?;
        let request = client.request(Method::POST, "/pro/api/login").json(&body);
        let session = client.send_json(request).await?;
        let token = session["token"].as_str().ok_or_else(|| client.not_mayfly())?;
        Client::new(server, Some(token))
    }
}

impl Create {
    fn body(&self) -> Value {
        let limits = json!({
            "address_prefix": self.prefix,
            "domains": self.domains,
            "accounts": self.accounts,
            "sandboxes": self.sandboxes,
        });
        let is_limited = limits
            .as_object()
            .is_some_and(|limits| limits.values().any(|limit| !limit.is_null()));
        let names = |scopes: &Vec<TokenScope>| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>();
        json!({
            "name": self.name,
            "scopes": self.scopes.as_ref().map(names),
            "limits": is_limited.then_some(limits),
            "expires_at": self.expires.as_ref().map(Expiry::to_rfc3339),
        })
    }
}

/// Reads a password from stdin. A terminal would show it.
fn password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        bail!("--email: the password is read from stdin, as in `mayfly token … <password-file`");
    }
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .context("--email: cannot read the password from stdin")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn rows(tokens: &[Value]) -> Vec<Vec<String>> {
    let row = |token: &Value| {
        let cell = |name: &str| match name {
            "scopes" if token[name].is_null() => "all".to_owned(),
            "limits" => limits(&token[name]),
            _ => table::cell(&token[name]),
        };
        COLUMNS.map(cell).to_vec()
    };
    tokens.iter().map(row).collect()
}

/// Returns limits as `name=value` with blanks between them; `-` without any.
fn limits(limits: &Value) -> String {
    let limits = limits.as_object().into_iter().flatten();
    let limits = limits.filter(|(_, limit)| !limit.is_null());
    let shown: Vec<String> = limits
        .map(|(name, limit)| format!("{name}={}", table::cell(limit)))
        .collect();
    match shown.is_empty() {
        true => "-".to_owned(),
        false => shown.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_a_duration_or_a_date() {
        assert!(matches!(expiry("7d"), Ok(Expiry::After(life)) if life.as_secs() == 604_800));
        let date = expiry("2027-01-31T12:00:00Z").unwrap().to_rfc3339();
        assert_eq!(date, "2027-01-31T12:00:00Z");
        let after = expiry("1h").unwrap().to_rfc3339();
        assert!(after.len() == 20 && after.ends_with('Z'), "{after}");
        assert!(expiry("soon").is_err());
    }

    #[test]
    fn limits_show_what_is_limited() {
        assert_eq!(limits(&Value::Null), "-");
        let both = json!({"accounts": null, "address_prefix": "ci-", "domains": ["a.test", "b.test"]});
        assert_eq!(limits(&both), "address_prefix=ci- domains=a.test,b.test");
    }
}
