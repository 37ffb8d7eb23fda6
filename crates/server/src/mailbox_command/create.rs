//! `mayfly mailbox create`.

use clap::Args;
use mayfly_types::random_bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The address; a random one on the server's default domain if there is none
    #[arg(long)]
    address: Option<String>,
    /// The password; a random one if there is none
    #[arg(long)]
    password: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes a mailbox; returns what is to be printed.
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
    let request = client.request(Method::POST, "/api/accounts").json(&body);
    let mut made = client.answer(request).await?;
    let of = |key: &str| made[key].as_str().filter(|value| is_word(value));
    let (Some(address), Some(token)) = (of("address"), of("token")) else {
        return Err(client.stranger());
    };
    if create.json {
        made["password"] = password.into();
        return Ok(format!("{made}\n"));
    }
    let mut text = format!("MAYFLY_ADDRESS={address}\n");
    // Who chose a password knows it; what a shell would make of it is not known.
    if create.password.is_none() {
        text.push_str(&format!("MAYFLY_PASSWORD={password}\n"));
    }
    text.push_str(&format!("MAYFLY_TOKEN={token}\n"));
    Ok(text)
}

async fn default_domain(client: &Client) -> anyhow::Result<String> {
    let answer = client.call(Method::GET, "/api/domains").await?;
    let domains = answer["domains"].as_array();
    let default = domains.and_then(|domains| domains.iter().find(|domain| domain["default"] == true));
    let name = default.and_then(|domain: &Value| domain["domain"].as_str());
    name.map(str::to_owned).ok_or_else(|| client.stranger())
}

/// Whether a shell takes it for one word without any meaning of its own: it may go to `export`.
fn is_word(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    !value.is_empty() && value.chars().all(is_plain)
}

/// Makes a random word, of 5 bits a character.
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
    fn what_goes_to_a_shell_is_one_word() {
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
