//! The messages of a batch as filters of webhooks see them: with the fields that the query of a wait has.

use std::sync::Arc;

use mayfly_database::{DatabaseTransaction, DbErr};
use mayfly_search::{Document, Query};
use mayfly_types::OwnerAccess;
use mayfly_webhooks::FilteredMessages;

use super::Delivery;
use crate::{
    service::document::{self, Known},
    store::{Mailbox, Message, sandboxes, within},
};

/// The messages of a batch that mailboxes of Pro users received.
pub(super) struct Filtered<'a> {
    tx: &'a DatabaseTransaction,
    messages: Vec<FilteredMessage<'a>>,
}

/// A message. What filters need of it is read at most once.
struct FilteredMessage<'a> {
    message: &'a Message,
    mailbox: &'a Mailbox,
    delivery: &'a Arc<Delivery>,
    known: Option<Known>,
    document: Option<Document>,
}

impl<'a> Filtered<'a> {
    pub(super) fn new(tx: &'a DatabaseTransaction) -> Self {
        Self {
            tx,
            messages: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, message: &'a Message, mailbox: &'a Mailbox, delivery: &'a Arc<Delivery>) {
        self.messages.push(FilteredMessage {
            message,
            mailbox,
            delivery,
            known: None,
            document: None,
        });
    }
}

impl FilteredMessages for Filtered<'_> {
    async fn fulfils(&mut self, index: usize, query: &Query) -> Result<bool, DbErr> {
        let Some(message) = self.messages.get_mut(index) else {
            return Ok(true);
        };
        let known = match message.known.take() {
            Some(known) => known,
            None => message.read_known(self.tx).await?,
        };
        message.known = Some(known.clone());
        // Parsing a mail keeps the transaction open, so the conditions that need none come first.
        let summary = document::without_mail(known.clone());
        let is_possible = query.without_mail().matches(&summary);
        if !is_possible || !query.needs_mail() {
            return Ok(is_possible);
        }
        if message.document.is_none() {
            let delivery = Arc::clone(message.delivery);
            let read = tokio::task::spawn_blocking(move || document::of_mail(known, &delivery.raw));
            // A mail that cannot be read has what is known without it.
            message.document = Some(read.await.unwrap_or(summary));
        }
        Ok(message
            .document
            .as_ref()
            .is_none_or(|document| query.matches(document)))
    }

    async fn is_within(&mut self, index: usize, owner: &OwnerAccess) -> Result<bool, DbErr> {
        match self.messages.get(index) {
            Some(message) => within::contains(self.tx, owner, message.message.account_id).await,
            None => Ok(false),
        }
    }
}

impl FilteredMessage<'_> {
    async fn read_known(&self, tx: &DatabaseTransaction) -> Result<Known, DbErr> {
        let account = self.message.account_id;
        let submission = self.delivery.submission.as_ref();
        let sandbox = match submission.is_some_and(|submission| submission.sandbox == account) {
            true => sandboxes::list_of_accounts(tx, vec![account]).await?.pop(),
            false => None,
        };
        // Written by this version just now.
        let extracted = self.delivery.extracted.decode().unwrap_or_default();
        let name = sandbox.map(|sandbox| sandbox.name);
        Ok(Known::new(self.message, &self.mailbox.address, name, &extracted))
    }
}
