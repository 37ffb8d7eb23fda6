//! A test message for an empty mailbox: stored as received mail is, so that everything that follows a delivery happens.

use mayfly_proto::mailbox::{
    DeliverMessageRequest, Envelope, GetMailboxRequest, ListDomainsRequest, Scope,
    deliver_message_request::Part,
};
use mayfly_rpc::Failure;
use mayfly_types::MessageId;
use time::format_description::well_known::Rfc2822;

use super::App;

impl App {
    /// Delivers a message with a code and a link to a mailbox. Its sender is `no-reply` of the default domain, a name that
    /// no mailbox has. Returns the id of the message.
    ///
    /// # Errors
    /// `MailboxFull` when the message exceeds the quota.
    pub(crate) async fn send_test_message(&self, scope: Scope) -> Result<String, Failure> {
        let request = GetMailboxRequest { scope: Some(scope) };
        let mailbox = self.mailbox().get_mailbox(request).await?.into_inner();
        let mailbox = mailbox.mailbox.unwrap_or_default();
        let domains = self
            .mailbox()
            .list_domains(ListDomainsRequest {})
            .await?
            .into_inner();
        let domain = domains.domains.into_iter().find(|domain| domain.is_default);
        let domain = domain
            .ok_or_else(|| Failure::internal("no domain is the default"))?
            .domain;
        let now = self.clock.now();
        let date = now
            .format(&Rfc2822)
            .map_err(|_| Failure::internal("the time has no text"))?;
        let raw = test_message(&mailbox.address, &domain, &date, &MessageId::new(now).to_string());
        let envelope = Envelope {
            // No answer to it is possible.
            sender: String::new(),
            recipient_account_ids: vec![mailbox.account_id],
            size_bytes: i64::try_from(raw.len()).unwrap_or(i64::MAX),
            submission: None,
        };
        let parts = [Part::Envelope(envelope), Part::Chunk(raw.into())];
        let parts = parts.map(|part| DeliverMessageRequest { part: Some(part) });
        let stored = self.mailbox().deliver_message(tokio_stream::iter(parts)).await?;
        let id = stored.into_inner().message_ids.into_iter().next();
        id.ok_or_else(|| Failure::internal("a stored message has no id"))
    }
}

/// Returns the raw message.
fn test_message(address: &str, domain: &str, date: &str, id: &str) -> String {
    let text = format!(
        "This message shows what a mailbox of Mayfly does with mail. The server stored it\r\n\
         for {address} without sending it over SMTP.\r\n\
         \r\n\
         Codes and links are found when mail arrives, so that programs and people need\r\n\
         not search for them:\r\n\
         \r\n\
         Your verification code is 481516.\r\n\
         \r\n\
         Confirm your address: https://example.com/confirm?token=test-message\r\n"
    );
    format!(
        "Date: {date}\r\n\
         From: Mayfly <no-reply@{domain}>\r\n\
         To: {address}\r\n\
         Subject: Test message\r\n\
         Message-ID: <{id}@{domain}>\r\n\
         Auto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         {text}"
    )
}
