//! The tonic adapter of automatic HTTPS.

use std::sync::Arc;

use mayfly_proto::mailbox::{
    AcmeState, AcquireAcmeLeaseRequest, AcquireAcmeLeaseResponse, GetAcmeStateRequest, GetAcmeStateResponse,
    PutAcmeStateRequest, PutAcmeStateResponse, mailbox_acme_server,
};
use mayfly_types::HolderId;
use prost::Message;
use secrecy::{ExposeSecret, zeroize::Zeroizing};
use tonic::{Request, Response};

use super::Answer;
use crate::{error::Error, service::Service};

/// The service of automatic HTTPS as generated code calls it.
#[derive(Debug, Clone)]
pub struct AcmeRpc(pub(crate) Arc<Service>);

fn holder(text: &str) -> Result<HolderId, Error> {
    text.parse()
        .map_err(|_| Error::InvalidRequest("holder is not a UUID"))
}

#[tonic::async_trait]
impl mailbox_acme_server::MailboxAcme for AcmeRpc {
    async fn get_acme_state(&self, _: Request<GetAcmeStateRequest>) -> Answer<GetAcmeStateResponse> {
        let encoded = self.0.get_acme_state().await?;
        let state = encoded.and_then(|encoded| AcmeState::decode(encoded.expose_secret()).ok());
        Ok(Response::new(GetAcmeStateResponse { state }))
    }

    async fn acquire_acme_lease(
        &self,
        request: Request<AcquireAcmeLeaseRequest>,
    ) -> Answer<AcquireAcmeLeaseResponse> {
        let holder = holder(&request.get_ref().holder)?;
        let is_held = self.0.acquire_acme_lease(holder).await?;
        Ok(Response::new(AcquireAcmeLeaseResponse { is_held }))
    }

    async fn put_acme_state(&self, request: Request<PutAcmeStateRequest>) -> Answer<PutAcmeStateResponse> {
        let request = request.into_inner();
        let state = Zeroizing::new(request.state.unwrap_or_default().encode_to_vec());
        let stored = self.0.put_acme_state(holder(&request.holder)?, &state);
        let is_stored = stored.await?;
        Ok(Response::new(PutAcmeStateResponse { is_stored }))
    }
}
