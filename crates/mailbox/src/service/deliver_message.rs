//! Delivers a message: collects its bytes, parses them, and hands it to the delivery writer.

mod submission;

use bytes::Bytes;
use mayfly_runtime::fair::Permit;
use mayfly_types::{AccountId, MessageId};

pub(crate) use submission::{NewSubmission, Origin};

use super::Service;
use crate::{
    blobs::NewBlob,
    delivery::{Delivery, StoredIds},
    error::Error,
    storage::Admission,
    store::{addresses, extracted::StoredExtracted},
};
use submission::ResolvedSubmission;

/// More recipients than an SMTP transaction accepts.
const MAX_RECIPIENTS: usize = 1000;
/// The longest command line of the edge, whose sender VERP, SRS and Exchange make longer than RFC 5321 allows.
const MAX_SENDER_BYTES: usize = 2048;

/// An envelope.
#[derive(Debug)]
pub(crate) struct NewDelivery {
    pub(crate) sender: String,
    pub(crate) to: NewRecipients,
    pub(crate) size_bytes: i64,
}

/// Who a message is for.
#[derive(Debug)]
pub(crate) enum NewRecipients {
    /// Mailboxes, of mail from outside.
    Mailboxes(Vec<String>),
    /// A sandbox, of mail of a client that has logged in.
    Sandbox(NewSubmission),
}

/// A delivery whose bytes are still arriving.
#[derive(Debug)]
pub(crate) struct Intake {
    sender: String,
    to: Recipients,
    size: usize,
    raw: Vec<u8>,
    memory: Permit,
    /// Until the message is stored.
    _admission: Admission,
}

#[derive(Debug)]
enum Recipients {
    Mailboxes(Vec<AccountId>),
    Sandbox(ResolvedSubmission),
}

impl Service {
    /// Validates an envelope and reserves space and memory for its message.
    pub(crate) async fn begin_delivery(&self, delivery: NewDelivery) -> Result<Intake, Error> {
        let size = usize::try_from(delivery.size_bytes)
            .map_err(|_| Error::InvalidRequest("size_bytes must not be negative"))?;
        if u64::try_from(size).unwrap_or(u64::MAX) > self.config.max_message_bytes {
            return Err(Error::MessageTooLarge);
        }
        if delivery.sender.len() > MAX_SENDER_BYTES {
            return Err(Error::InvalidRequest("the sender is too long"));
        }
        let to = match delivery.to {
            NewRecipients::Mailboxes(ids) => {
                check_count(ids.len())?;
                let ids = ids.iter().map(|id| id.parse().map_err(|_| Error::NotFound));
                Recipients::Mailboxes(ids.collect::<Result<_, _>>()?)
            }
            NewRecipients::Sandbox(new) => {
                check_count(new.recipients.len())?;
                Recipients::Sandbox(self.resolve_submission(&delivery.sender, new).await?)
            }
        };
        let recipients = match &to {
            Recipients::Mailboxes(ids) => ids.len(),
            Recipients::Sandbox(resolved) => resolved.accounts.len(),
        };
        Ok(Intake {
            sender: delivery.sender,
            to,
            size,
            // First: what waits here does not write yet, and takes no room from others.
            memory: self
                .deliveries
                .reserve_memory(size, self.blobs.is_large(size), recipients)
                .await?,
            _admission: self.storage.admit(size).await?,
            // Allocated at once: growing a vector needs twice the memory at times.
            raw: Vec::with_capacity(size),
        })
    }

    /// Stores a complete message. Returns an id for each recipient, in their order; for a sandbox, one.
    #[tracing::instrument(name = "mailbox.deliver_message", level = "debug", skip_all)]
    pub(crate) async fn finish_delivery(&self, intake: Intake) -> Result<Vec<MessageId>, Error> {
        if intake.raw.len() != intake.size {
            return Err(Error::InvalidRequest(
                "the message is shorter than its envelope says",
            ));
        }
        let ((summary, extracted), raw) = self.parse(intake.raw, mayfly_mime::summarize).await?;
        let raw = Bytes::from(raw);
        // Durable before the transaction that names it.
        let blob = match self.blobs.is_large(raw.len()) {
            true => Some(self.blobs.put(&raw).await?),
            false => None,
        };
        let extracted = StoredExtracted::encode(&extracted)?;
        let addresses = addresses::encode(&summary.addresses)?;
        let (mut accounts, submission, asked) = match intake.to {
            Recipients::Mailboxes(ids) => (ids.clone(), None, ids),
            Recipients::Sandbox(ResolvedSubmission { accounts, submission }) => {
                let asked = vec![submission.sandbox];
                (accounts, Some(submission), asked)
            }
        };
        accounts.sort_unstable();
        accounts.dedup();
        let delivery = Delivery {
            accounts,
            submission,
            sender: mayfly_mime::without_nul(intake.sender),
            summary,
            addresses,
            extracted,
            raw,
            blob: blob.as_ref().map(NewBlob::id),
            span: tracing::Span::current(),
        };
        let stored = self.deliveries.store(delivery, blob, intake.memory).await?;
        // A recipient that is named twice gets the message once.
        asked
            .iter()
            .map(|recipient| id_in(&stored, *recipient).ok_or(Error::Defect("a recipient without an id")))
            .collect()
    }
}

fn check_count(recipients: usize) -> Result<(), Error> {
    match (1..=MAX_RECIPIENTS).contains(&recipients) {
        true => Ok(()),
        false => Err(Error::InvalidRequest("between 1 and 1000 recipients are taken")),
    }
}

/// Finds the id of a message in a mailbox. The mailboxes of a delivery are sorted.
fn id_in(stored: &StoredIds, account: AccountId) -> Option<MessageId> {
    let at = stored
        .binary_search_by_key(&account, |(account, _)| *account)
        .ok()?;
    stored.get(at).map(|(_, id)| *id)
}

impl Intake {
    /// Appends a chunk.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        if self.raw.len() + chunk.len() > self.size {
            return Err(Error::InvalidRequest(
                "the message is longer than its envelope says",
            ));
        }
        self.raw.extend_from_slice(chunk);
        Ok(())
    }
}
