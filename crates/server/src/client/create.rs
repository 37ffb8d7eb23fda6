//! `mayfly mailbox create`.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use mayfly_types::random_bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{ApiError, Client},
    variables,
};

/// How API tokens of Pro users begin.
const PRO_TOKEN_PREFIX: &str = "tm_pro_";

#[derive(Debug, Args)]
pub(super) struct Create {
    /// API token of the Pro user that shall own the mailbox; the token of another mailbox counts as none
    #[arg(long, env = variables::TOKEN, hide_env_values = true)]
    token: Option<String>,
    /// Address, or its part before the `@` on the server's default domain; default: random. With a password, an existing mailbox is signed in to
    #[arg(long)]
    address: Option<String>,
    /// Password; default: random
    #[arg(long)]
    password: Option<String>,
    /// Set the variables for the later steps of a GitHub Actions job, with masks in its log
    #[arg(long, conflicts_with = "json")]
    github_env: bool,
    /// The file that GitHub Actions reads variables from
    #[arg(long, env = "GITHUB_ENV", hide = true)]
    github_env_file: Option<PathBuf>,
}

impl Create {
    /// Returns the token of the owner, if there is one.
    pub(super) fn owner_token(&self) -> Option<&str> {
        // `export` has set the token of an earlier mailbox.
        let token = self.token.as_deref();
        token.filter(|token| token.starts_with(PRO_TOKEN_PREFIX))
    }
}

/// Creates a mailbox; returns the output.
pub(super) async fn create(client: &Client, create: &Create, is_json: bool) -> anyhow::Result<String> {
    let name = create.address.clone().unwrap_or_else(random_word::<12>);
    let address = match name.contains('@') {
        true => name,
        false => format!("{name}@{}", default_domain(client).await?),
    };
    let password = create.password.clone().unwrap_or_else(random_word::<26>);
    let body = json!({ "address": address, "password": password });
    let post = |path| client.send_json(client.request(Method::POST, path).json(&body));
    let mut created = match post("/api/accounts").await {
        // A job with a fixed address runs again: the password that it gives decides.
        Err(taken) if create.password.is_some() && is_address_taken(&taken) => {
            post("/api/token").await.map_err(|_| taken)?
        }
        created => created?,
    };
    let line = |name, key: &str| variables::assignment(name, created[key].as_str()?);
    let lines = (
        line(variables::ADDRESS, "address"),
        line(variables::TOKEN, "token"),
    );
    let (Some(mut text), Some(token_line)) = lines else {
        return Err(client.not_mayfly());
    };
    if is_json {
        created["password"] = password.into();
        return Ok(format!("{created}\n"));
    }
    // A given password is known to the user, and may not be safe in a shell.
    if create.password.is_none() {
        text.push_str(&format!("{}={password}\n", variables::PASSWORD));
    }
    text.push_str(&token_line);
    if create.github_env {
        append(create.github_env_file.as_deref(), &text)?;
        let token = created["token"].as_str().unwrap_or_default();
        return Ok(format!("::add-mask::{password}\n::add-mask::{token}\n"));
    }
    Ok(text)
}

fn is_address_taken(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<ApiError>()
        .is_some_and(|error| error.code == "address_taken")
}

/// Appends variables to the file that GitHub Actions reads them from.
fn append(file: Option<&Path>, variables: &str) -> anyhow::Result<()> {
    let file = file.context("--github-env: GITHUB_ENV is not set")?;
    let appended = OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .and_then(|mut file| file.write_all(variables.as_bytes()));
    appended.with_context(|| format!("GITHUB_ENV: {}", file.display()))
}

async fn default_domain(client: &Client) -> anyhow::Result<String> {
    let body = client.call(Method::GET, "/api/domains").await?;
    let domains = body["domains"].as_array();
    let default = domains.and_then(|domains| domains.iter().find(|domain| domain["default"] == true));
    let name = default.and_then(|domain: &Value| domain["domain"].as_str());
    name.map(str::to_owned).ok_or_else(|| client.not_mayfly())
}

/// Returns a random word with 5 bits a character.
fn random_word<const N: usize>() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    random_bytes::<N>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_word_differs() {
        assert_ne!(random_word::<26>(), random_word::<26>());
    }
}
