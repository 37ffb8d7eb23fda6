//! Pro users.

use mayfly_proto::auth::{RegisterUserResponse, SignInUserResponse, UserRole};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use crate::app::get_user::ProUser;

/// A Pro user's e-mail address and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EmailAndPassword {
    pub(crate) email: String,
    /// 8 to 256 bytes, taken byte for byte.
    pub(crate) password: String,
}

/// A Pro user and a token for them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProSignedIn {
    #[schema(format = Uuid)]
    pub(crate) user_id: String,
    pub(crate) email: String,
    /// A Pro JWT, valid for 7 days.
    pub(crate) token: String,
}

impl From<SignInUserResponse> for ProSignedIn {
    fn from(user: SignInUserResponse) -> Self {
        Self {
            user_id: user.user_id,
            email: user.email,
            token: user.token,
        }
    }
}

impl From<RegisterUserResponse> for ProSignedIn {
    fn from(user: RegisterUserResponse) -> Self {
        Self {
            user_id: user.user_id,
            email: user.email,
            token: user.token,
        }
    }
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

impl From<ProUser> for ProMe {
    fn from(ProUser { user, usage }: ProUser) -> Self {
        let role = match user.role() {
            UserRole::Admin => "admin",
            UserRole::User | UserRole::Unspecified => "user",
        };
        Self {
            id: user.user_id,
            email: user.email,
            plan: "pro",
            role,
            status: "active",
            max_accounts: usage.max_accounts,
            account_count: usage.account_count,
            max_domains: usage.max_domains,
            domain_count: usage.domain_count,
            created_at: timestamp(user.created_at),
        }
    }
}
