//! What the audit log of a Pro user records: changes and refusals, never reads.

use std::fmt::Display;

use mayfly_types::{AuditEventId, ClientPrefix, TokenId, UserId};
use time::OffsetDateTime;

/// Who does something.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Actor {
    /// `None` is the user, by password or by JWT.
    pub(crate) token: Option<TokenId>,
    pub(crate) client: Option<ClientPrefix>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The scopes of the token did not allow it.
    Refused,
    /// The password was wrong.
    Failed,
}

impl Outcome {
    /// Returns the name in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// An event to record.
#[derive(Debug, Clone)]
pub(crate) struct NewAuditEvent {
    pub(crate) id: AuditEventId,
    pub(crate) user_id: UserId,
    pub(crate) actor: Actor,
    pub(crate) action: String,
    pub(crate) object: String,
    pub(crate) outcome: Outcome,
    pub(crate) at: OffsetDateTime,
}

impl NewAuditEvent {
    /// Makes the event of a change.
    pub(crate) fn done(
        user_id: UserId,
        actor: Actor,
        action: &str,
        object: impl Display,
        at: OffsetDateTime,
    ) -> Self {
        Self {
            id: AuditEventId::new(at),
            user_id,
            actor,
            action: action.to_owned(),
            object: object.to_string(),
            outcome: Outcome::Done,
            at,
        }
    }
}
