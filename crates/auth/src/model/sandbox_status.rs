//! Passwords of sandboxes.

use mayfly_types::{SandboxCredentialId, SandboxId, UserId};

/// The state of a password of a sandbox that was issued.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SandboxStatus {
    Revoked,
    /// The user is suspended.
    Suspended,
    Valid {
        id: SandboxCredentialId,
        user_id: UserId,
        sandbox_id: SandboxId,
    },
}
