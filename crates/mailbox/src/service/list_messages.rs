//! Lists one page of a mailbox.

use mayfly_types::{AccountId, MessageId};

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
/// The page size of the dialects. Only first pages of this size are cached.
const CACHED_PAGE_SIZE: u32 = 30;

/// Which page of a list, and how large.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    page: u32,
    page_size: u32,
}

impl Paging {
    /// Checks the size of a page; page 0 is page 1.
    pub(super) fn new(page: u32, page_size: u32) -> Result<Self, Error> {
        if !(1..=MAX_PAGE_SIZE).contains(&page_size) {
            return Err(Error::InvalidRequest("page_size: must be from 1 to 100"));
        }
        Ok(Self { page, page_size })
    }

    pub(super) fn is_cached(self) -> bool {
        self.page <= 1 && self.page_size == CACHED_PAGE_SIZE
    }

    pub(super) fn limit(self) -> u64 {
        u64::from(self.page_size)
    }

    pub(super) fn offset(self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * self.limit()
    }
}

impl Service {
    /// Lists a page of 1 to 100 messages, newest first, numbered from 1; page 0 is page 1. A cached page can end with messages
    /// past their retention: see [`Service::oldest_shown`].
    #[tracing::instrument(name = "mailbox.list_messages", level = "debug", skip_all)]
    pub(crate) async fn list_messages(
        &self,
        scope: &Scope,
        page: u32,
        page_size: u32,
    ) -> Result<Page, Error> {
        let account = scope.account();
        let paging = Paging::new(page, page_size)?;
        if paging.is_cached()
            && let Some(page) = self.store.cache().page(account)
        {
            // The cache holds the mailbox of every cached page.
            self.mailbox(scope).await?;
            return Ok(page);
        }
        let owner = scope.owner().cloned();
        let oldest = self.oldest_shown(account);
        let (limit, offset) = (paging.limit(), paging.offset());
        let ticket = self.store.cache().begin(account);
        let Listed {
            messages,
            last_active_at_ms,
        } = self
            .store
            .read("list_messages", |c| {
                Box::pin(async move {
                    Ok(messages::list(c, account, owner.as_ref(), oldest, limit, offset).await?)
                })
            })
            .await?;
        match last_active_at_ms {
            Some(last_active_at_ms) => self.record_use(account, last_active_at_ms),
            // An open mailbox comes with its first mail.
            None if account.is_open() => {}
            // No message: check that the mailbox exists.
            None => drop(self.mailbox(scope).await?),
        }
        let listed = Page::from(messages);
        if paging.is_cached() {
            self.store.cache().insert_page(ticket, account, &listed);
        }
        Ok(listed)
    }

    /// Returns the smallest id of a message within the retention. A cached page gets older, so its reader filters by it.
    pub(crate) fn oldest_shown(&self, account: AccountId) -> MessageId {
        MessageId::floor(self.oldest_in(account))
    }
}
