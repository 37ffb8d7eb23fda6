//! The mailboxes of a message that a client has sent after a login: its sandbox, and recipients that are the owner's own.

use std::collections::HashMap;

use mayfly_types::{AccountId, Address, SandboxId, UserId};
use serde::Serialize;

use crate::{
    delivery::Submission,
    error::Error,
    model,
    service::{OpenedSandbox, Service},
    store::mailboxes,
};

/// RFC 5321 4.5.3.1: a local part of 64 octets, `@` and a domain of 255; twice as much for addresses beyond ASCII.
const MAX_RECIPIENT_BYTES: usize = 640;
/// The longest command line of the edge.
const MAX_HELO_BYTES: usize = 2048;

/// The envelope of a submission.
#[derive(Debug)]
pub(crate) struct NewSubmission {
    pub(crate) owner: UserId,
    pub(crate) sandbox_id: SandboxId,
    /// As in RCPT.
    pub(crate) recipients: Vec<String>,
    pub(crate) origin: Origin,
}

/// The client that sent a message, as it is stored.
#[derive(Debug, Serialize)]
pub(crate) struct Origin {
    /// Its IP address.
    pub(crate) client: String,
    /// What it called itself in EHLO or HELO.
    pub(crate) helo: String,
    #[serde(rename = "tls")]
    pub(crate) is_tls: bool,
    /// The id of the password of the sandbox, or of the Pro API token; null where none is needed.
    #[serde(rename = "credential")]
    pub(crate) credential_id: Option<String>,
}

/// A submission and its mailboxes.
#[derive(Debug)]
pub(super) struct ResolvedSubmission {
    pub(super) accounts: Vec<AccountId>,
    pub(super) submission: Submission,
}

impl Service {
    /// Finds the mailboxes of a submission. Recipients of other owners are text only.
    pub(super) async fn resolve_submission(
        &self,
        sender: &str,
        new: NewSubmission,
    ) -> Result<ResolvedSubmission, Error> {
        let is_bounded = |address: &String| address.len() <= MAX_RECIPIENT_BYTES;
        if !new.recipients.iter().all(is_bounded) || new.origin.helo.len() > MAX_HELO_BYTES {
            return Err(Error::InvalidRequest("the envelope is too large"));
        }
        let OpenedSandbox { sandbox, mailbox } = self.sandbox(&new.owner.into(), new.sandbox_id).await?;
        let (client, now) = (new.origin.client.parse().ok(), self.clock.now());
        if self
            .blocks
            .current()
            .blocks(sender, client, &mailbox.address, now)
        {
            return Err(Error::Blocked);
        }
        let mut accounts = match sandbox.deliver_to_own {
            true => self.own_mailboxes(new.owner, &new.recipients).await?,
            false => Vec::new(),
        };
        accounts.push(mailbox.id);
        Ok(ResolvedSubmission {
            accounts,
            submission: Submission {
                sandbox: mailbox.id,
                max_messages: sandbox.max_messages,
                envelope_to: to_json(&new.recipients)?,
                envelope_origin: to_json(&new.origin)?,
            },
        })
    }

    /// Returns the mailboxes of a Pro user among recipients; for `user+tag@` that of `user@`, if there is none with the tag. A
    /// mailbox on a domain that is no longer served gets no copy, as it gets no other mail.
    async fn own_mailboxes(&self, owner: UserId, recipients: &[String]) -> Result<Vec<AccountId>, Error> {
        let mut own_domain = Vec::new();
        let are_unserved_cached = self.store.cache().has_unserved();
        for address in recipients
            .iter()
            .filter_map(|address| address.parse::<Address>().ok())
        {
            // Most recipients of an application are on foreign domains, which cost no query where that is cached.
            if !are_unserved_cached || self.served(&address).await?.is_some() {
                own_domain.push(address);
            }
        }
        let recipients: Vec<(Address, Option<Address>)> = own_domain
            .into_iter()
            .map(|address| {
                let untagged = model::untagged(&address);
                (address, untagged)
            })
            .collect();
        let tagged = recipients.iter().filter_map(|(_, untagged)| untagged.as_ref());
        let addresses = recipients.iter().map(|(address, _)| address).chain(tagged);
        let addresses: Vec<String> = addresses.map(Address::to_string).collect();
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.read("list_own_recipients", |c| {
            Box::pin(async move { Ok(mailboxes::list_own_at(c, owner, addresses).await?) })
        });
        let found: HashMap<String, AccountId> = found
            .await?
            .into_iter()
            .map(|(id, address)| (address, id))
            .collect();
        let mailbox_of = |(address, untagged): &(Address, Option<Address>)| {
            let tagged = found.get(address.as_str());
            tagged.or_else(|| found.get(untagged.as_ref()?.as_str())).copied()
        };
        let mut own = Vec::new();
        for recipient in &recipients {
            let Some(id) = mailbox_of(recipient) else { continue };
            if are_unserved_cached || self.served(&recipient.0).await?.is_some() {
                own.push(id);
            }
        }
        Ok(own)
    }
}

fn to_json(value: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_string(value).map_err(|_| Error::Defect("an envelope is no JSON"))?;
    // PostgreSQL stores no NUL; the edge rejects control characters.
    Ok(mayfly_mime::without_nul(json))
}
