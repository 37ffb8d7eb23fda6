//! Suspends and resumes mailboxes.

use mayfly_database::{DatabaseTransaction, audit};
use mayfly_types::{AccountId, UserId};
use mayfly_webhooks::set_webhooks_suspended;
use time::OffsetDateTime;

use super::action;
use crate::{
    block_list,
    error::Error,
    service::Service,
    store::{
        State, mailboxes, millis,
        owners::{self, Closed},
    },
};

/// Which mailboxes are suspended or resumed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Suspend {
    Mailbox(AccountId),
    /// Every mailbox of a Pro user. Those that are suspended themselves stay so when the user is resumed.
    OwnedBy(UserId),
}

impl Service {
    /// Suspends or resumes mailboxes. Every read and delivery requires an active mailbox, so none that begins later succeeds.
    /// With a Pro user the webhooks are suspended too. Returns how many mailboxes changed.
    ///
    /// # Errors
    /// `OwnerSuspended` for a mailbox that is to be resumed while its user is suspended.
    #[tracing::instrument(name = "mailbox.set_suspended", level = "debug", skip_all)]
    pub(crate) async fn set_suspended(
        &self,
        target: Suspend,
        is_suspended: bool,
        reason: &str,
        operator: &str,
    ) -> Result<u64, Error> {
        block_list::check_reason(reason)?;
        let (now, reason, operator) = (self.clock.now(), reason.to_owned(), operator.to_owned());
        let touched = match target {
            Suspend::Mailbox(id) => Some(id),
            Suspend::OwnedBy(_) => None,
        };
        let written = self.store.write("set_suspended", touched, move |tx| {
            let (reason, operator) = (reason.clone(), operator.clone());
            Box::pin(async move {
                let (changed, name, subject) = match (target, is_suspended) {
                    (Suspend::Mailbox(id), true) => {
                        (suspend_mailbox(tx, id).await?, "suspend_mailbox", id.to_string())
                    }
                    (Suspend::Mailbox(id), false) => {
                        (resume_mailbox(tx, id).await?, "resume_mailbox", id.to_string())
                    }
                    (Suspend::OwnedBy(owner), true) => {
                        let changed = suspend_owner(tx, owner, now).await?;
                        (changed, "suspend_mailboxes_of_user", owner.to_string())
                    }
                    (Suspend::OwnedBy(owner), false) => {
                        let changed = resume_owner(tx, owner).await?;
                        (changed, "resume_mailboxes_of_user", owner.to_string())
                    }
                };
                audit::record(tx, now, &action(&operator, name, subject, reason)).await?;
                Ok(changed)
            })
        });
        let written = written.await;
        if touched.is_none() {
            // Also after an error: a commit that failed can have happened.
            self.store.cache().clear();
            self.outbox.notify_one();
        }
        written
    }
}

async fn suspend_mailbox(tx: &DatabaseTransaction, id: AccountId) -> Result<u64, Error> {
    let from = [State::Active, State::SuspendedWithOwner];
    let changed = mailboxes::set_state(tx, &[id], from, State::Suspended).await?;
    mailboxes::find_kept(tx, id).await?.ok_or(Error::NotFound)?;
    Ok(changed)
}

async fn resume_mailbox(tx: &DatabaseTransaction, id: AccountId) -> Result<u64, Error> {
    let changed = mailboxes::set_state(tx, &[id], [State::Suspended; 2], State::Active).await?;
    let mailbox = mailboxes::find_kept(tx, id).await?.ok_or(Error::NotFound)?;
    if let Some(owner) = mailbox.owner_user_id
        && owners::is_suspended(tx, owner).await?
    {
        return Err(Error::OwnerSuspended);
    }
    Ok(changed)
}

async fn suspend_owner(tx: &DatabaseTransaction, owner: UserId, now: OffsetDateTime) -> Result<u64, Error> {
    owners::close(tx, owner, Closed::Suspended, now).await?;
    set_webhooks_suspended(tx, owner, Some(millis(now))).await?;
    Ok(mailboxes::set_state_of_owner(tx, owner, State::Active, State::SuspendedWithOwner).await?)
}

async fn resume_owner(tx: &DatabaseTransaction, owner: UserId) -> Result<u64, Error> {
    owners::resume(tx, owner).await?;
    set_webhooks_suspended(tx, owner, None).await?;
    Ok(mailboxes::set_state_of_owner(tx, owner, State::SuspendedWithOwner, State::Active).await?)
}
