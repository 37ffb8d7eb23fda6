//! Suspends and resumes mailboxes.

use mayfly_database::audit;
use mayfly_types::{AccountId, UserId};

use super::action;
use crate::{
    block_list,
    error::Error,
    service::Service,
    store::{State, mailboxes, millis, outbox, owners},
};

/// Mailboxes of one statement: databases bound its parameters.
const BATCH: usize = 1000;

/// Which mailboxes are suspended or resumed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Suspend {
    Mailbox(AccountId),
    /// Every mailbox of a Pro user. Those that are suspended themselves stay so when the user is resumed.
    OwnedBy(UserId),
}

impl Service {
    /// Suspends or resumes mailboxes. Every read and delivery requires an active mailbox, so none that begins later succeeds.
    /// Returns how many changed.
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
                let (name, subject, changed) = match target {
                    Suspend::Mailbox(id) => {
                        let changed = match is_suspended {
                            true => {
                                let from = [State::Active, State::SuspendedWithOwner];
                                mailboxes::set_state(tx, &[id], from, State::Suspended).await?
                            }
                            false => {
                                mailboxes::set_state(tx, &[id], [State::Suspended; 2], State::Active).await?
                            }
                        };
                        if changed == 0 && !mailboxes::is_kept(tx, id).await? {
                            return Err(Error::NotFound);
                        }
                        ("mailbox", id.to_string(), changed)
                    }
                    Suspend::OwnedBy(owner) => {
                        let (from, to) = match is_suspended {
                            true => (State::Active, State::SuspendedWithOwner),
                            false => (State::SuspendedWithOwner, State::Active),
                        };
                        // Mailboxes before their owner, as deliveries lock them, so that concurrent ones cannot deadlock.
                        mailboxes::lock_of_owner(tx, owner).await?;
                        owners::set_suspended(tx, owner, is_suspended.then_some(millis(now))).await?;
                        if is_suspended {
                            // What is created meanwhile: a later reservation finds the user suspended.
                            let (_, reserved) = mailboxes::lock_of_owner(tx, owner).await?;
                            for ids in reserved.chunks(BATCH) {
                                mailboxes::remove(tx, ids).await?;
                            }
                            outbox::delete_credentials(tx, &reserved, now).await?;
                        }
                        let changed = mailboxes::set_state_of_owner(tx, owner, from, to).await?;
                        ("mailboxes_of_user", owner.to_string(), changed)
                    }
                };
                let name = match (name, is_suspended) {
                    ("mailbox", true) => "suspend_mailbox",
                    ("mailbox", false) => "resume_mailbox",
                    (_, true) => "suspend_mailboxes_of_user",
                    (_, false) => "resume_mailboxes_of_user",
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
