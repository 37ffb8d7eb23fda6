//! Taking a message in: collected whole, parsed, then handed to the one writer.

use mayfly_types::{AccountId, MessageId};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::{Service, parse};
use crate::{delivery::Delivery, error::Error, store::extracted};

/// More recipients than SMTP takes in one session.
const MAX_RECIPIENTS: usize = 1000;
/// RFC 5321 4.5.3.1.3 allows 256 octets.
const MAX_SENDER_BYTES: usize = 1024;

/// An envelope.
#[derive(Debug)]
pub(crate) struct NewDelivery {
    pub(crate) sender: String,
    pub(crate) recipient_account_ids: Vec<String>,
    pub(crate) size_bytes: i64,
}

/// A delivery whose bytes are arriving.
#[derive(Debug)]
pub(crate) struct Intake {
    sender: String,
    recipients: Vec<AccountId>,
    size: usize,
    raw: Vec<u8>,
    memory: OwnedSemaphorePermit,
}

impl Service {
    /// Checks an envelope and sets the memory for its message aside.
    pub(crate) fn begin_delivery(&self, delivery: NewDelivery) -> Result<Intake, Error> {
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
            memory: self.deliveries.set_aside(size)?,
            // The whole at once, since the memory is set aside: growing would take twice as much.
            raw: Vec::with_capacity(size),
        })
    }

    /// Stores a message that has arrived whole. Returns an id for each recipient, in their order.
    #[tracing::instrument(name = "mailbox.deliver_message", level = "debug", skip_all)]
    pub(crate) async fn finish_delivery(&self, intake: Intake) -> Result<Vec<MessageId>, Error> {
        if intake.raw.len() != intake.size {
            return Err(Error::InvalidRequest(
                "the message is shorter than its envelope says",
            ));
        }
        let ((summary, found), raw) = parse(intake.raw, mayfly_mime::summarize).await?;
        let mut accounts: Vec<Uuid> = intake.recipients.iter().map(|id| id.as_uuid()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let delivery = Delivery {
            accounts: accounts.clone(),
            sender: mayfly_mime::without_nul(intake.sender),
            summary,
            findings: extracted::to_json(&found),
            raw,
            span: tracing::Span::current(),
        };
        let ids = self.deliveries.store(delivery, intake.memory).await?;
        // A mailbox that is named twice holds the message once.
        intake
            .recipients
            .iter()
            .map(|recipient| {
                let at = accounts.binary_search(&recipient.as_uuid()).ok();
                at.and_then(|at| ids.get(at).copied())
                    .ok_or(Error::Defect("a recipient without an id"))
            })
            .collect()
    }
}

impl Intake {
    /// Adds bytes.
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
