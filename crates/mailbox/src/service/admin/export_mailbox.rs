//! Exports a mailbox with all its messages, for an abuse desk.

use std::sync::Arc;

use mayfly_database::audit;
use mayfly_types::{AccountId, MessageId};

use super::action;
use crate::{
    error::Error,
    service::Service,
    store::{Mailbox, Message, State, mailboxes, messages},
};

/// A part of an export.
#[derive(Debug)]
pub(crate) enum ExportPart {
    Mailbox(Box<Mailbox>),
    /// A message with its bytes.
    Message(Box<Message>, Vec<u8>),
}

/// An export under way. It reads one message at a time.
#[derive(Debug)]
pub(crate) struct Export {
    service: Arc<Service>,
    account: AccountId,
    mailbox: Option<Box<Mailbox>>,
    after: Option<MessageId>,
}

impl Export {
    /// Returns the next part: first the mailbox, then its messages, oldest first.
    pub(crate) async fn next(&mut self) -> Result<Option<ExportPart>, Error> {
        if let Some(mailbox) = self.mailbox.take() {
            return Ok(Some(ExportPart::Mailbox(mailbox)));
        }
        let (account, after) = (self.account, self.after);
        let read = self.service.store.read("export_message", |c| {
            Box::pin(async move { Ok(messages::find_after(c, account, after).await?) })
        });
        let Some(message) = read.await? else {
            return Ok(None);
        };
        self.after = Some(message.id);
        let bytes = match self.service.raw(&message).await {
            Ok(raw) => raw.bytes,
            // Retention can remove the bytes meanwhile. One lost blob does not hide all other messages.
            Err(Error::NotFound | Error::BlobMissing) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Some(ExportPart::Message(Box::new(message), bytes)))
    }
}

impl Service {
    /// Begins the export of a mailbox in any state but reserved. It is recorded before anything is read.
    #[tracing::instrument(name = "mailbox.export_mailbox", level = "debug", skip_all)]
    pub(crate) async fn export_mailbox(
        self: &Arc<Self>,
        id: AccountId,
        operator: &str,
    ) -> Result<Export, Error> {
        let now = self.clock.now();
        let action = action(operator, "export_mailbox", id.to_string(), "");
        let found = self.store.write("export_mailbox", None, move |tx| {
            let action = action.clone();
            Box::pin(async move {
                let found = mailboxes::find(tx, id).await?;
                let found = found.filter(|mailbox| mailbox.state != State::Reserved);
                let found = found.ok_or(Error::NotFound)?;
                audit::record(tx, now, &action).await?;
                Ok(found)
            })
        });
        Ok(Export {
            service: self.clone(),
            account: id,
            mailbox: Some(Box::new(found.await?)),
            after: None,
        })
    }
}
