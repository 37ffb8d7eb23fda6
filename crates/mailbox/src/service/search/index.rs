//! Indexes messages after they were stored: by a task, and by a search for those that it would miss.

use std::time::{Duration, Instant};

use mayfly_mime::Extracted;
use mayfly_search::{Column, Document};
use mayfly_types::{AccountId, MessageId};

use super::{Followed, Known, document};
use crate::{
    error::Error,
    service::Service,
    store::{
        Message,
        search::{self as store, Behind, Entry, Whose},
    },
};

/// Messages, and mailboxes, of one transaction. It keeps deliveries waiting on SQLite, so it is short.
const BATCH: usize = 25;
/// Mailboxes that are read at once.
const MAILBOXES: u64 = 100;

/// How long a call indexes messages: less than the deadline of a search, which waits for it.
const MAX_TIME: Duration = Duration::from_secs(2);

/// What one transaction writes.
#[derive(Debug, Clone, Default)]
struct Pending {
    entries: Vec<Entry>,
    cursors: Vec<(AccountId, MessageId)>,
}

/// What a call indexes, and what is left of it.
struct Turn<'a> {
    /// Messages that it may still index.
    left: &'a mut usize,
    /// When it stops.
    until: Instant,
    pending: Pending,
    /// Whether the store of large mail did not answer. It is not asked again: each time costs seconds.
    is_store_down: bool,
}

/// How far a call came that indexes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexOutcome {
    /// All messages are indexed.
    AllIndexed,
    /// As many as a call may index are, or its time is over.
    LimitReached,
    /// All are but those of some mailboxes from a large message on: its store does not answer.
    Unreadable,
}

impl Service {
    /// Indexes messages of mailboxes until all are, or a number or [`MAX_TIME`] is reached. Returns whether all are.
    pub(crate) async fn index_followed(&self, whose: &Followed, most: usize) -> Result<bool, Error> {
        let (mut left, until) = (most, Instant::now() + MAX_TIME);
        loop {
            let behind = self.list_behind(Whose::Followed(whose.clone())).await?;
            if behind.is_empty() {
                return Ok(true);
            }
            if self.index_mailboxes(behind, &mut left, until).await? != IndexOutcome::AllIndexed {
                return Ok(false);
            }
        }
    }

    /// Indexes messages of some mailboxes until all are, or a number or [`MAX_TIME`] is reached.
    pub(crate) async fn index_those(
        &self,
        accounts: Vec<AccountId>,
        most: usize,
    ) -> Result<IndexOutcome, Error> {
        let behind = self.list_behind(Whose::Those(accounts)).await?;
        self.index_mailboxes(behind, &mut most.clone(), Instant::now() + MAX_TIME)
            .await
    }

    /// Lists mailboxes with messages that are not indexed yet, after one.
    pub(crate) async fn list_unindexed(&self, after: Option<AccountId>) -> Result<Vec<AccountId>, Error> {
        let behind = self.list_behind(Whose::All(after)).await?;
        Ok(behind.into_iter().map(|mailbox| mailbox.account_id).collect())
    }

    async fn list_behind(&self, whose: Whose) -> Result<Vec<Behind>, Error> {
        let read = self.store.read("list_unindexed_mailboxes", |c| {
            Box::pin(async move { Ok(store::list_behind(c, whose, MAILBOXES).await?) })
        });
        read.await
    }

    /// Indexes at most `left` messages of mailboxes, until a time.
    async fn index_mailboxes(
        &self,
        behind: Vec<Behind>,
        left: &mut usize,
        until: Instant,
    ) -> Result<IndexOutcome, Error> {
        let mut turn = Turn {
            left,
            until,
            pending: Pending::default(),
            is_store_down: false,
        };
        let mut all = IndexOutcome::AllIndexed;
        for mailbox in behind {
            match self.index_mailbox(mailbox, &mut turn).await? {
                IndexOutcome::AllIndexed => {}
                // Other mailboxes go on.
                IndexOutcome::Unreadable => all = IndexOutcome::Unreadable,
                IndexOutcome::LimitReached => {
                    all = IndexOutcome::LimitReached;
                    break;
                }
            }
        }
        self.store_pending(&mut turn.pending).await?;
        Ok(all)
    }

