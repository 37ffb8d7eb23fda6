//! The tonic adapter of what operators do.

use std::{pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use mayfly_database::audit::AuditEntry;
use mayfly_proto::mailbox::{self as proto, mailbox_admin_server};
use mayfly_rpc::Failure;
use tonic::{Request, Response, Status};

use super::{
    Answer, chunks,
    decode::{found_by, owner},
    views::{mailbox_to_proto, seconds, summary_to_proto, webhook_to_proto},
};
use crate::{
    error::Error,
    service::{
        Service,
        admin::{Counts, Export, ExportPart, FindBy, NewBlock, Suspend},
    },
    store::{
        Mailbox, State, domains,
        entities::block::{Kind, Model as Block},
    },
};

/// The service of operators as generated code calls it.
#[derive(Debug, Clone)]
pub struct AdminRpc(pub(crate) Arc<Service>);

type ExportStream = Pin<Box<dyn Stream<Item = Result<proto::ExportMailboxResponse, Status>> + Send>>;

#[tonic::async_trait]
impl mailbox_admin_server::MailboxAdmin for AdminRpc {
    type ExportMailboxStream = ExportStream;

    async fn find_mailboxes(
        &self,
        request: Request<proto::FindMailboxesRequest>,
    ) -> Answer<proto::FindMailboxesResponse> {
        use proto::find_mailboxes_request::By;
        let request = request.into_inner();
        let by = match request.by.ok_or(Error::InvalidRequest("by is missing"))? {
            By::AccountId(id) => FindBy::Id(found_by(&id)?),
            By::Address(address) => FindBy::Address(address.to_lowercase()),
            By::OwnerUserId(id) => FindBy::Owner(owner(&id)?),
            By::Domain(domain) => FindBy::Domain(domain.parse().map_err(|_| Error::InvalidDomain)?),
        };
        let found = self.0.find_mailboxes(by, request.limit).await?;
        let mailboxes = found.iter().map(admin_mailbox).collect();
        Ok(Response::new(proto::FindMailboxesResponse { mailboxes }))
    }

    async fn set_suspended(
        &self,
        request: Request<proto::SetSuspendedRequest>,
    ) -> Answer<proto::SetSuspendedResponse> {
        use proto::set_suspended_request::Target;
        let r = request.into_inner();
        let target = match r.target.ok_or(Error::InvalidRequest("target is missing"))? {
            Target::AccountId(id) => Suspend::Mailbox(found_by(&id)?),
            Target::OwnerUserId(id) => Suspend::OwnedBy(owner(&id)?),
        };
        let changed = self
            .0
            .set_suspended(target, r.suspended, &r.reason, &r.operator)
            .await?;
        let changed = i64::try_from(changed).unwrap_or(i64::MAX);
        Ok(Response::new(proto::SetSuspendedResponse { changed }))
    }

    async fn delete_mailbox_by_operator(
        &self,
        request: Request<proto::DeleteMailboxByOperatorRequest>,
    ) -> Answer<proto::DeleteMailboxByOperatorResponse> {
        let r = request.into_inner();
        self.0
            .delete_mailbox_by_operator(found_by(&r.account_id)?, &r.operator)
            .await?;
        Ok(Response::new(proto::DeleteMailboxByOperatorResponse {}))
    }

    async fn delete_owner_by_operator(
        &self,
        request: Request<proto::DeleteOwnerByOperatorRequest>,
    ) -> Answer<proto::DeleteOwnerByOperatorResponse> {
        let r = request.into_inner();
        let owner = owner(&r.owner_user_id)?;
        self.0.delete_owner_by_operator(owner, &r.operator).await?;
        Ok(Response::new(proto::DeleteOwnerByOperatorResponse {}))
    }

    async fn export_mailbox(
        &self,
        request: Request<proto::ExportMailboxRequest>,
    ) -> Answer<Self::ExportMailboxStream> {
        let r = request.into_inner();
        let export = self
            .0
            .export_mailbox(found_by(&r.account_id)?, &r.operator)
            .await?;
        Ok(Response::new(export_stream(export)))
    }

    async fn list_system_domains(
        &self,
        _: Request<proto::ListSystemDomainsRequest>,
    ) -> Answer<proto::ListSystemDomainsResponse> {
        let listed = self.0.list_system_domains().await?;
        let domains = listed.into_iter().map(|(domain, mailboxes)| proto::SystemDomain {
            domain: domain.name,
            listed: domain.is_listed,
            accepting: domain.is_accepting,
            mailboxes: i64::try_from(mailboxes).unwrap_or(i64::MAX),
            pro_only: domain.is_pro_only,
        });
        let domains = domains.collect();
        Ok(Response::new(proto::ListSystemDomainsResponse { domains }))
    }

    async fn set_domain(
        &self,
        request: Request<proto::SetDomainRequest>,
    ) -> Answer<proto::SetDomainResponse> {
        let r = request.into_inner();
        let change = domains::Change {
            is_accepting: r.accepting,
            is_pro_only: r.pro_only,
        };
        self.0.set_domain(&r.domain, change, &r.operator).await?;
        Ok(Response::new(proto::SetDomainResponse {}))
    }

    async fn list_operated_webhooks(
        &self,
        request: Request<proto::ListOperatedWebhooksRequest>,
    ) -> Answer<proto::ListOperatedWebhooksResponse> {
        let owner = owner(&request.into_inner().owner_user_id)?;
        let listed = self.0.list_operated_webhooks(owner).await?;
        let webhooks = listed.into_iter().map(|listed| proto::OperatedWebhook {
            webhook: Some(webhook_to_proto(listed.webhook)),
            pending_events: i64::try_from(listed.pending_events).unwrap_or(i64::MAX),
            paused_at: listed.paused_at_ms.map(seconds),
        });
        let webhooks = webhooks.collect();
        Ok(Response::new(proto::ListOperatedWebhooksResponse { webhooks }))
    }

    async fn set_webhook_paused(
        &self,
        request: Request<proto::SetWebhookPausedRequest>,
    ) -> Answer<proto::SetWebhookPausedResponse> {
        let r = request.into_inner();
        let id = found_by(&r.webhook_id)?;
        self.0
            .set_webhook_paused(id, r.paused, &r.reason, &r.operator)
            .await?;
        Ok(Response::new(proto::SetWebhookPausedResponse {}))
    }

    async fn list_blocks(&self, _: Request<proto::ListBlocksRequest>) -> Answer<proto::ListBlocksResponse> {
        let blocks = self.0.list_blocks().await?;
        let blocks = blocks.into_iter().map(block_to_proto).collect();
        Ok(Response::new(proto::ListBlocksResponse { blocks }))
    }

    async fn put_block(&self, request: Request<proto::PutBlockRequest>) -> Answer<proto::PutBlockResponse> {
        use proto::block::Pattern;
        let r = request.into_inner();
        let block = r.block.unwrap_or_default();
        let (kind, pattern) = match block.pattern {
            Some(Pattern::Sender(text)) => (Kind::Sender, text),
            Some(Pattern::Client(text)) => (Kind::Client, text),
            Some(Pattern::Address(text)) => (Kind::Address, text),
            None => return Err(Error::InvalidRequest("name a sender, a client or an address").into()),
        };
        let new = NewBlock {
            kind,
            pattern,
            reason: block.reason,
            expires_at: block.expires_at,
        };
        let block = self.0.put_block(new, &r.operator).await?;
        Ok(Response::new(proto::PutBlockResponse {
            block: Some(block_to_proto(block)),
        }))
    }

    async fn delete_block(
        &self,
        request: Request<proto::DeleteBlockRequest>,
    ) -> Answer<proto::DeleteBlockResponse> {
        let r = request.into_inner();
        self.0.delete_block(found_by(&r.block_id)?, &r.operator).await?;
        Ok(Response::new(proto::DeleteBlockResponse {}))
    }

    async fn get_statistics(
        &self,
        _: Request<proto::GetStatisticsRequest>,
    ) -> Answer<proto::GetStatisticsResponse> {
        let Counts {
            stored: found,
            webhooks,
        } = self.0.get_statistics().await?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(Response::new(proto::GetStatisticsResponse {
            active_mailboxes: number(found.active_mailboxes),
            suspended_mailboxes: number(found.suspended_mailboxes),
            messages: number(found.messages),
            message_bytes: found.message_bytes,
            custom_domains: number(found.custom_domains),
            blocks: number(found.blocks),
            webhooks: number(webhooks.webhooks),
            paused_webhooks: number(webhooks.paused),
            pending_webhook_events: number(webhooks.pending_events),
            system_domains: number(found.system_domains),
            accepting_domains: number(found.accepting_domains),
        }))
    }

    async fn list_mailbox_audit(
        &self,
        request: Request<proto::ListMailboxAuditRequest>,
    ) -> Answer<proto::ListMailboxAuditResponse> {
        let entries = self.0.list_audit(request.get_ref().limit).await?;
        let entries = entries.into_iter().map(audit_to_proto).collect();
        Ok(Response::new(proto::ListMailboxAuditResponse { entries }))
    }
}

/// Reads the next part only when the caller has taken the previous one.
fn export_stream(export: Export) -> ExportStream {
    let parts = stream::try_unfold(export, |mut export| async move {
        let part = export.next().await?;
        Ok::<_, Error>(part.map(|part| (part, export)))
    });
    let parts =
        parts.map_err(|error| Status::from(Failure::new(error.code(), error.reason(), "the export failed")));
    let answers = parts.map_ok(|part| stream::iter(parts_to_proto(part).into_iter().map(Ok::<_, Status>)));
    answers.try_flatten().boxed()
}

fn parts_to_proto(part: ExportPart) -> Vec<proto::ExportMailboxResponse> {
    use proto::export_mailbox_response::Part;
    let parts = match part {
        ExportPart::Mailbox(mailbox) => vec![Part::Mailbox(admin_mailbox(&mailbox))],
        ExportPart::Message(message, bytes) => {
            let summary = Part::Message(summary_to_proto((*message).into()));
            let chunks = chunks(bytes).map(Part::Chunk);
            std::iter::once(summary).chain(chunks).collect()
        }
    };
    parts
        .into_iter()
        .map(|part| proto::ExportMailboxResponse { part: Some(part) })
        .collect()
}

fn admin_mailbox(mailbox: &Mailbox) -> proto::AdminMailbox {
    let state = match mailbox.state {
        State::Reserved => "reserved",
        State::Active => "active",
        State::Suspended | State::SuspendedWithOwner => "suspended",
        State::Deleted => "deleted",
    };
    proto::AdminMailbox {
        mailbox: Some(mailbox_to_proto(mailbox)),
        state: state.to_owned(),
        last_active_at: seconds(mailbox.last_active_at_ms),
    }
}

fn block_to_proto(block: Block) -> proto::Block {
    use proto::block::Pattern;
    proto::Block {
        block_id: block.id.to_string(),
        pattern: Some(match block.kind {
            Kind::Sender => Pattern::Sender(block.pattern),
            Kind::Client => Pattern::Client(block.pattern),
            Kind::Address => Pattern::Address(block.pattern),
        }),
        reason: block.reason,
        created_at: seconds(block.created_at_ms),
        expires_at: block.expires_at_ms.map(seconds),
    }
}

fn audit_to_proto(entry: AuditEntry) -> proto::AuditEntry {
    proto::AuditEntry {
        at: seconds(entry.at_ms),
        operator: entry.operator,
        action: entry.action,
        subject: entry.subject,
        detail: entry.detail,
    }
}
