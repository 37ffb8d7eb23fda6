//! `mayfly mailbox search`

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    access::Access,
    api::{Client, items},
    format,
};

/// Messages of one call, the largest page.
const PAGE: &str = "100";

/// What to search for, and what to do with it.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[command(flatten)]
    pub(super) access: Access,
    /// The query, such as 'subject:code after:1h'; '*' alone finds everything
    query: String,
    /// The time zone of days in the query, such as Europe/Berlin; UTC by default
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// Delete what the query finds
    #[arg(long)]
    delete: bool,
}

/// Finds messages, or deletes them. Returns the output.
pub(super) async fn search(client: &Client, search: &Search, is_json: bool) -> anyhow::Result<String> {
    match search.delete {
        true => delete(client, search, is_json).await,
        false => find(client, search, is_json).await,
    }
}

async fn find(client: &Client, search: &Search, is_json: bool) -> anyhow::Result<String> {
    let (mut messages, mut next) = (Vec::new(), None);
    loop {
        let mut page = call(client, Method::GET, "/api/messages/search", search, next).await?;
        messages.extend_from_slice(items(&page));
        next = page["next"].take().as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    Ok(match is_json {
        true => format!("{}\n", json!({ "messages": messages })),
        false => format::list(&messages),
    })
}

async fn delete(client: &Client, search: &Search, is_json: bool) -> anyhow::Result<String> {
    let (mut deleted, mut next) = (0, None);
    loop {
        let mut answer = call(client, Method::DELETE, "/api/messages", search, next).await?;
        deleted += answer["deleted"].as_i64().unwrap_or_default();
        next = answer["next"].take().as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    Ok(match is_json {
        true => format!("{}\n", json!({ "deleted": deleted })),
        false => format!("{deleted}\n"),
    })
}

async fn call(
    client: &Client,
    method: Method,
    path: &str,
    search: &Search,
    cursor: Option<String>,
) -> anyhow::Result<Value> {
    let limit = (method == Method::GET).then_some(("limit", PAGE.to_owned()));
    let cursor = cursor.map(|cursor| ("cursor", cursor));
    let parameters: Vec<(&str, String)> = std::iter::once(("q", search.query.clone()))
        .chain(search.tz.clone().map(|zone| ("tz", zone)))
        .chain(limit)
        .chain(cursor)
        .collect();
    client
        .send_json(client.request(method, path).query(&parameters))
        .await
}
