//! A Pro user's webhooks.

use mayfly_types::{UserId, WebhookId};
use uuid::Uuid;

use super::Service;
use crate::{
    error::Error,
    store::{
        entities::webhook::{Model as Webhook, State},
        webhook_events, webhooks,
    },
    webhooks::gives_up_at_ms,
};

/// A webhook, and about when it ends if its receiver goes on to fail.
pub(crate) type Listed = (Webhook, Option<i64>);

impl Service {
    /// Lists the webhooks of a Pro user, oldest first.
    #[tracing::instrument(name = "mailbox.list_webhooks", level = "debug", skip_all)]
    pub(crate) async fn list_webhooks(&self, owner_user_id: &str) -> Result<Vec<Listed>, Error> {
        let Ok(owner) = owner_user_id.parse::<UserId>() else {
            return Ok(Vec::new());
        };
        self.store
            .read("list_webhooks", |c| {
                Box::pin(async move {
                    let mut listed = Vec::new();
                    for webhook in webhooks::list(c, owner.as_uuid()).await? {
                        let most_tried = match webhook.state {
                            State::Active => webhook_events::find_most_tried(c, webhook.id).await?,
                            State::Failed => None,
                        };
                        let gives_up = most_tried.and_then(|event| {
                            Some(gives_up_at_ms(event.attempts, event.next_attempt_at_ms?))
                        });
                        listed.push((webhook, gives_up));
                    }
                    Ok(listed)
                })
            })
            .await
    }

    /// Returns a Pro user's webhook. Another's is not there.
    pub(super) async fn webhook(&self, owner_user_id: &str, webhook_id: &str) -> Result<Webhook, Error> {
        let (owner, id) = webhook_ids(owner_user_id, webhook_id)?;
        let found = self.store.read("find_webhook", |c| {
            Box::pin(async move { Ok(webhooks::find(c, owner.as_uuid(), id).await?) })
        });
        found.await?.ok_or(Error::NotFound)
    }
}

/// Reads whose webhook is meant, and which. What is no id is not there.
pub(super) fn webhook_ids(owner_user_id: &str, webhook_id: &str) -> Result<(UserId, Uuid), Error> {
    let owner = owner_user_id.parse().map_err(|_| Error::NotFound)?;
    let id: WebhookId = webhook_id.parse().map_err(|_| Error::NotFound)?;
    Ok((owner, id.as_uuid()))
}

/// Tells whether a webhook that was looked for is told of what happens: to one that has failed nothing is sent, so nothing is added.
pub(super) fn must_be_active(found: Option<Webhook>) -> Result<(), Error> {
    match found.ok_or(Error::NotFound)?.state {
        State::Active => Ok(()),
        State::Failed => Err(Error::InvalidRequest(
            "the webhook has failed, and nothing is sent to it: rotate its secret first",
        )),
    }
}
