//! Adding a custom domain.

use mayfly_proto::mailbox::{AddDomainRequest, AddDomainResponse};
use mayfly_rpc::Failure;

use super::{App, look_up_request, principal::Owner};

impl App {
    /// Adds a domain of a Pro user. If another user has verified the name, it asks the DNS whether that still holds.
    ///
    /// # Errors
    /// `InvalidDomain`; `DomainAlreadyExists` while another user has proven the name; `DomainLimitReached`.
    pub(crate) async fn add_domain(
        &self,
        owner: Owner,
        domain: String,
        idempotency_key: Option<String>,
    ) -> Result<AddDomainResponse, Failure> {
        let (user_id, limited_owner) = owner.into_fields();
        let request = AddDomainRequest {
            user_id,
            limited_owner,
            domain,
            idempotency_key,
        };
        let added = self.mailbox().add_domain(look_up_request(request)).await?;
        Ok(added.into_inner())
    }
}
