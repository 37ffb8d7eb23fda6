//! Delivers a message: collects its bytes, parses them, and hands it to the delivery writer.

use mayfly_types::{AccountId, MessageId};
use tokio::sync::OwnedSemaphorePermit;

use super::{Service, parse};
use crate::{
    delivery::Delivery,
    error::Error,
    storage::Admission,
    store::{addresses, extracted::StoredExtracted},
};

/// More recipients than an SMTP transaction accepts.
const MAX_RECIPIENTS: usize = 1000;
/// The longest command line of the edge, whose sender VERP, SRS and Exchange make longer than RFC 5321 allows.
const MAX_SENDER_BYTES: usize = 2048;

/// An envelope.
#[derive(Debug)]
pub(crate) struct NewDelivery {
    pub(crate) sender: String,
    pub(crate) recipient_account_ids: Vec<String>,
    pub(crate) size_bytes: i64,
}

/// A delivery whose bytes are still arriving.
#[derive(Debug)]
pub(crate) struct Intake {
    sender: String,
    recipients: Vec<AccountId>,
    size: usize,
    raw: Vec<u8>,
    memory: OwnedSemaphorePermit,
    /// Until the message is stored.
    _admission: Admission,
}

impl Service {
    /// Validates an envelope and reserves space and memory for its message.
    pub(crate) async fn begin_delivery(&self, delivery: NewDelivery) -> Result<Intake, Error> {
        let size = usize::try_from(delivery.size_bytes)
            .map_err(|_| Error::InvalidRequest("size_bytes must not be negative"))?;
        if u64::try_from(size).unwrap_or(u64::MAX) > self.config.max_message_bytes {
            return Err(Error::MessageTooLarge);
        }
        if !(1..=MAX_RECIPIENTS).contains(&delivery.recipient_account_ids.len()) {
            return Err(Error::InvalidRequest("between 1 and 1000 recipients are taken"));
        }
        if delivery.sender.len() > MAX_SENDER_BYTES {
            return Err(Error::InvalidRequest("the sender is too long"));
        }
        let recipients = delivery
            .recipient_account_ids
            .iter()
            .map(|id| id.parse().map_err(|_| Error::NotFound))
            .collect::<Result<_, _>>()?;
        Ok(Intake {
            sender: delivery.sender,
            recipients,
            size,
            _admission: self.storage.admit(size).await?,
            memory: self.deliveries.reserve_memory(size)?,
            // Allocated at once: growing a vector needs twice the memory at times.
            raw: Vec::with_capacity(size),
        })
    }

    /// Stores a complete message. Returns an id for each recipient, in their order.
    #[tracing::instrument(name = "mailbox.deliver_message", level = "debug", skip_all)]
    pub(crate) async fn finish_delivery(&self, intake: Intake) -> Result<Vec<MessageId>, Error> {
        if intake.raw.len() != intake.size {
            return Err(Error::InvalidRequest(
                "the message is shorter than its envelope says",
            ));
        }
        let ((summary, extracted), raw) = parse(intake.raw, mayfly_mime::summarize).await?;
        let extracted = StoredExtracted::encode(&extracted)?;
        let addresses = addresses::encode(&summary.addresses)?;
        let mut accounts = intake.recipients.clone();
        accounts.sort_unstable();
        accounts.dedup();
        let delivery = Delivery {
            accounts: accounts.clone(),
            sender: mayfly_mime::without_nul(intake.sender),
            summary,
            addresses,
            extracted,
            raw,
            span: tracing::Span::current(),
        };
        let ids = self.deliveries.store(delivery, intake.memory).await?;
        // A recipient that is named twice gets the message once.
        intake
            .recipients
            .iter()
            .map(|recipient| {
                let at = accounts.binary_search(recipient).ok();
                at.and_then(|at| ids.get(at).copied())
                    .ok_or(Error::Defect("a recipient without an id"))
            })
            .collect()
    }
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
