//! `mayfly sandbox`: the login that an application sends its mail with, and waiting for that mail.

use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    api::{self, Client},
    format,
    pro::{Named, ProOptions},
    progress::Progress,
    table,
    text::clean,
    variables,
    wait::{MAX_CALL_WAIT, RETRY_PAUSE, timeout},
};

const SANDBOXES: Named = Named {
    noun: "sandbox",
    path: "/pro/api/sandboxes",
    list: "sandboxes",
    name: "name",
};

/// The command line behind `mayfly sandbox`.
#[derive(Debug, Args)]
pub(crate) struct SandboxCommand {
    #[command(flatten)]
    options: ProOptions,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a sandbox: `export $(mayfly sandbox create --name api)` sets SMTP_URL for an application
    Create(Create),
    /// List sandboxes: id, name, user name, bytes used
    List,
    /// Wait for unread mail that an application has sent, and mark it as read; exit code 1 on time-out
    Wait(Wait),
    /// Delete a sandbox with its mail
    Delete {
        /// Id or name of the sandbox
        sandbox: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// Name, such as that of the application
    #[arg(long, default_value = "cli")]
    name: String,
    /// Messages to keep; more remove the oldest
    #[arg(long)]
    max_messages: Option<u32>,
    /// How long messages are kept, such as 12h
    #[arg(long)]
    retention: Option<String>,
    /// Print the URL alone
    #[arg(long, conflicts_with = "json")]
    print_url: bool,
}

#[derive(Debug, Args)]
struct Wait {
    /// Part of a recipient's address, case-insensitive
    #[arg(long)]
    to: Option<String>,
    /// Part of the From header or of the envelope sender, case-insensitive
    #[arg(long)]
    from: Option<String>,
    /// Part of the subject, case-insensitive; or a regular expression between slashes
    #[arg(long)]
    subject: Option<String>,
    /// Print only the most probable one-time code; skip messages without one
    #[arg(long)]
    code: bool,
    /// Only codes of this length: `6` or `4-8`
    #[arg(long, value_name = "N|N-M", requires = "code")]
    code_length: Option<String>,
    /// Time-out: seconds, or with a unit such as 90s or 2m, at most a day
    #[arg(long, default_value = "60", value_parser = timeout)]
    timeout: Duration,
}

impl SandboxCommand {
    /// Runs the command; `None` is a time-out.
    pub(super) async fn act(&self) -> anyhow::Result<Option<String>> {
        let client = self.options.client()?;
        match &self.action {
            Action::Create(create) => create.act(&client, self.options.json).await.map(Some),
            Action::List => {
                let listed = client.call(Method::GET, SANDBOXES.path).await?;
                Ok(Some(self.options.output(&listed, list)))
            }
            Action::Wait(wait) => wait.act(&client, self.options.json).await,
            Action::Delete { sandbox } => {
                let path = SANDBOXES.find(&client, sandbox).await?;
                let deleted = client.call(Method::DELETE, &path).await?;
                Ok(Some(self.options.output(&deleted, |_| String::new())))
            }
        }
    }
}

impl Create {
    async fn act(&self, client: &Client, is_json: bool) -> anyhow::Result<String> {
        let body = json!({
            "name": self.name,
            "max_messages": self.max_messages,
            "retention": self.retention,
        });
        let request = client.request(Method::POST, SANDBOXES.path).json(&body);
        let created = client.send_json(request).await?;
        if is_json {
            return Ok(format!("{created}\n"));
        }
        let url = created["url"].as_str().unwrap_or_default();
        let line = variables::assignment(variables::SMTP_URL, url);
        let line = line.ok_or_else(|| client.not_mayfly())?;
        Ok(match self.print_url {
            true => format!("{url}\n"),
            false => line,
        })
    }
}

impl Wait {
    /// The server marks the message in the same step, so concurrent waits never print one message twice.
    async fn act(&self, client: &Client, is_json: bool) -> anyhow::Result<Option<String>> {
        let progress = Progress::new();
        let deadline = Instant::now() + self.timeout;
        loop {
            let call = self.wait_once(client, deadline);
            match progress.during("waiting for mail", call).await {
                Err(error) if client.is_transient(&error) && Instant::now() + RETRY_PAUSE < deadline => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => return Err(error),
                Ok(None) if Instant::now() >= deadline => {
                    drop(progress);
                    eprintln!("mayfly: timed out after {} s", self.timeout.as_secs());
                    return Ok(None);
                }
                Ok(None) => {}
                Ok(Some(message)) => return self.output(&message, is_json).map(Some),
            }
        }
    }

    async fn wait_once(&self, client: &Client, deadline: Instant) -> anyhow::Result<Option<Value>> {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .min(MAX_CALL_WAIT);
        let timeout = left.as_millis().div_ceil(1000).to_string();
        let query = [
            ("since", Some("0")),
            ("claim", Some("true")),
            ("to", self.to.as_deref()),
            ("from", self.from.as_deref()),
            ("subject", self.subject.as_deref()),
            ("has_code", self.code.then_some("true")),
            ("code_length", self.code_length.as_deref()),
            ("timeout", Some(timeout.as_str())),
        ];
        let request = client
            .request(Method::GET, "/pro/api/messages/wait")
            .query(&query)
            .timeout(left + api::CALL_TIMEOUT);
        let retry_until = deadline.max(Instant::now() + api::CALL_TIMEOUT);
        let response = client.send(request, retry_until).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let body = client.json(response).await?;
        let message = api::items(&body).first().cloned();
        message.map(Some).ok_or_else(|| client.not_mayfly())
    }

    fn output(&self, message: &Value, is_json: bool) -> anyhow::Result<String> {
        if is_json {
            return Ok(format!("{message}\n"));
        }
        if !self.code {
            return Ok(format::item(message));
        }
        let confidence = |code: &Value| code["confidence"].as_f64().unwrap_or_default();
        let codes = message["codes"].as_array().into_iter().flatten();
        // The first of those with the same confidence.
        let best = codes.rev().max_by(|a, b| confidence(a).total_cmp(&confidence(b)));
        let best = best.and_then(|code| code["value"].as_str());
        Ok(format!("{}\n", clean(best.context("the message has no code")?)))
    }
}

fn list(listed: &Value) -> String {
    table::objects(&["id", "name", "username", "used"], SANDBOXES.items(listed))
}
