//! The audit log of a Pro user, which the auth service keeps: what this gateway changed for a caller, and refused.

use std::net::IpAddr;

use axum::http::HeaderValue;
use mayfly_proto::auth::{RecordAuditEventRequest, auth_client::AuthClient};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use mayfly_types::AuditEventId;
use tokio::sync::mpsc;

use super::{
    App,
    principal::{Changer, Pro},
    validate_request,
};

/// Refusals that may wait for the auth service. Further ones are dropped: a client must not slow others down by being refused.
const MAX_QUEUED: usize = 256;

/// Reports refusals in the background.
#[derive(Debug)]
pub(super) struct Refusals(mpsc::Sender<RecordAuditEventRequest>);

impl Refusals {
    /// Starts the task that reports.
    pub(super) fn start(auth: AuthClient<Transport>, tasks: &Tasks) -> Self {
        let (queue, mut refusals) = mpsc::channel(MAX_QUEUED);
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            loop {
                let refusal = tokio::select! {
                    biased;
                    refusal = refusals.recv() => refusal,
                    () = stopping.cancelled() => return,
                };
                let Some(refusal) = refusal else { return };
                if let Err(error) = auth.clone().record_audit_event(validate_request(refusal)).await {
                    tracing::debug!(%error, "a refusal is not recorded");
                }
            }
        });
        Self(queue)
    }
}

impl App {
    /// Reports that the scopes of a token did not allow a request.
    pub(crate) fn report_refusal(
        &self,
        pro: &Pro,
        client: Option<IpAddr>,
        action: String,
        needs: &HeaderValue,
    ) {
        let refusal = RecordAuditEventRequest {
            event_id: AuditEventId::new(self.clock.now()).to_string(),
            user_id: pro.user_id.clone(),
            actor: client.map(|client| pro.actor(client)),
            action,
            object: needs.to_str().unwrap_or_default().to_owned(),
            is_refused: true,
        };
        let _ = self.refusals.0.try_send(refusal);
    }

    /// Reports a change that was made. The change stands, so a failure to record it is logged and not returned.
    pub(crate) async fn report_change(
        &self,
        Changer { user_id, actor }: Changer,
        action: &'static str,
        object: String,
    ) {
        let change = RecordAuditEventRequest {
            event_id: AuditEventId::new(self.clock.now()).to_string(),
            user_id,
            actor: Some(actor),
            action: action.to_owned(),
            object,
            is_refused: false,
        };
        if let Err(error) = self.auth().record_audit_event(validate_request(change)).await {
            tracing::warn!(%error, action, "a change is not in the audit log");
        }
    }
}
