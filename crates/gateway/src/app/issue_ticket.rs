//! Issuing a ticket: a credential for one use that a browser can carry in a URL.

use std::net::IpAddr;

use mayfly_rpc::Failure;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use super::{
    App,
    authenticate::reading_scope,
    permits::Party,
    principal::Principal,
    tickets::{LIFE, Purpose},
};

/// A ticket, and until when it is valid.
pub(crate) struct IssuedTicket {
    pub(crate) ticket: String,
    pub(crate) expires_at: OffsetDateTime,
}

impl App {
    /// Issues a ticket for a purpose that the caller's own credential allows.
    ///
    /// # Errors
    /// `NotFound` or `Expired` for a message that the caller cannot read; `RateLimited` or `Unavailable` when too
    /// many tickets are valid.
    pub(crate) async fn issue_ticket(
        &self,
        principal: Principal,
        bearer: &SecretString,
        purpose: &Purpose,
        client: IpAddr,
    ) -> Result<IssuedTicket, Failure> {
        let party = Party::of_principal(&principal, client);
        if let Purpose::Message(message_id) = purpose {
            self.check_message(reading_scope(principal), message_id.clone())
                .await?;
        }
        self.issued_tickets.count(&party)?;
        // Read first, so that the ticket is valid for at least as long as it says.
        let expires_at = self.clock.now() + LIFE;
        let ticket = self.tickets.issue(bearer.expose_secret(), purpose).await?;
        Ok(IssuedTicket { ticket, expires_at })
    }
}
