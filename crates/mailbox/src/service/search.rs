//! What searches share: which messages are examined, and within which bounds.

pub(crate) mod document;
mod index;

use std::collections::HashMap;

use mayfly_mime::Extracted;
use mayfly_search::{Condition, Flag, Lookup, Query, Zone};
use mayfly_types::{AccountId, MessageId, OwnerAccess};

pub(super) use self::document::Known;
pub(crate) use self::index::IndexOutcome;
use super::{MessageReceived, Scope, Service};
use crate::{
    error::Error,
    store::{
        Mailbox, Message,
        extracted::{self, StoredExtracted},
        messages::Followed,
        sandboxes,
        search::{self as store, Range},
    },
};

/// Messages that are read at once.
const BATCH: u64 = 200;
/// Messages that one call examines. The next call goes on behind them.
const MAX_EXAMINED: usize = 2000;
/// Bytes of mail that one call reads.
const MAX_READ_BYTES: i64 = 32 << 20;
/// Messages that a call indexes before it searches, if its mailboxes have some that are not.
const MAX_INDEXED: usize = 500;

/// Which mailboxes are searched.
#[derive(Debug, Clone)]
pub(crate) enum SearchScope {
    One(Scope),
    /// Every mailbox of a Pro user within the limits.
    AnyOwnedBy(OwnerAccess),
}

/// Who searches for what.
#[derive(Debug, Clone)]
pub(crate) struct SearchRequest {
    pub(crate) scope: SearchScope,
    pub(crate) query: String,
    /// Of days in the query.
    pub(crate) zone: Zone,
    /// Messages up to this one have been examined.
    pub(crate) after: Option<MessageId>,
    /// At most so many messages.
    pub(crate) limit: usize,
    /// If there are any, only these messages are examined, without the index.
    pub(crate) only: Vec<(AccountId, MessageId)>,
}

/// A search in progress.
pub(super) struct Search {
    whose: Followed,
    /// `None` without an index: then every message is examined.
    lookups: Option<Vec<Lookup>>,
    /// What the index does not answer.
    open: Query,
    oldest: MessageId,
    /// Everything that came before the call is indexed.
    pub(super) is_complete: bool,
}

/// A message that was found.
pub(super) struct Found {
    pub(super) message: Message,
    pub(super) mailbox: Mailbox,
    stored: Option<StoredExtracted>,
}

/// What a call examined.
pub(super) struct Examined {
    pub(super) found: Vec<Found>,
    /// The last message that was examined, unless there are no more.
    pub(super) next: Option<MessageId>,
}

/// What a call may still examine.
struct Budget {
    messages: usize,
    bytes: i64,
}

impl Service {
    /// Decides how a query is answered, and indexes what it needs.
    pub(super) async fn begin_search(&self, request: &SearchRequest) -> Result<Search, Error> {
        let query = Query::parse_in(&request.query, self.clock.now(), &request.zone);
        let query = query.map_err(Error::InvalidQuery)?;
        let (whose, is_owned, oldest) = match &request.scope {
            SearchScope::AnyOwnedBy(owner) => {
                let whose = match self.owned_mailbox(&query, owner).await? {
                    Some(account) => Followed::Mailbox(account),
                    None => Followed::Owner(owner.clone()),
                };
                (whose, true, self.oldest())
            }
            SearchScope::One(scope) => {
                let account = scope.account();
                let mailbox = match self.mailbox(scope).await {
                    // An open mailbox comes with its first mail.
                    Err(Error::NotFound) if account.is_open() => None,
                    mailbox => Some(mailbox?),
                };
                let is_owned = mailbox.is_some_and(|mailbox| mailbox.owner_user_id.is_some());
                (Followed::Mailbox(account), is_owned, self.oldest_in(account))
            }
        };
        let is_indexed = is_owned && request.only.is_empty();
        let is_complete = !is_indexed || self.index_followed(&whose, MAX_INDEXED).await?;
        let is_body_exact = store::is_body_exact(self.store.database().is_shared());
        let (lookups, open) = match is_indexed {
            true => {
                let is_exact = |column| column != Some(mayfly_search::Column::Body) || is_body_exact;
                (Some(query.lookups()), query.without_lookups(is_exact))
            }
            false => (None, query),
        };
        Ok(Search {
            whose,
            lookups,
            open,
            oldest: MessageId::floor(oldest),
            is_complete,
        })
    }

    /// Returns the mailbox of a Pro user that a query names by its id: then no message of another one is examined.
    async fn owned_mailbox(&self, query: &Query, owner: &OwnerAccess) -> Result<Option<AccountId>, Error> {
        let Some(account) = query.mailbox_id().and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let owner = owner.clone();
        match self.mailbox(&Scope::Owned { account, owner }).await {
            Err(Error::NotFound) => Ok(None),
            mailbox => mailbox.map(|mailbox| Some(mailbox.id)),
        }
    }

    /// Examines messages until enough are found, none is left, or the bounds of a call are reached.
    pub(super) async fn examine(
        &self,
        search: &Search,
        is_oldest_first: bool,
        mut after: Option<MessageId>,
        wanted: usize,
    ) -> Result<Examined, Error> {
        let mut found = Vec::new();
        let mut budget = Budget {
            messages: MAX_EXAMINED,
            bytes: MAX_READ_BYTES,
        };
        loop {
            let range = Range {
                is_oldest_first,
                after,
                limit: BATCH,
            };
            let ids = self.candidates(search, range).await?;
            let is_last = (ids.len() as u64) < BATCH;
            let mut rows = self.rows(&search.whose, &ids).await?;
            for (_, id) in &ids {
                if found.len() == wanted || budget.messages == 0 || budget.bytes <= 0 {
                    return Ok(Examined { found, next: after });
                }
                // Past its retention, and not removed yet.
                if *id < search.oldest && !is_oldest_first {
                    return Ok(Examined { found, next: None });
                }
                after = Some(*id);
                budget.messages -= 1;
                if *id >= search.oldest
                    && let Some(row) = rows.remove(id)
                    && self.is_found(search, &row, &mut budget).await?
                {
                    found.push(row);
                }
            }
            if is_last {
                return Ok(Examined { found, next: None });
            }
        }
    }

