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

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Address; default: random, on the server's default domain. With a password, an existing mailbox is signed in to
    #[arg(long)]
    address: Option<String>,
    /// Password; default: random
    #[arg(long)]
    password: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Set the variables for the later steps of a GitHub Actions job, with masks in its log
    #[arg(long, conflicts_with = "json")]
    github_env: bool,
    /// The file that GitHub Actions reads variables from
    #[arg(long, env = "GITHUB_ENV", hide = true)]
    github_env_file: Option<PathBuf>,
}

/// Creates a mailbox; returns the output.
pub(super) async fn create(client: &Client, create: &Create) -> anyhow::Result<String> {
    let address = match &create.address {
        Some(address) => address.clone(),
        None => {
            let domain = default_domain(client).await?;
            format!("{}@{domain}", random_word::<12>())
        }
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
    let of = |key: &str| created[key].as_str().filter(|value| is_word(value));
    let (Some(address), Some(token)) = (of("address"), of("token")) else {
        return Err(client.not_mayfly());
    };
    if create.json {
        created["password"] = password.into();
        return Ok(format!("{created}\n"));
    }
    let mut text = format!("{}={address}\n", variables::ADDRESS);
    // A given password is known to the user, and may not be safe in a shell.
    if create.password.is_none() {
        text.push_str(&format!("{}={password}\n", variables::PASSWORD));
    }
    text.push_str(&format!("{}={token}\n", variables::TOKEN));
    if create.github_env {
        append(create.github_env_file.as_deref(), &text)?;
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

/// Tells whether a shell reads the value as one literal word, so that it is safe in `export`.
fn is_word(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    !value.is_empty() && value.chars().all(is_plain)
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
    fn is_word_rejects_shell_syntax() {
        for word in ["ann+a.b_c-1@mayfly.test", "eyJh.eyJp.c2ln_-"] {
            assert!(is_word(word), "{word}");
        }
        for word in ["", "a b", "a\nPATH=b", "$(id)", "a;b", "*", "a=b"] {
            assert!(!is_word(word), "{word}");
        }
        assert!(is_word(&random_word::<26>()));
        assert_ne!(random_word::<26>(), random_word::<26>());
    }
}
