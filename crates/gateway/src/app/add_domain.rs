//! Adding a custom domain.

use mayfly_proto::mailbox::{AddDomainRequest, AddDomainResponse};
use mayfly_rpc::Failure;

use super::{App, look_up_request};

impl App {
    /// Adds a domain of a Pro user. If another user has verified the name, it asks the DNS whether that still holds.
    ///
    /// # Errors
    /// `InvalidDomain`; `DomainAlreadyExists` while another user has proven the name; `DomainLimitReached`.
    pub(crate) async fn add_domain(
        &self,
        user_id: String,
        domain: String,
        idempotency_key: Option<String>,
    ) -> Result<AddDomainResponse, Failure> {
        let request = AddDomainRequest {
            user_id,
            domain,
            idempotency_key,
        };
        let added = self.mailbox().add_domain(look_up_request(request)).await?;
        Ok(added.into_inner())
    }
}
