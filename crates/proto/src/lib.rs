//! Code generated from `/proto`, and the codec of its messages.
#![allow(clippy::all, reason = "generated")]

pub mod codec;

/// The packages, nested as their names are: one refers to another by its path.
mod mayfly {
    pub mod auth {
        pub mod v1 {
            tonic::include_proto!("mayfly.auth.v1");
        }
    }
    pub mod mailbox {
        pub mod v1 {
            tonic::include_proto!("mayfly.mailbox.v1");
        }
    }
}

/// Credentials: see `proto/mayfly/auth/v1/auth.proto`.
#[doc(inline)]
pub use mayfly::auth::v1 as auth;
/// Domains, mailboxes and messages: see `proto/mayfly/mailbox/v1/mailbox.proto`.
#[doc(inline)]
pub use mayfly::mailbox::v1 as mailbox;

/// The full paths of the methods that may be called again when it is not known whether a call arrived: those with an
/// `idempotency_level` in `/proto`.
pub const IDEMPOTENT_METHODS: &[&str] = include!(concat!(env!("OUT_DIR"), "/idempotent_methods.rs"));

/// Those of [`IDEMPOTENT_METHODS`] that only read and answer with one message: a second call may run beside the first.
pub const READ_METHODS: &[&str] = include!(concat!(env!("OUT_DIR"), "/read_methods.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_idempotent_and_change_nothing() {
        assert!(READ_METHODS.iter().all(|read| IDEMPOTENT_METHODS.contains(read)));
        assert!(READ_METHODS.contains(&"/mayfly.auth.v1.Auth/ValidateToken"));
        for method in ["MarkMessageRead", "GetMessageSource", "ResolveRecipient"] {
            let path = format!("/{}/{method}", mailbox::mailbox_server::SERVICE_NAME);
            assert!(!READ_METHODS.contains(&&*path), "{path}");
        }
    }

    /// Adding to this list is a decision: the service must answer the second time as it did the first.
    #[test]
    fn these_may_be_repeated_and_no_other() {
        let mailbox = [
            "ListDomains",
            "GetOpenDomains",
            "ActivateMailbox",
            "ReleaseMailbox",
            "FindMailbox",
            "GetMailbox",
            "ListMailboxes",
            "DeleteOwner",
            "GetUsage",
            "ListUsageDays",
            "ListCustomDomains",
            "SetCatchAll",
            "ListMessages",
            "ListMessagesAfter",
            "ListLastMessageIds",
            "GetMessage",
            "CheckMessage",
            "MarkMessageRead",
            "GetMessageSource",
            "GetAttachment",
            "ListSandboxes",
            "GetSandbox",
            "UpdateSandbox",
            "OpenSandbox",
            "SearchMessages",
            "ResolveRecipient",
            "ListWebhooks",
            "UpdateWebhook",
            "ListWebhookDeliveries",
            "ReplayWebhookDelivery",
        ];
        let auth = [
            "DeleteCredential",
            "ValidateToken",
            "IssueAnonymousToken",
            "ValidateAnonymousToken",
            "GetUser",
            "DeleteUser",
            "ListProTokens",
            "GetProToken",
            "RevokeToken",
            "RecordAuditEvent",
            "ListAuditEvents",
            "RevokeSandboxCredentials",
            "ValidateSubmission",
        ];
        let (auth_name, mailbox_name) = (
            auth::auth_server::SERVICE_NAME,
            mailbox::mailbox_server::SERVICE_NAME,
        );
        let (auth_admin, mailbox_admin) = (
            auth::auth_admin_server::SERVICE_NAME,
            mailbox::mailbox_admin_server::SERVICE_NAME,
        );
        let admin = [
            (auth_admin, "GetAuthStatistics"),
            (auth_admin, "ListUsers"),
            (auth_admin, "AuthorizeOperator"),
            (auth_admin, "ListAuthAudit"),
            (mailbox_admin, "FindMailboxes"),
            (mailbox_admin, "ListSystemDomains"),
            (mailbox_admin, "ListOperatedWebhooks"),
            (mailbox_admin, "ListBlocks"),
            (mailbox_admin, "GetStatistics"),
            (mailbox_admin, "ListMailboxAudit"),
            (mailbox::mailbox_acme_server::SERVICE_NAME, "GetAcmeState"),
        ];
        let expected: Vec<_> = auth
            .iter()
            .map(|method| format!("/{auth_name}/{method}"))
            .chain(mailbox.iter().map(|method| format!("/{mailbox_name}/{method}")))
            .chain(admin.iter().map(|(name, method)| format!("/{name}/{method}")))
            .collect();
        assert_eq!(IDEMPOTENT_METHODS, expected);
    }
}
