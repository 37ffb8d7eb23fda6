//! Lists one page of a mailbox.

use mayfly_types::MessageId;

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{
        cache::Page,
        messages::{self, Listed},
    },
};

/// The largest page.
const MAX_PAGE_SIZE: u32 = 100;
/// The page size of the bearer API. Only first pages of this size are cached.
const CACHED_PAGE_SIZE: u32 = 30;

impl Service {
    /// Lists a page of 1 to 100 messages, newest first, numbered from 1; page 0 is page 1. A cached page can end with messages
    /// past their retention: see [`Service::oldest_shown`].
    #[tracing::instrument(name = "mailbox.list_messages", level = "debug", skip_all)]
    pub(crate) async fn list_messages(&self, scope: Scope, page: u32, page_size: u32) -> Result<Page, Error> {
        let account = scope.account();
        if !(1..=MAX_PAGE_SIZE).contains(&page_size) {
            return Err(Error::InvalidRequest("page_size: must be from 1 to 100"));
        }
        let is_cached = page <= 1 && page_size == CACHED_PAGE_SIZE;
        if is_cached && let Some(page) = self.store.cache().page(account) {
            // The cache holds the mailbox of every cached page.
            self.mailbox(scope).await?;
            return Ok(page);
        }
        let owner = scope.owner();
        let oldest = self.oldest_shown();
        let limit = u64::from(page_size);
        let offset = u64::from(page.saturating_sub(1)) * limit;
        let ticket = self.store.cache().begin(account);
        let Listed {
            messages,
            last_active_at_ms,
        } = self
            .store
            .read("list_messages", |c| {
                Box::pin(async move { Ok(messages::list(c, account, owner, oldest, limit, offset).await?) })
            })
            .await?;
        match last_active_at_ms {
            Some(last_active_at_ms) => self.record_use(account, last_active_at_ms),
            // No message: check that the mailbox exists.
            None => drop(self.mailbox(scope).await?),
        }
        let listed = Page::from(messages);
        if is_cached {
            self.store.cache().insert_page(ticket, account, &listed);
        }
        Ok(listed)
    }

    /// Returns the smallest id of a message within the retention. A cached page gets older, so its reader filters by it.
    pub(crate) fn oldest_shown(&self) -> MessageId {
        MessageId::floor(self.oldest())
    }
}
