//! Lists one page of a mailbox with the addresses of each message and the totals of the mailbox.

use std::sync::Arc;

use mayfly_mime::Addresses;
use mayfly_types::MessageId;

use super::{Scope, Service, list_messages};
use crate::{
    error::Error,
    store::{
        Message, ParseStatus,
        addresses::{self, Read},
        cache::{DetailedMessage, DetailedPage},
        messages::{self, DetailedRow, ListedMessage},
    },
};

/// A page without messages past their retention, and the messages on all pages.
#[derive(Debug)]
pub(crate) struct DetailedList {
    pub(crate) page: Arc<DetailedPage>,
    /// How many of the page are shown.
    pub(crate) shown: usize,
    pub(crate) message_count: i64,
}

impl Service {
    /// Lists as [`Service::list_messages`] does, with the addresses of each message and the totals of the mailbox.
    #[tracing::instrument(name = "mailbox.list_messages_detailed", level = "debug", skip_all)]
    pub(crate) async fn list_messages_detailed(
        &self,
        scope: &Scope,
        page: u32,
        page_size: u32,
    ) -> Result<DetailedList, Error> {
        let paging = list_messages::Paging::new(page, page_size)?;
        let account = scope.account();
        let cached = paging
            .is_cached()
            .then(|| self.store.cache().detailed_page(account));
        let listed = match cached.flatten() {
            Some(listed) => {
                // The cache holds the mailbox of every cached page.
                self.mailbox(scope).await?;
                listed
            }
            None => self.read_detailed(scope, paging).await?,
        };
        let oldest = self.oldest_shown(account);
        let is_shown = |message: &&DetailedMessage| message.listed.id >= oldest;
        let shown = listed.messages.iter().take_while(is_shown).count();
        let message_count = self.count(scope, paging, &listed, shown, oldest).await?;
        Ok(DetailedList {
            page: listed,
            shown,
            message_count,
        })
    }

    async fn read_detailed(
        &self,
        scope: &Scope,
        paging: list_messages::Paging,
    ) -> Result<Arc<DetailedPage>, Error> {
        let (account, owner) = (scope.account(), scope.owner().cloned());
        let oldest = self.oldest_shown(account);
        let (limit, offset) = (paging.limit(), paging.offset());
        let ticket = self.store.cache().begin(account);
        let rows = self
            .store
            .read("list_messages_detailed", |c| {
                Box::pin(async move {
                    Ok(messages::list_detailed(c, account, owner.as_ref(), oldest, limit, offset).await?)
                })
            })
            .await?;
        let Some(DetailedRow {
            address,
            message_count,
            last_active_at_ms,
            first_id,
            ..
        }) = rows.first()
        else {
            let mailbox = self.mailbox(scope).await?;
            return Ok(Arc::new(DetailedPage {
                messages: Vec::new(),
                address: mailbox.address.clone(),
                stored_count: mailbox.message_count,
                first_id: None,
            }));
        };
        self.record_use(account, *last_active_at_ms);
        let mut page = DetailedPage {
            messages: Vec::with_capacity(rows.len()),
            address: address.clone(),
            stored_count: *message_count,
            first_id: Some(*first_id),
        };
        for row in rows {
            page.messages.push(self.detailed(row.message).await?);
        }
        let page = Arc::new(page);
        if paging.is_cached() {
            self.store.cache().insert_detailed_page(ticket, account, &page);
        }
        Ok(page)
    }

    /// Returns how many messages all pages have: those that are stored, without those past their retention.
    async fn count(
        &self,
        scope: &Scope,
        paging: list_messages::Paging,
        page: &DetailedPage,
        shown: usize,
        oldest: MessageId,
    ) -> Result<i64, Error> {
        let shown_count = i64::try_from(shown).unwrap_or(i64::MAX);
        let until_here = paging.offset().cast_signed().saturating_add(shown_count);
        let is_last = shown_count < paging.limit().cast_signed();
        if is_last && (shown > 0 || paging.offset() == 0) {
            return Ok(until_here);
        }
        if page.first_id.is_some_and(|first| first >= oldest) {
            return Ok(page.stored_count);
        }
        let account = scope.account();
        let expired = self
            .store
            .read("count_expired_messages", |c| {
                Box::pin(async move { Ok(messages::count_before(c, account, oldest).await?) })
            })
            .await?;
        Ok(page.stored_count.saturating_sub_unsigned(expired).max(0))
    }

    /// Returns a message with its addresses.
    async fn detailed(&self, message: Message) -> Result<DetailedMessage, Error> {
        let stored = addresses::decode(message.addresses.as_deref());
        let (has_attachments, addresses) = match stored {
            Some(addresses) => (message.has_attachments, addresses),
            None => self.read_addresses(&message).await?,
        };
        let listed = ListedMessage {
            has_attachments,
            ..message.into()
        };
        Ok(DetailedMessage { listed, addresses })
    }

    /// Reads the addresses of a mail that an earlier version stored, and stores them.
    async fn read_addresses(&self, message: &Message) -> Result<(Option<bool>, Addresses), Error> {
        if message.parse_status == ParseStatus::Failed {
            return Ok((message.has_attachments, Addresses::default()));
        }
        let _memory = self.large_reads.acquire(message.size_bytes).await?;
        let raw = match self.raw(message).await {
            // Deleted meanwhile.
            Err(Error::NotFound) => return Ok((message.has_attachments, Addresses::default())),
            raw => raw?,
        };
        let ((summary, _), _) = self.parse(raw.bytes, mayfly_mime::summarize).await?;
        let (account, read) = (
            message.account_id,
            Read {
                id: message.id,
                addresses: addresses::encode(&summary.addresses)?,
                has_attachments: summary.has_attachments,
            },
        );
        let stored = self.store.write("store_addresses", Some(account), move |tx| {
            let read = read.clone();
            Box::pin(async move { Ok(addresses::store(tx, account, read).await?) })
        });
        stored.await?;
        Ok((summary.has_attachments, summary.addresses))
    }
}
