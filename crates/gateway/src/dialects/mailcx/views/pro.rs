//! Pro users and their tokens.

use mayfly_proto::auth::{CreateProTokenResponse, ProToken};
use serde::Serialize;
use utoipa::ToSchema;

use super::timestamp;

/// A Pro user and a token for them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProSignedIn {
    #[schema(format = Uuid)]
    pub(crate) user_id: String,
    pub(crate) email: String,
    /// A Pro JWT, valid for 7 days.
    pub(crate) token: String,
}

/// The Pro user of the token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProMe {
    #[schema(format = Uuid)]
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) plan: &'static str,
    pub(crate) role: &'static str,
    pub(crate) status: &'static str,
    pub(crate) max_accounts: i64,
    pub(crate) account_count: i64,
    pub(crate) max_domains: i64,
    pub(crate) domain_count: i64,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
}

/// A Pro API token, without its value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    #[schema(required, format = DateTime)]
    last_used_at: Option<String>,
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
            last_used_at: token.last_used_at.map(timestamp),
            created_at: timestamp(token.created_at),
            revoked_at: token.revoked_at.map(timestamp),
        }
    }
}

/// Every token of the user, revoked ones too.
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
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<CreateProTokenResponse> for NewToken {
    fn from(token: CreateProTokenResponse) -> Self {
        Self {
            id: token.token_id,
            name: token.name,
            token: token.token,
            created_at: timestamp(token.created_at),
        }
    }
}
