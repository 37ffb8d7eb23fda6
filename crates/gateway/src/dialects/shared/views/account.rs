//! Mailboxes and domains.

use mayfly_proto::mailbox::{Domain, MailboxInfo};
use serde::Serialize;
use utoipa::ToSchema;

use super::timestamp;
use crate::app::sign_in;

/// A mailbox and a token for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    #[schema(format = Uuid)]
    pub(crate) id: String,
    pub(crate) address: String,
    /// A mailbox JWT, valid for 7 days.
    pub(crate) token: String,
}

impl From<sign_in::SignedIn> for SignedIn {
    fn from(signed_in: sign_in::SignedIn) -> Self {
        Self {
            id: signed_in.account_id,
            address: signed_in.address,
            token: signed_in.token,
        }
    }
}

/// The mailbox of the token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    #[schema(format = Uuid)]
    id: String,
    address: String,
    /// `user`, or `pro` when a Pro user owns the mailbox.
    role: &'static str,
    /// Bytes.
    quota: i64,
    /// Bytes.
    used: i64,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<MailboxInfo> for Me {
    fn from(mailbox: MailboxInfo) -> Self {
        Self {
            role: if mailbox.owner_user_id.is_some() {
                "pro"
            } else {
                "user"
            },
            id: mailbox.account_id,
            address: mailbox.address,
            quota: mailbox.quota_bytes,
            used: mailbox.used_bytes,
            created_at: timestamp(mailbox.created_at),
        }
    }
}

/// A mailbox in its owner's list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    #[schema(format = Uuid)]
    id: String,
    address: String,
    /// Bytes.
    quota: i64,
    /// Bytes.
    used: i64,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<MailboxInfo> for Account {
    fn from(mailbox: MailboxInfo) -> Self {
        Self {
            id: mailbox.account_id,
            address: mailbox.address,
            quota: mailbox.quota_bytes,
            used: mailbox.used_bytes,
            created_at: timestamp(mailbox.created_at),
        }
    }
}

/// A Pro user's mailboxes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountList {
    pub(crate) accounts: Vec<Account>,
}

/// A domain for mailboxes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemDomain {
    #[schema(format = Uuid)]
    id: String,
    domain: String,
    default: bool,
    sort_order: i32,
    pro_only: bool,
}

impl From<Domain> for SystemDomain {
    fn from(domain: Domain) -> Self {
        Self {
            id: domain.domain_id,
            domain: domain.domain,
            default: domain.is_default,
            sort_order: domain.sort_order,
            pro_only: domain.pro_only,
        }
    }
}

/// Every system domain, ascending by `sort_order`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DomainList {
    pub(crate) domains: Vec<SystemDomain>,
}

/// The password has been reset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasswordReset {
    message: &'static str,
}

impl PasswordReset {
    pub(crate) const DONE: Self = Self {
        message: "password_reset",
    };
}
