//! Ids, addresses, error codes, reasons, secrets and the time, as every role uses them. No async, no I/O.

pub mod address;
mod client_network;
pub mod clock;
pub mod error_code;
pub mod ids;
mod mailbox_event;
mod message_received;
mod open_mailbox;
pub mod password;
mod reason;
pub mod secret;
mod timestamp;
mod token_limits;
mod token_scope;

pub use address::{Address, DomainName, InvalidAddress};
pub use client_network::{ClientPrefix, client_network, wider_network};
pub use clock::{Clock, SharedClock, SystemClock};
pub use error_code::ErrorCode;
pub use ids::{
    AccountId, AttemptId, AuditEntryId, AuditEventId, BlobId, BlockId, DomainId, HolderId, InvalidId,
    LOCAL_USER, MAX_CLAIM_BYTES, MessageId, OutboxEntryId, RawMessageId, SandboxCredentialId, SandboxId,
    TokenId, UserId, WebhookEventId, WebhookId,
};
pub use mailbox_event::MailboxEvent;
pub use message_received::MessageReceived;
pub use reason::{Reason, UnknownReason};
pub use secret::{SecretKey, random_bytes};
pub use timestamp::{rfc3339, unix_millis};
pub use token_limits::{InvalidLimits, OwnerAccess, TokenLimits};
pub use token_scope::{TokenScope, TokenScopes, UnknownScope};
