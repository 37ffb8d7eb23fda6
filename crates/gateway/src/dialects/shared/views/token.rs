//! Pro API tokens: scopes, limits and expiry.

use mayfly_proto::auth::{CreateProTokenResponse, ProToken, TokenLimits};
use mayfly_types::{TokenScope, TokenScopes};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

use super::timestamp;

/// The names of scopes in a request.
pub(crate) struct ScopeList(TokenScopes);

impl ScopeList {
    /// Returns the set as the auth service takes it.
    pub(crate) fn bits(&self) -> u64 {
        self.0.bits()
    }
}

impl<'de> Deserialize<'de> for ScopeList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let parse = |name: &String| {
            let known: Vec<&str> = TokenScope::ALL.iter().map(|scope| scope.as_str()).collect();
            let unknown = |_| D::Error::custom(format!("must be among {}", known.join(", ")));
            name.parse::<TokenScope>().map_err(unknown)
        };
        names.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A time in a request, in Unix seconds.
pub(crate) struct Expiry(pub(crate) i64);

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = OffsetDateTime::parse(&text, &Rfc3339);
        let time = time.map_err(|_| D::Error::custom("must be a time such as 2027-01-31T12:00:00Z"))?;
        Ok(Self(time.unix_timestamp()))
    }
}

/// What a new token may act on: each limit that is there must fit. Name at least one.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WantedLimits {
    /// Ids of mailboxes. With them the token creates none.
    accounts: Option<Vec<String>>,
    /// Domains of mailboxes, and custom domains.
    domains: Option<Vec<String>>,
    /// How addresses begin.
    #[schema(max_length = 64)]
    address_prefix: Option<String>,
    /// Ids of sandboxes.
    sandboxes: Option<Vec<String>>,
}

impl From<WantedLimits> for TokenLimits {
    fn from(limits: WantedLimits) -> Self {
        Self {
            account_ids: limits.accounts.unwrap_or_default(),
            domains: limits.domains.unwrap_or_default(),
            address_prefix: limits.address_prefix.map(|prefix| prefix.to_ascii_lowercase()),
            sandbox_ids: limits.sandboxes.unwrap_or_default(),
            origin_token_id: String::new(),
        }
    }
}

/// What a token may act on; null is no limit of this kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    #[schema(required)]
    accounts: Option<Vec<String>>,
    #[schema(required)]
    domains: Option<Vec<String>>,
    #[schema(required)]
    address_prefix: Option<String>,
    #[schema(required)]
    sandboxes: Option<Vec<String>>,
}

impl From<TokenLimits> for Limits {
    fn from(limits: TokenLimits) -> Self {
        let named = |names: Vec<String>| (!names.is_empty()).then_some(names);
        Self {
            accounts: named(limits.account_ids),
            domains: named(limits.domains),
            address_prefix: limits.address_prefix,
            sandboxes: named(limits.sandbox_ids),
        }
    }
}

fn names(bits: u64) -> Vec<&'static str> {
    TokenScopes::from_bits(bits)
        .iter()
        .map(TokenScope::as_str)
        .collect()
}

/// A Pro API token, without its value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    /// What it may do; null is whatever the user may.
    #[schema(required, value_type = Option<Vec<String>>)]
    scopes: Option<Vec<&'static str>>,
    #[schema(required)]
    limits: Option<Limits>,
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    #[schema(required, format = DateTime)]
    last_used_at: Option<String>,
    /// The network of the last use, such as `203.0.113.0/24`.
    #[schema(required)]
    last_used_from: Option<String>,
    /// Requests of the last 30 days, counted a few minutes later.
    calls: i64,
    /// Those of them that its scopes did not allow.
    refused: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(required, format = DateTime)]
    revoked_at: Option<String>,
}

impl From<ProToken> for Token {
    fn from(token: ProToken) -> Self {
        Self {
            id: token.token_id,
            name: token.name,
            scopes: token.scopes.map(names),
            limits: token.limits.map(Into::into),
            expires_at: token.expires_at.map(timestamp),
            last_used_at: token.last_used_at.map(timestamp),
            last_used_from: token.last_used_from,
            calls: token.calls,
            refused: token.refused,
            created_at: timestamp(token.created_at),
            revoked_at: token.revoked_at.map(timestamp),
        }
    }
}

/// Every token of the user, revoked and expired ones too.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    pub(crate) tokens: Vec<Token>,
}

/// A new Pro API token. Its value is shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewToken {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    token: String,
    /// What it may do; null is whatever the user may.
    #[schema(required, value_type = Option<Vec<String>>)]
    scopes: Option<Vec<&'static str>>,
    #[schema(required)]
    limits: Option<Limits>,
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<CreateProTokenResponse> for NewToken {
    fn from(token: CreateProTokenResponse) -> Self {
        Self {
            id: token.token_id,
            name: token.name,
            token: token.token,
            scopes: token.scopes.map(names),
            limits: token.limits.map(Into::into),
            expires_at: token.expires_at.map(timestamp),
            created_at: timestamp(token.created_at),
        }
    }
}
