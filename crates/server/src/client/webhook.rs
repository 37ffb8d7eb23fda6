//! `mayfly webhook`: the webhooks of a Pro user, and their deliveries.

use clap::{Args, Subcommand};
use mayfly_types::AttemptId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::Client,
    pro::{Named, ProOptions},
    table, variables,
};

const WEBHOOKS: Named = Named {
    noun: "webhook",
    path: "/pro/api/webhooks",
    list: "webhooks",
    name: "url",
};

/// The command line behind `mayfly webhook`.
#[derive(Debug, Args)]
pub(crate) struct WebhookCommand {
    #[command(flatten)]
    options: ProOptions,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a webhook, and print its secret once
    Create {
        /// URL of the receiver
        url: String,
        /// Send only mail that a query finds, such as 'from:shop.example has:code'
        #[arg(long, value_name = "QUERY")]
        filter: Option<String>,
    },
    /// List webhooks: id, status, failures in a row, URL, filter
    List,
    /// Set the query that mail must fulfil; it applies to later mail
    Filter {
        /// Id or URL of the webhook
        webhook: String,
        /// The query; an empty one removes it
        query: String,
    },
    /// Send a sample event
    Test {
        /// Id or URL of the webhook
        webhook: String,
    },
    /// Create a new secret, print it once, and deliver what waits; the old one signs too for a day
    Rotate {
        /// Id or URL of the webhook
        webhook: String,
    },
    /// List the newest 20 attempts: id, time, status of the receiver, attempt, error
    Deliveries {
        /// Id or URL of the webhook
        webhook: String,
    },
    /// Send the event of a delivery again, with the same id
    Replay {
        /// Id or URL of the webhook
        webhook: String,
        /// Id of the delivery
        delivery: AttemptId,
    },
    /// Delete a webhook with its pending events
    Delete {
        /// Id or URL of the webhook
        webhook: String,
    },
}

impl WebhookCommand {
    /// Runs the command; returns the output.
    pub(super) async fn act(&self) -> anyhow::Result<Option<String>> {
        let client = self.options.client()?;
        let output = |answer: &Value, text: fn(&Value) -> String| self.options.output(answer, text);
        let nothing = |_: &Value| String::new();
        Ok(Some(match &self.action {
            Action::Create { url, filter } => {
                let body = json!({ "url": url, "filter": filter });
                let request = client.request(Method::POST, WEBHOOKS.path).json(&body);
                self.secret(&client, &client.send_json(request).await?)?
            }
            Action::List => output(&client.call(Method::GET, WEBHOOKS.path).await?, list),
            Action::Filter { webhook, query } => {
                let path = WEBHOOKS.find(&client, webhook).await?;
                let body = json!({ "filter": query });
                let request = client.request(Method::PUT, &path).json(&body);
                output(&client.send_json(request).await?, nothing)
            }
            Action::Test { webhook } => {
                let path = format!("{}/test", WEBHOOKS.find(&client, webhook).await?);
                output(&client.call(Method::POST, &path).await?, event)
            }
            Action::Rotate { webhook } => {
                let path = format!("{}/rotate", WEBHOOKS.find(&client, webhook).await?);
                self.secret(&client, &client.call(Method::POST, &path).await?)?
            }
            Action::Deliveries { webhook } => {
                let path = format!("{}/deliveries", WEBHOOKS.find(&client, webhook).await?);
                output(&client.call(Method::GET, &path).await?, deliveries)
            }
            Action::Replay { webhook, delivery } => {
                let path = WEBHOOKS.find(&client, webhook).await?;
                let path = format!("{path}/deliveries/{delivery}/replay");
                output(&client.call(Method::POST, &path).await?, event)
            }
            Action::Delete { webhook } => {
                let path = WEBHOOKS.find(&client, webhook).await?;
                output(&client.call(Method::DELETE, &path).await?, nothing)
            }
        }))
    }

    /// Returns the variable with the secret of an answer.
    fn secret(&self, client: &Client, answer: &Value) -> anyhow::Result<String> {
        let secret = answer["secret"].as_str();
        let line = secret.and_then(|secret| variables::assignment(variables::WEBHOOK_SECRET, secret));
        let line = line.ok_or_else(|| client.not_mayfly())?;
        Ok(self.options.output(answer, |_| line))
    }
}

fn list(listed: &Value) -> String {
    let columns = ["id", "status", "failure_count", "url", "filter"];
    table::objects(&columns, WEBHOOKS.items(listed))
}

fn deliveries(listed: &Value) -> String {
    let columns = ["id", "created_at", "status_code", "attempt", "error"];
    let found = listed["deliveries"].as_array().map_or(&[][..], Vec::as_slice);
    table::objects(&columns, found)
}

/// Returns the id of a queued event.
fn event(queued: &Value) -> String {
    format!("{}\n", table::cell(&queued["event_id"]))
}
