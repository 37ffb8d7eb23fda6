//! The options of commands for what a Pro user has: sandboxes, tokens, domains, webhooks. Names in place of ids.

use anyhow::bail;
use clap::Args;
use mayfly_types::AccountId;
use reqwest::Method;
use serde_json::Value;

use super::{api::Client, server::ServerOption, variables};

/// The server, the credential and the form of the output.
#[derive(Debug, Args)]
pub(super) struct ProOptions {
    #[command(flatten)]
    pub(super) server: ServerOption,
    /// API token of the Pro user
    #[arg(long, global = true, env = variables::TOKEN, hide_env_values = true, default_value = "", hide_default_value = true)]
    token: String,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl ProOptions {
    /// Returns a client with the token.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        if self.token.is_empty() {
            bail!(
                "--token: an API token of a Pro user is required, or {}",
                variables::TOKEN
            );
        }
        Client::new(&self.server.server, Some(&self.token))
    }

    /// Returns the answer of the API as JSON, or what a command makes of it.
    pub(super) fn output(&self, answer: &Value, text: impl FnOnce(&Value) -> String) -> String {
        match self.json {
            true => format!("{answer}\n"),
            false => text(answer),
        }
    }
}

/// A list of the API whose objects have names.
#[derive(Debug)]
pub(super) struct Named {
    /// What one of them is called.
    pub(super) noun: &'static str,
    pub(super) path: &'static str,
    /// The key of the list in the answer.
    pub(super) list: &'static str,
    /// The key of the name in an object.
    pub(super) name: &'static str,
}

impl Named {
    /// Returns the objects of an answer.
    pub(super) fn items<'a>(&self, answer: &'a Value) -> &'a [Value] {
        answer[self.list].as_array().map_or(&[], Vec::as_slice)
    }

    /// Returns the path of the object that has an id or a name. Revoked objects are found by id only.
    pub(super) async fn find(&self, client: &Client, text: &str) -> anyhow::Result<String> {
        let id = self.find_id(client, text).await?;
        Ok(format!("{}/{id}", self.path))
    }

    /// Returns the id of the object that has an id or a name.
    pub(super) async fn find_id(&self, client: &Client, text: &str) -> anyhow::Result<String> {
        // Ids of all kinds have one form.
        if let Ok(id) = text.parse::<AccountId>() {
            return Ok(id.to_string());
        }
        let listed = client.call(Method::GET, self.path).await?;
        let named = |item: &&Value| item[self.name] == text && item["revoked_at"].is_null();
        let found: Vec<&Value> = self.items(&listed).iter().filter(named).collect();
        let (noun, shown) = (self.noun, text.escape_debug());
        match found.as_slice() {
            [] => bail!("no {noun} has the name {shown}"),
            [one] => {
                let id = one["id"].as_str().and_then(|id| id.parse::<AccountId>().ok());
                let id = id.ok_or_else(|| client.not_mayfly())?;
                Ok(id.to_string())
            }
            _ => bail!("several of the {noun}s have the name {shown}; give the id"),
        }
    }
}
