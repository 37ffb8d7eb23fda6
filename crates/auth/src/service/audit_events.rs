//! The audit log of a Pro user: what edges report, and reading it.

use mayfly_types::{AuditEventId, TokenId, TokenScope, UserId};

use super::Service;
use crate::{
    error::Error,
    model::{
        audit_event::{Actor, NewAuditEvent, Outcome},
        pro_token::ValidToken,
    },
    store::AuditEvent,
};

/// The longest names of actions and objects.
const MAX_TEXT_BYTES: usize = 200;
/// Events of a page.
const MAX_PAGE_SIZE: u64 = 100;

impl Service {
    /// Adds an event that an edge reports. Refusals are counted, and recorded in the background.
    #[tracing::instrument(name = "auth.record_audit_event", level = "debug", skip_all)]
    pub(crate) async fn record_audit_event(&self, event: NewAuditEvent) -> Result<(), Error> {
        if event.action.len() > MAX_TEXT_BYTES || event.object.len() > MAX_TEXT_BYTES {
            return Err(Error::InvalidRequest("action, object: are too long"));
        }
        match (event.outcome, event.actor.token) {
            (Outcome::Done, _) => self.store.record_audit_event(event).await?,
            (_, token) => {
                if let Some(token) = token {
                    self.last_used.count_refusal(token);
                }
                self.audit_log.record(event);
            }
        }
        Ok(())
    }

    /// Records that a token lacks a scope. Returns the error.
    pub(super) fn refuse(&self, token: &ValidToken, action: &str, scope: TokenScope) -> Error {
        let actor = Actor {
            token: Some(token.id),
            client: None,
        };
        let event = NewAuditEvent::done(token.user_id, actor, action, scope, self.clock.now());
        self.last_used.count_refusal(token.id);
        self.audit_log.record(NewAuditEvent {
            outcome: Outcome::Refused,
            ..event
        });
        Error::InsufficientScope { scope }
    }

    /// Lists the events of a user, or of one token, before an event; newest first.
    #[tracing::instrument(name = "auth.list_audit_events", skip_all)]
    pub(crate) async fn list_audit_events(
        &self,
        user_id: UserId,
        token: Option<TokenId>,
        before: Option<AuditEventId>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, Error> {
        let limit = u64::from(limit).clamp(1, MAX_PAGE_SIZE);
        Ok(self
            .store
            .list_audit_events(user_id, token, before, limit)
            .await?)
    }
}
