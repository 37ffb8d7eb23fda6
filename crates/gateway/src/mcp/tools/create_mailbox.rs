//! `create_mailbox`

use mayfly_proto::mailbox::ListDomainsRequest;
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason, random_bytes};
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call};
use crate::{
    app::create_account::{Creation, NewAccount},
    mcp::caller::Identity,
};

pub(super) const DESCRIPTION: &str =
    "Creates a mailbox with a real e-mail address, for example to sign up somewhere.";

/// The address, or how to choose it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The whole address. Left out, a random one.
    address: Option<String>,
    /// What a random address begins with.
    prefix: Option<String>,
    /// The domain of a random address. Left out, the default of the server.
    domain: Option<String>,
}

/// The mailbox.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Output {
    mailbox_id: String,
    address: String,
}

/// Creates a mailbox of the caller. Its password is random and shown nowhere: the token of the caller opens it.
///
/// # Errors
/// As [`crate::app::App::create_account`]; `PowRequired` when the server wants a proof of work of anonymous callers.
pub(super) async fn run(call: Call<'_>, input: Input) -> Result<Answer, Failure> {
    let owner = match &call.caller.identity {
        Identity::Pro(pro) => Some(pro.clone().owner()),
        Identity::Anonymous => None,
        Identity::Mailbox(_) => return Err(Failure::invalid_token()),
    };
    let is_anonymous = owner.is_none();
    let new = NewAccount {
        address: address(call, input).await?,
        secret: random_word::<26>().into(),
        owner,
        client: call.caller.client,
        proof: None,
        captcha: None,
        idempotency_key: None,
    };
    let _permit = call.app.password_permits.acquire(call.caller.client).await?;
    let account = match call.app.create_account(new).await? {
        Creation::Created { account, .. } => account,
        Creation::NeedsBits(_) => return Err(needs_token()),
    };
    let answer = Answer::of(&Output {
        mailbox_id: account.account_id,
        address: account.address,
    })?;
    Ok(if is_anonymous {
        answer.with_token(account.token)
    } else {
        answer
    })
}

async fn address(call: Call<'_>, input: Input) -> Result<String, Failure> {
    let Input {
        address,
        prefix,
        domain,
    } = input;
    if let Some(address) = address {
        if prefix.is_some() || domain.is_some() {
            return Err(Failure::invalid_request(
                "address: leave it out, or leave prefix and domain out",
            ));
        }
        return Ok(address);
    }
    let domain = match domain {
        Some(domain) => domain,
        None => default_domain(call).await?,
    };
    Ok(format!(
        "{}{}@{domain}",
        prefix.unwrap_or_default(),
        random_word::<12>()
    ))
}

async fn default_domain(call: Call<'_>) -> Result<String, Failure> {
    let answer = call.app.mailbox().list_domains(ListDomainsRequest {}).await?;
    let domains = answer.into_inner().domains;
    let default = domains.into_iter().find(|domain| domain.is_default);
    default
        .map(|domain| domain.domain)
        .ok_or_else(|| Failure::internal("no domain is the default"))
}

fn needs_token() -> Failure {
    let message = "this server wants a proof of work of clients without a token: call it with a token";
    Failure::new(ErrorCode::InvalidArgument, Reason::PowRequired, message)
}

/// Returns a random word with 5 bits a character.
fn random_word<const N: usize>() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    random_bytes::<N>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}
