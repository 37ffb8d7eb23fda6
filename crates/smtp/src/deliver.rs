//! The client of `mailbox`, which looks up recipients and stores messages. No other file calls it.

use std::{net::IpAddr, time::Duration};

use mayfly_proto::mailbox::{
    DeliverMessageRequest, Envelope, ResolveRecipientRequest, Submission, deliver_message_request::Part,
    mailbox_client::MailboxClient,
};
use mayfly_rpc::{Failure, Transport};
use mayfly_types::{Address, ErrorCode, Reason};
use tokio_stream::StreamExt;
use tokio_util::either::Either;
use tonic::Request;

use crate::session::{Delivery, Mail, Recipient, Recipients};

/// Enough for a large mail to many recipients on a slow disk. The client waits ten minutes (RFC 5321 4.5.3.2.6).
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// A session's client of the mailbox service.
#[derive(Debug, Clone)]
pub(crate) struct Mailboxes(MailboxClient<Transport>);

impl Mailboxes {
    pub(crate) fn new(transport: Transport) -> Self {
        Self(MailboxClient::new(transport))
    }

    /// Looks up the mailbox of an address, and whether it has room.
    pub(crate) async fn resolve(
        &mut self,
        address: &Address,
        size_bytes: u64,
        sender: String,
        client: IpAddr,
    ) -> Recipient {
        let request = ResolveRecipientRequest {
            address: address.to_string(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            sender,
            client: client.to_string(),
        };
        match self.0.resolve_recipient(request).await {
            Ok(answer) => match answer.into_inner().account_id.parse() {
                Ok(account_id) => Recipient::Found(account_id),
                Err(error) => {
                    tracing::error!(%error, "mailbox returned an invalid account id");
                    Recipient::Unavailable
                }
            },
            Err(status) => refused_recipient(&Failure::from(status)),
        }
    }

    /// Stores a mail for all its recipients or for none.
    pub(crate) async fn deliver(&mut self, mail: Mail, client: IpAddr) -> Delivery {
        let Mail {
            sender,
            recipients,
            content,
        } = mail;
        let (recipient_account_ids, submission) = match recipients {
            Recipients::Mailboxes(ids) => (ids.iter().map(ToString::to_string).collect(), None),
            Recipients::Sandbox {
                submitter,
                addresses,
                helo,
                is_tls,
            } => {
                let submission = Submission {
                    owner_user_id: submitter.owner.to_string(),
                    sandbox_id: submitter.sandbox.to_string(),
                    recipients: addresses,
                    client: client.to_string(),
                    helo,
                    is_tls,
                    credential_id: submitter.credential,
                };
                (Vec::new(), Some(submission))
            }
        };
        let envelope = Envelope {
            sender,
            recipient_account_ids,
            size_bytes: i64::try_from(content.size_bytes).unwrap_or(i64::MAX),
            submission,
        };
        let spooled = match content.spooled {
            Some(file) => Either::Left(file.into_chunks()),
            None => Either::Right(tokio_stream::empty()),
        };
        let chunks = spooled.chain(tokio_stream::iter(content.chunks));
        let parts = tokio_stream::once(Part::Envelope(envelope)).chain(chunks.map(Part::Chunk));
        let requests = parts.map(|part| DeliverMessageRequest { part: Some(part) });
        let mut request = Request::new(requests);
        request.set_timeout(DELIVERY_TIMEOUT);
        match self.0.deliver_message(request).await {
            Ok(answer) => {
                let ids = answer.into_inner().message_ids;
                Delivery::Stored(ids.into_iter().next().unwrap_or_default())
            }
            Err(status) => refused_delivery(&Failure::from(status)),
        }
    }
}

fn refused_recipient(failure: &Failure) -> Recipient {
    match (failure.code, failure.reason) {
        (_, Reason::MailboxFull) => Recipient::Full,
        (_, Reason::StorageFull) => Recipient::StorageFull,
        (_, Reason::MessageTooLarge) => Recipient::TooLarge,
        (_, Reason::Blocked) => Recipient::Blocked,
        (_, Reason::RateLimited) => Recipient::Limited,
        (ErrorCode::NotFound, _) | (_, Reason::InvalidAddress | Reason::InvalidDomain) => Recipient::Unknown,
        _ => {
            log(failure, "cannot look up a recipient");
            Recipient::Unavailable
        }
    }
}

fn refused_delivery(failure: &Failure) -> Delivery {
    match failure.reason {
        Reason::MailboxFull => Delivery::Full,
        Reason::StorageFull => Delivery::StorageFull,
        Reason::MessageTooLarge => Delivery::TooLarge,
        Reason::Blocked => Delivery::Blocked,
        Reason::RateLimited => Delivery::Limited,
        // Also a mailbox or sandbox deleted after RCPT: the client retries, and RCPT or the login is then rejected.
        _ => {
            log(failure, "cannot store a mail");
            Delivery::Unavailable
        }
    }
}

fn log(failure: &Failure, what: &str) {
    let (code, reason) = (failure.code.as_str(), failure.reason.as_str());
    if failure.code == ErrorCode::Internal {
        tracing::error!(code, reason, "{what}");
    } else {
        tracing::warn!(code, reason, "{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_failures_map_to_temporary_replies() {
        let named = [
            (Reason::NotFound, ErrorCode::NotFound, Recipient::Unknown),
            (
                Reason::InvalidDomain,
                ErrorCode::InvalidArgument,
                Recipient::Unknown,
            ),
            (Reason::Blocked, ErrorCode::PermissionDenied, Recipient::Blocked),
            (Reason::RateLimited, ErrorCode::RateLimited, Recipient::Limited),
            (
                Reason::MailboxFull,
                ErrorCode::FailedPrecondition,
                Recipient::Full,
            ),
            (
                Reason::MessageTooLarge,
                ErrorCode::InvalidArgument,
                Recipient::TooLarge,
            ),
        ];
        for (reason, code, expected) in named {
            assert_eq!(
                refused_recipient(&Failure::new(code, reason, "")),
                expected,
                "{reason}"
            );
        }
        for code in ErrorCode::ALL {
            let failure = Failure::new(code, Reason::Internal, "");
            assert_eq!(refused_delivery(&failure), Delivery::Unavailable, "{code:?}");
            if code != ErrorCode::NotFound {
                assert_eq!(refused_recipient(&failure), Recipient::Unavailable, "{code:?}");
            }
        }
    }
}
