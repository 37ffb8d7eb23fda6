//! Deletes everything of a Pro user. The outbox deletes the user and the credentials of the mailboxes in `auth`; the sweeper
//! removes the rows.

use mayfly_database::audit::{self, Action};
use mayfly_types::UserId;
use mayfly_webhooks::delete_webhooks_of;

use super::Service;
use crate::{
    error::Error,
    store::{
        State, custom_domains, mailboxes, millis, outbox,
        owners::{self, Closed},
        sandboxes, usage_days,
    },
};

impl Service {
    /// Turns the mailboxes of a Pro user into tombstones and removes the domains and webhooks, in one transaction. What is
    /// created concurrently is deleted too, or its creation finds the user deleted. Suspended mailboxes stay for the operator.
    #[tracing::instrument(name = "mailbox.delete_owner", level = "debug", skip_all)]
    pub(crate) async fn delete_owner(&self, owner: UserId) -> Result<(), Error> {
        self.delete_owner_by(owner, None).await
    }

    /// As [`Service::delete_owner`]. An operator also deletes the mailboxes that are suspended with their owner.
    pub(super) async fn delete_owner_by(&self, owner: UserId, operator: Option<Action>) -> Result<(), Error> {
        let now = self.clock.now();
        let deleted = self.store.write("delete_owner", None, move |tx| {
            let operator = operator.clone();
            Box::pin(async move {
                if let Some(action) = operator {
                    let (from, to) = (State::SuspendedWithOwner, State::Active);
                    mailboxes::set_state_of_owner(tx, owner, from, to).await?;
                    audit::record(tx, now, &action).await?;
                }
                let active = owners::close(tx, owner, Closed::Deleted, now).await?;
                mailboxes::soft_delete(tx, &active, millis(now)).await?;
                sandboxes::remove_of(tx, &active, now).await?;
                custom_domains::remove_of_user(tx, owner).await?;
                delete_webhooks_of(tx, owner).await?;
                usage_days::remove_of(tx, owner).await?;
                outbox::delete_credentials(tx, &active, now).await?;
                Ok(outbox::delete_user(tx, owner, now).await?)
            })
        });
        let deleted = deleted.await;
        // Also after an error: a commit that failed can have happened.
        self.store.cache().clear();
        deleted?;
        self.outbox.notify_one();
        Ok(())
    }
}
