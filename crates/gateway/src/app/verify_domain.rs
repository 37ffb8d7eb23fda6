//! Verifying a custom domain.

use mayfly_proto::mailbox::{VerifyDomainRequest, VerifyDomainResponse};
use mayfly_rpc::Failure;

use super::{App, look_up_request, principal::Owner};

impl App {
    /// Looks up the records of a domain and verifies it. A domain that is not verified yet is no error.
    ///
    /// # Errors
    /// `NotFound` when the domain is not the user's, `Expired` seven days after it was added.
    pub(crate) async fn verify_domain(
        &self,
        owner: Owner,
        domain_id: String,
    ) -> Result<VerifyDomainResponse, Failure> {
        let (user_id, limited_owner) = owner.into_fields();
        let request = VerifyDomainRequest {
            user_id,
            domain_id,
            limited_owner,
        };
        let verified = self.mailbox().verify_domain(look_up_request(request)).await?;
        Ok(verified.into_inner())
    }
}
