//! Changes a webhook.

use mayfly_search::Query;
use mayfly_types::{OwnerAccess, WebhookId};
use time::OffsetDateTime;

use super::{
    Webhooks,
    list_webhooks::{Webhook, find_gives_up_at},
};
use crate::{error::Error, store::webhooks};

impl Webhooks {
    /// Sets the filter of a webhook; an empty one removes it. It applies to messages that arrive later.
    ///
    /// # Errors
    /// `InvalidFilter`, or `NotFound` when the Pro user has no such webhook.
    #[tracing::instrument(name = "webhooks.update_webhook", level = "debug", skip_all)]
    pub async fn update_webhook(
        &self,
        owner: OwnerAccess,
        webhook: WebhookId,
        filter: String,
    ) -> Result<Webhook, Error> {
        let filter = checked_filter(filter)?;
        self.store
            .write("update_webhook", move |tx| {
                let (owner, filter) = (owner.clone(), filter.clone());
                Box::pin(async move {
                    if !webhooks::set_filter(tx, &owner, webhook, filter).await? {
                        return Err(Error::NotFound);
                    }
                    let row = webhooks::find(tx, &owner, webhook)
                        .await?
                        .ok_or(Error::NotFound)?;
                    let gives_up_at = find_gives_up_at(tx, &row).await?;
                    Ok(Webhook::new(row, gives_up_at))
                })
            })
            .await
    }
}

/// Returns the filter to store: none for an empty one.
///
/// # Errors
/// `InvalidFilter`.
pub(crate) fn checked_filter(filter: String) -> Result<Option<String>, Error> {
    if filter.is_empty() {
        return Ok(None);
    }
    // Whether it is understood does not depend on the time.
    Query::parse(&filter, OffsetDateTime::UNIX_EPOCH).map_err(Error::InvalidFilter)?;
    Ok(Some(filter))
}
