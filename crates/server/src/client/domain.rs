//! `mayfly domain`: the own domains of a Pro user.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::Client,
    pro::{Named, ProOptions},
    table,
    text::clean,
};

const DOMAINS: Named = Named {
    noun: "domain",
    path: "/pro/api/domains",
    list: "domains",
    name: "domain",
};
const ACCOUNTS: Named = Named {
    noun: "mailbox",
    path: "/pro/api/accounts",
    list: "accounts",
    name: "address",
};

/// The command line behind `mayfly domain`.
#[derive(Debug, Args)]
pub(crate) struct DomainCommand {
    #[command(flatten)]
    options: ProOptions,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a domain, and print the DNS records that it needs: type, host, value
    Add {
        /// Name of the domain, such as mail.example.com
        domain: String,
    },
    /// List domains: id, name, whether it is verified, whether mail comes here, mailbox of the catch-all
    List,
    /// Check the DNS records of a domain; exit code 1 while the domain is not verified
    Verify {
        /// Name or id of the domain
        domain: String,
    },
    /// Send mail for unknown addresses of a domain to one mailbox
    CatchAll {
        /// Name or id of the domain
        domain: String,
        #[command(flatten)]
        target: Target,
    },
    /// Delete a domain: its mailboxes keep their mail and receive no more
    Delete {
        /// Name or id of the domain
        domain: String,
    },
}

/// Where mail for unknown addresses goes: exactly one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Address or id of the mailbox
    mailbox: Option<String>,
    /// Reject such mail
    #[arg(long)]
    off: bool,
}

impl DomainCommand {
    /// Runs the command; `None` if the domain is not verified.
    pub(super) async fn act(&self) -> anyhow::Result<Option<String>> {
        let client = self.options.client()?;
        let output = |answer: &Value, text: fn(&Value) -> String| self.options.output(answer, text);
        Ok(Some(match &self.action {
            Action::Add { domain } => {
                let body = json!({ "domain": domain });
                let request = client.request(Method::POST, DOMAINS.path).json(&body);
                output(&client.send_json(request).await?, records)
            }
            Action::List => output(&client.call(Method::GET, DOMAINS.path).await?, list),
            Action::Verify { domain } => return self.verify(&client, domain).await,
            Action::CatchAll { domain, target } => {
                let path = DOMAINS.find(&client, domain).await?;
                let account = match &target.mailbox {
                    Some(mailbox) => Some(ACCOUNTS.find_id(&client, mailbox).await?),
                    None => None,
                };
                let body = json!({ "catch_all": account });
                let request = client.request(Method::PUT, &path).json(&body);
                output(&client.send_json(request).await?, |_| String::new())
            }
            Action::Delete { domain } => {
                let path = DOMAINS.find(&client, domain).await?;
                output(&client.call(Method::DELETE, &path).await?, |_| String::new())
            }
        }))
    }

    async fn verify(&self, client: &Client, domain: &str) -> anyhow::Result<Option<String>> {
        let path = format!("{}/verify", DOMAINS.find(client, domain).await?);
        let checked = client.call(Method::POST, &path).await?;
        if checked["verify_status"] == "verified" {
            return Ok(Some(self.options.output(&checked, |_| String::new())));
        }
        if self.options.json {
            super::write(&format!("{checked}\n"))?;
        }
        let message = checked["message"].as_str().unwrap_or_default();
        eprintln!("mayfly: {}: {}", clean(domain), clean(message));
        Ok(None)
    }
}

fn list(listed: &Value) -> String {
    let columns = ["id", "domain", "verify_status", "mx_configured", "catch_all"];
    table::objects(&columns, DOMAINS.items(listed))
}

fn records(added: &Value) -> String {
    let row = |record: &Value| {
        let [kind, host, value] = ["type", "host", "value"].map(|key| table::cell(&record[key]));
        let value = match record["priority"].as_u64() {
            Some(priority) => format!("{priority} {value}"),
            None => value,
        };
        vec![kind, host, value]
    };
    let records = added["dns_records"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = records.map(row).collect();
    table::table(&["type", "host", "value"], &rows)
}