    async fn index_mailbox(&self, mailbox: Behind, turn: &mut Turn<'_>) -> Result<IndexOutcome, Error> {
        let account = mailbox.account_id;
        let mut after = mailbox.indexed_message_id;
        loop {
            if *turn.left == 0 || Instant::now() >= turn.until {
                return Ok(IndexOutcome::LimitReached);
            }
            let limit = (BATCH - turn.pending.entries.len()).min(*turn.left);
            let read = self.store.read("list_unindexed_messages", |c| {
                Box::pin(async move { Ok(store::list_after(c, account, after, limit as u64).await?) })
            });
            let messages = read.await?;
            *turn.left -= messages.len();
            let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
            let is_large = |message: &Message| {
                let size = usize::try_from(message.size_bytes).unwrap_or(usize::MAX);
                self.blobs.is_large(size)
            };
            if turn.is_store_down && messages.iter().any(is_large) {
                return Ok(IndexOutcome::Unreadable);
            }
            let read = match self.entries(mailbox, messages, turn.until).await {
                Ok((entries, read)) => {
                    turn.pending.entries.extend(entries);
                    read
                }
                Err(Error::Blob(error)) => {
                    tracing::warn!(%error, account = %mailbox.account_id, "cannot read a message to index it");
                    turn.is_store_down = true;
                    return Ok(IndexOutcome::Unreadable);
                }
                Err(error) => return Err(error),
            };
            let is_last = read == ids.len() && read < limit;
            let newest = ids[..read].last().copied();
            let pending = &mut turn.pending;
            // The last message can be deleted already.
            let indexed = match is_last {
                true => newest.max(Some(mailbox.last_message_id)),
                false => newest,
            };
            pending.cursors.extend(indexed.map(|indexed| (account, indexed)));
            if pending.entries.len() >= BATCH || pending.cursors.len() >= BATCH {
                self.store_pending(pending).await?;
            }
            after = indexed;
            if is_last {
                return Ok(IndexOutcome::AllIndexed);
            }
        }
    }

    async fn store_pending(&self, pending: &mut Pending) -> Result<(), Error> {
        let pending = std::mem::take(pending);
        if pending.cursors.is_empty() {
            return Ok(());
        }
        self.store
            .write("index_messages", None, move |tx| {
                let pending = pending.clone();
                Box::pin(async move {
                    store::insert(tx, &pending.entries).await?;
                    for (account, indexed) in pending.cursors {
                        store::set_cursor(tx, account, indexed).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Reads the words of messages, of the first and of others until a time. Those that are deleted meanwhile are left out. Returns how
    /// many it has read, too.
    async fn entries(
        &self,
        mailbox: Behind,
        messages: Vec<Message>,
        until: Instant,
    ) -> Result<(Vec<Entry>, usize), Error> {
        let mut entries = Vec::with_capacity(messages.len());
        let mut read = 0;
        for message in messages {
            if read > 0 && Instant::now() >= until {
                break;
            }
            read += 1;
            let _memory = self.large_reads.acquire(message.size_bytes).await?;
            let known = Known::new(&message, "", None, &Extracted::default());
            let words_of = |document: Document| {
                Column::ALL.map(|column| document.words(column).iter().cloned().collect())
            };
            let words = match self.raw(&message).await {
                Err(Error::NotFound) => continue,
                Err(Error::BlobMissing) => words_of(document::without_mail(known)),
                raw => {
                    let words = move |raw: &[u8]| words_of(document::of_mail(known, raw));
                    self.parse(raw?.bytes, words).await?.0
                }
            };
            entries.push(Entry {
                account: message.account_id,
                message: message.id,
                owner: mailbox.owner_user_id,
                words,
            });
        }
        Ok((entries, read))
    }
}