    /// Examines some messages. Returns those that are found, newest first.
    pub(super) async fn examine_those(
        &self,
        search: &Search,
        ids: &[(AccountId, MessageId)],
    ) -> Result<Examined, Error> {
        let mut budget = Budget {
            messages: ids.len(),
            bytes: i64::MAX,
        };
        let rows = self.rows(&search.whose, ids).await?;
        let mut found = Vec::new();
        for row in rows.into_values() {
            if row.message.id >= search.oldest && self.is_found(search, &row, &mut budget).await? {
                found.push(row);
            }
        }
        found.sort_unstable_by_key(|row| std::cmp::Reverse(row.message.id));
        Ok(Examined { found, next: None })
    }

    async fn candidates(&self, search: &Search, range: Range) -> Result<Vec<(AccountId, MessageId)>, Error> {
        let (whose, lookups) = (search.whose.clone(), search.lookups.clone());
        let read = self.store.read("list_search_candidates", |c| {
            Box::pin(async move {
                Ok(match (lookups, whose) {
                    (Some(lookups), whose) => store::list_indexed(c, &whose, &lookups, range).await?,
                    (None, Followed::Mailbox(account)) => store::list_stored(c, account, range).await?,
                    (None, Followed::Owner(_)) => Vec::new(),
                })
            })
        });
        read.await
    }

    async fn rows(
        &self,
        whose: &Followed,
        ids: &[(AccountId, MessageId)],
    ) -> Result<HashMap<MessageId, Found>, Error> {
        let (whose, ids) = (whose.clone(), ids.to_vec());
        let read = self.store.read("find_search_candidates", |c| {
            Box::pin(async move {
                let rows = store::find_all(c, &whose, &ids).await?;
                let raw_ids = rows.iter().map(|(message, _)| message.raw_id).collect();
                let stored = extracted::list(c, raw_ids).await?;
                Ok((rows, stored.into_iter().collect::<HashMap<_, _>>()))
            })
        });
        let (rows, stored) = read.await?;
        let found = |(message, mailbox): (Message, Mailbox)| {
            let stored = stored.get(&message.raw_id).cloned();
            let id = message.id;
            (
                id,
                Found {
                    message,
                    mailbox,
                    stored,
                },
            )
        };
        Ok(rows.into_iter().map(found).collect())
    }

    async fn is_found(&self, search: &Search, row: &Found, budget: &mut Budget) -> Result<bool, Error> {
        let open = &search.open;
        if open.terms().is_empty() {
            return Ok(true);
        }
        let known = self.known(open, row).await?;
        if !open.needs_mail() {
            return Ok(open.matches(&document::without_mail(known)));
        }
        budget.bytes -= row.message.size_bytes;
        let _memory = self.large_reads.acquire(row.message.size_bytes).await?;
        let raw = match self.raw(&row.message).await {
            // Deleted meanwhile.
            Err(Error::NotFound) => return Ok(false),
            // As it is indexed.
            Err(Error::BlobMissing) => return Ok(open.matches(&document::without_mail(known))),
            raw => raw?,
        };
        let open = open.clone();
        let matched = self
            .parse(raw.bytes, move |raw| open.matches(&document::of_mail(known, raw)))
            .await?;
        Ok(matched.0)
    }

    /// Returns what is known of a message without its bytes.
    async fn known(&self, query: &Query, row: &Found) -> Result<Known, Error> {
        let asks = |is_asked: fn(&Condition) -> bool| {
            let mut conditions = query.terms().iter().map(|term| &term.condition);
            conditions.any(is_asked)
        };
        let has_findings = asks(|condition| matches!(condition, Condition::Has(Flag::Code | Flag::Link)));
        let extracted = match has_findings {
            true => self.extracted_of(row).await?,
            false => Extracted::default(),
        };
        let sandbox = match asks(|condition| matches!(condition, Condition::In(_))) {
            true => self.sandbox_name(row.message.account_id).await?,
            false => None,
        };
        Ok(Known::new(
            &row.message,
            &row.mailbox.address,
            sandbox,
            &extracted,
        ))
    }

    async fn sandbox_name(&self, account: AccountId) -> Result<Option<String>, Error> {
        let read = self.store.read("find_sandbox_name", |c| {
            Box::pin(async move { Ok(sandboxes::list_of_accounts(c, vec![account]).await?) })
        });
        Ok(read.await?.pop().map(|sandbox| sandbox.name))
    }

    async fn extracted_of(&self, row: &Found) -> Result<Extracted, Error> {
        match row.stored.as_ref().map(StoredExtracted::decode) {
            // Its bytes are gone: it was deleted meanwhile.
            None => Ok(Extracted::default()),
            Some(Ok(extracted)) => Ok(extracted),
            Some(Err(reason)) => Ok(self.recompute(&row.message, reason).await?.0),
        }
    }

    /// Returns a found message as streams return messages.
    pub(super) async fn found_message(&self, row: Found) -> Result<MessageReceived, Error> {
        Ok(MessageReceived {
            extracted: self.extracted_of(&row).await?,
            address: row.mailbox.address,
            message: row.message,
        })
    }
}
