//! A page of a mailbox.

use mayfly_types::MessageId;

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{cache::Page, messages},
};

/// Messages on a page.
const PAGE: u64 = 30;

impl Service {
    /// Lists a page, newest first, numbered from 1; 0 is taken for 1. What is past its retention may be at its end:
    /// see [`Service::oldest_shown`].
    #[tracing::instrument(name = "mailbox.list_messages", level = "debug", skip_all)]
    pub(crate) async fn list_messages(&self, scope: Scope, page: u32) -> Result<Page, Error> {
        let account = self.mailbox(scope).await?.id;
        let is_first = page <= 1;
        if is_first && let Some(page) = self.store.cache().page(account) {
            return Ok(page);
        }
        let oldest = self.oldest_shown().as_uuid();
        let offset = u64::from(page.saturating_sub(1)) * PAGE;
        let ticket = self.store.cache().begin(account);
        let listed: Page = self
            .store
            .read("list_messages", |c| {
                Box::pin(async move { Ok(messages::list(c, account, oldest, PAGE, offset).await?) })
            })
            .await?
            .into();
        if is_first {
            self.store.cache().remember_page(ticket, account, &listed);
        }
        Ok(listed)
    }

    /// Returns the smallest id of a message that is shown: a page that was remembered gets older.
    pub(crate) fn oldest_shown(&self) -> MessageId {
        MessageId::floor(self.oldest())
    }
}
