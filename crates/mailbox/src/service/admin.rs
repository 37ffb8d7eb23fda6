//! The use cases of operators: one file for each object. Each change records who made it.

mod blocks;
mod domains;
mod export_mailbox;
mod find_mailboxes;
mod get_statistics;
mod set_suspended;
mod webhooks;

pub(crate) use blocks::NewBlock;
pub(crate) use export_mailbox::{Export, ExportPart};
pub(crate) use find_mailboxes::FindBy;
pub(crate) use get_statistics::Counts;
pub(crate) use set_suspended::Suspend;

use mayfly_database::audit::{self, Action, AuditEntry};
use mayfly_types::{AccountId, UserId};

use super::Service;
use crate::{
    error::Error,
    store::{State, custom_domains, mailboxes, millis, outbox},
};

/// The most rows of an answer.
const MAX_ROWS: u32 = 1000;

/// Returns a limit within bounds.
fn rows(limit: u32) -> u64 {
    u64::from(limit.clamp(1, MAX_ROWS))
}

/// Creates an action of the audit log.
fn action(operator: &str, name: &'static str, subject: String, detail: impl Into<String>) -> Action {
    Action {
        operator: operator.to_owned(),
        name,
        subject,
        detail: detail.into(),
    }
}

impl Service {
    /// Deletes everything of a Pro user.
    #[tracing::instrument(name = "mailbox.delete_owner_by_operator", level = "debug", skip_all)]
    pub(crate) async fn delete_owner_by_operator(&self, owner: UserId, operator: &str) -> Result<(), Error> {
        let action = action(operator, "delete_user", owner.to_string(), "");
        self.delete_owner_by(owner, Some(action)).await
    }

    /// Lists the newest entries of the audit log, newest first.
    #[tracing::instrument(name = "mailbox.list_mailbox_audit", level = "debug", skip_all)]
    pub(crate) async fn list_audit(&self, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        self.store
            .read("list_audit", |c| {
                Box::pin(async move { Ok(audit::list(c, rows(limit)).await?) })
            })
            .await
    }

    /// Turns a mailbox into a tombstone, suspended or not.
    #[tracing::instrument(name = "mailbox.delete_mailbox_by_operator", level = "debug", skip_all)]
    pub(crate) async fn delete_mailbox_by_operator(
        &self,
        id: AccountId,
        operator: &str,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let action = action(operator, "delete_mailbox", id.to_string(), "");
        self.store
            .write("delete_mailbox", Some(id), move |tx| {
                let action = action.clone();
                Box::pin(async move {
                    mailboxes::set_state(tx, &[id], State::SUSPENDED, State::Active).await?;
                    if mailboxes::soft_delete(tx, &[id], millis(now)).await? == 0 {
                        return Err(Error::NotFound);
                    }
                    custom_domains::forget_catch_alls(tx, &[id]).await?;
                    outbox::delete_credentials(tx, &[id], now).await?;
                    Ok(audit::record(tx, now, &action).await?)
                })
            })
            .await?;
        self.outbox.notify_one();
        Ok(())
    }
}
