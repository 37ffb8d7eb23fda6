//! Mailboxes.

use mayfly_proto::mailbox::MailboxInfo;
use serde::Serialize;
use utoipa::ToSchema;

use super::{node::Resource, timestamp};

/// A mailbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    #[schema(format = Uuid)]
    id: String,
    address: String,
    /// Bytes.
    quota: i64,
    /// Bytes.
    used: i64,
    /// Always false.
    is_disabled: bool,
    /// True in the last event of a stream only.
    is_deleted: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// As `createdAt`.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl Account {
    /// The mailbox, after its deletion.
    pub(crate) fn deleted(mailbox: MailboxInfo) -> Self {
        Self {
            is_deleted: true,
            ..mailbox.into()
        }
    }
}

impl From<MailboxInfo> for Account {
    fn from(mailbox: MailboxInfo) -> Self {
        let created_at = timestamp(mailbox.created_at);
        Self {
            id: mailbox.account_id,
            address: mailbox.address,
            quota: mailbox.quota_bytes,
            used: mailbox.used_bytes,
            is_disabled: false,
            is_deleted: false,
            updated_at: created_at.clone(),
            created_at,
        }
    }
}

impl Resource for Account {
    const TYPE: &'static str = "Account";

    fn path(&self) -> String {
        format!("/accounts/{}", self.id)
    }
}

/// A token for a mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    /// A JWT, valid for 7 days.
    pub(crate) token: String,
    /// The mailbox.
    #[schema(format = Uuid)]
    pub(crate) id: String,
}
