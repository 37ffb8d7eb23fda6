//! Sandboxes.

use std::time::Duration;

use mayfly_proto::mailbox;
use mayfly_runtime::config::ConfigDuration;
use serde::Serialize;
use utoipa::ToSchema;

use super::timestamp;
use crate::{app::sandboxes::SandboxWithPassword, submission::Submission};

const NOTE: &str = "Mail that is sent with this login is captured for every recipient and never relayed.";
const OFF: &str = "This server takes no mail with a login (smtp.sandbox=off).";

/// The sandbox of the user's API tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DefaultSandbox {
    /// Whether it exists: the first login makes it.
    enabled: bool,
    #[schema(required, format = Uuid)]
    account_id: Option<String>,
    #[schema(required)]
    address: Option<String>,
    smtp_host: String,
    smtp_port: u16,
    auth_method: &'static str,
    /// `any`: the password is a Pro API token.
    username: &'static str,
    note: &'static str,
    /// Bytes.
    #[schema(required)]
    quota: Option<i64>,
    /// Bytes.
    #[schema(required)]
    used: Option<i64>,
}

impl DefaultSandbox {
    pub(crate) fn new(sandbox: Option<&mailbox::Sandbox>, submission: &Submission) -> Self {
        Self {
            enabled: submission.is_on && sandbox.is_some(),
            account_id: sandbox.map(|sandbox| sandbox.account_id.clone()),
            address: sandbox.map(|sandbox| sandbox.address.clone()),
            smtp_host: submission.host.clone(),
            smtp_port: submission.port,
            auth_method: "PLAIN",
            username: "any",
            note: if submission.is_on { NOTE } else { OFF },
            quota: sandbox.map(|sandbox| sandbox.quota_bytes),
            used: sandbox.map(|sandbox| sandbox.used_bytes),
        }
    }
}

/// How an application reaches the mail edge.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SmtpSettings {
    host: String,
    port: u16,
    /// With TLS from the start.
    #[schema(required)]
    submissions_port: Option<u16>,
    /// Of `port`: `starttls` or `none`.
    tls: &'static str,
}

impl From<&Submission> for SmtpSettings {
    fn from(submission: &Submission) -> Self {
        Self {
            host: submission.host.clone(),
            port: submission.port,
            submissions_port: submission.submissions_port,
            tls: if submission.has_tls { "starttls" } else { "none" },
        }
    }
}

/// A sandbox, without its password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sandbox {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    /// Its mailbox, as in `/pro/api/accounts/{id}/messages`.
    #[schema(format = Uuid)]
    account_id: String,
    username: String,
    smtp: SmtpSettings,
    /// Whether it is the one of the user's API tokens.
    is_default: bool,
    /// More than these remove the oldest.
    max_messages: u32,
    /// How long messages are kept, such as `7d` or `12h`.
    retention: String,
    /// Recipients that are mailboxes of the user get the mail too.
    deliver_to_own: bool,
    /// Bytes.
    quota: i64,
    /// Bytes.
    used: i64,
    #[schema(format = DateTime)]
    created_at: String,
}

impl Sandbox {
    pub(crate) fn new(sandbox: mailbox::Sandbox, submission: &Submission) -> Self {
        let retention = Duration::from_secs(u64::try_from(sandbox.retention_secs).unwrap_or_default());
        Self {
            id: sandbox.sandbox_id,
            name: sandbox.name,
            account_id: sandbox.account_id,
            username: sandbox.login,
            smtp: submission.into(),
            is_default: sandbox.is_default,
            max_messages: sandbox.max_messages,
            retention: ConfigDuration(retention).to_string(),
            deliver_to_own: sandbox.deliver_to_own,
            quota: sandbox.quota_bytes,
            used: sandbox.used_bytes,
            created_at: timestamp(sandbox.created_at),
        }
    }
}

/// Every sandbox of the user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SandboxList {
    pub(crate) sandboxes: Vec<Sandbox>,
}

/// A sandbox with a new password, which is shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewSandbox {
    #[serde(flatten)]
    sandbox: Sandbox,
    password: String,
    /// Everything that an application needs, password included.
    url: String,
}

impl NewSandbox {
    pub(crate) fn new(created: SandboxWithPassword, submission: &Submission) -> Self {
        let SandboxWithPassword { sandbox, password } = created;
        let host = match submission.host.contains(':') {
            true => format!("[{}]", submission.host),
            false => submission.host.clone(),
        };
        Self {
            url: format!("smtp://{}:{password}@{host}:{}", sandbox.login, submission.port),
            sandbox: Sandbox::new(sandbox, submission),
            password,
        }
    }
}

/// How many messages were deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deleted {
    pub(crate) deleted: i64,
}
