//! The tonic adapter: decodes a request, calls its use case, encodes the response.

mod acme;
mod admin;
mod decode;
mod views;

use std::{collections::HashMap, fmt::Display, sync::Arc};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use mayfly_proto::mailbox::{
    self as proto, ActivateMailboxRequest, ActivateMailboxResponse, AddDomainRequest, AddDomainResponse,
    CheckMessageRequest, CheckMessageResponse, DeleteDomainRequest, DeleteDomainResponse,
    DeleteMailboxRequest, DeleteMailboxResponse, DeleteMessageRequest, DeleteMessageResponse,
    DeleteOwnerRequest, DeleteOwnerResponse, DeliverMessageRequest, DeliverMessageResponse,
    FindMailboxRequest, FindMailboxResponse, GetAttachmentRequest, GetAttachmentResponse, GetMailboxRequest,
    GetMailboxResponse, GetMessageRequest, GetMessageResponse, GetMessageSourceRequest,
    GetMessageSourceResponse, GetUsageRequest, GetUsageResponse, ListCustomDomainsRequest,
    ListCustomDomainsResponse, ListDomainsRequest, ListDomainsResponse, ListLastMessageIdsRequest,
    ListLastMessageIdsResponse, ListMailboxesRequest, ListMailboxesResponse, ListMessagesAfterRequest,
    ListMessagesAfterResponse, ListMessagesRequest, ListMessagesResponse, MarkMessageReadRequest,
    MarkMessageReadResponse, ReleaseMailboxRequest, ReleaseMailboxResponse, ReserveMailboxRequest,
    ReserveMailboxResponse, ResolveRecipientRequest, ResolveRecipientResponse, VerifyDomainRequest,
    VerifyDomainResponse, deliver_message_request, get_attachment_response, list_messages_after_request,
    mailbox_server,
};
use mayfly_rpc::{CHUNK_BYTES, Failure};
use mayfly_types::{ErrorCode, MessageId, OwnerAccess, UserId};
use mayfly_webhooks::event_name;
use tonic::{Request, Response, Status, Streaming};

use self::{
    decode::{access, found_by, message_scope, owner, parsed, scope},
    views::{
        attachment_to_proto, attempt_to_proto, custom_domain_to_proto, detailed_summary_to_proto,
        detailed_to_proto, domains_to_proto, extracted_to_proto, header_to_proto, inline_part_to_proto,
        mailbox_to_proto, received_to_proto, recipients_of, sandbox_to_proto, seconds, summary_to_proto,
        usage_day_to_proto, webhook_to_proto,
    },
};
use crate::{
    error::Error,
    service::{
        Following, MessageSource, NewDelivery, NewRecipient, NewRecipients, Reservation, SandboxSettings,
        SearchRequest, Service,
    },
};

pub use self::{acme::AcmeRpc, admin::AdminRpc};

/// The service as generated code calls it.
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<Service>);

/// Messages of a page of a search.
const MAX_FOUND: u32 = 100;
/// Messages that a call deletes or marks by a query.
const MAX_CHANGED: u32 = 1000;

type Answer<T> = Result<Response<T>, Status>;
type Chunks<T> = BoxStream<'static, Result<T, Status>>;

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error.code() {
            // The storage guard logs when it begins and ends to refuse mail.
            ErrorCode::Internal | ErrorCode::Unavailable if !matches!(error, Error::StorageFull) => {
                tracing::error!(%error, "a call failed");
            }
            _ => tracing::debug!(reason = error.reason().as_str(), "a call was refused"),
        }
        Failure {
            retry_after: error.retry_after(),
            ..Failure::new(error.code(), error.reason(), error.public_message())
        }
        .into()
    }
}

#[tonic::async_trait]
impl mailbox_server::Mailbox for Rpc {
    type GetMessageSourceStream = Chunks<GetMessageSourceResponse>;
    type GetAttachmentStream = Chunks<GetAttachmentResponse>;

    async fn list_domains(&self, _: Request<ListDomainsRequest>) -> Answer<ListDomainsResponse> {
        let domains = self.0.list_domains().await?;
        Ok(Response::new(ListDomainsResponse {
            domains: domains_to_proto(domains),
            retention_secs: self.0.retention_secs(),
        }))
    }

    async fn reserve_mailbox(
        &self,
        request: Request<ReserveMailboxRequest>,
    ) -> Answer<ReserveMailboxResponse> {
        let request = request.into_inner();
        let owner = match (request.owner_user_id.as_deref(), request.limited_owner) {
            (None, None) => None,
            (id, limited) => Some(access(id.unwrap_or_default(), limited)?),
        };
        let reservation = Reservation::new(
            &request.address,
            owner,
            request.client.parse().ok(),
            request.idempotency_key.as_deref(),
        )?;
        let account_id = self.0.reserve_mailbox(reservation).await?.to_string();
        Ok(Response::new(ReserveMailboxResponse { account_id }))
    }

    async fn activate_mailbox(
        &self,
        request: Request<ActivateMailboxRequest>,
    ) -> Answer<ActivateMailboxResponse> {
        let id = decode::reservation(&request.get_ref().account_id)?;
        self.0.activate_mailbox(id).await?;
        Ok(Response::new(ActivateMailboxResponse {}))
    }

    async fn release_mailbox(
        &self,
        request: Request<ReleaseMailboxRequest>,
    ) -> Answer<ReleaseMailboxResponse> {
        let id = decode::reservation(&request.get_ref().account_id)?;
        self.0.release_mailbox(id).await?;
        Ok(Response::new(ReleaseMailboxResponse {}))
    }

    async fn find_mailbox(&self, request: Request<FindMailboxRequest>) -> Answer<FindMailboxResponse> {
        let found = self.0.find_mailbox(&request.get_ref().address).await?;
        let account_id = found.map(|id| id.to_string());
        Ok(Response::new(FindMailboxResponse { account_id }))
    }

    async fn get_mailbox(&self, request: Request<GetMailboxRequest>) -> Answer<GetMailboxResponse> {
        let mailbox = self.0.get_mailbox(scope(request.into_inner().scope)?).await?;
        let mailbox = Some(mailbox_to_proto(&mailbox));
        Ok(Response::new(GetMailboxResponse { mailbox }))
    }

    async fn delete_mailbox(&self, request: Request<DeleteMailboxRequest>) -> Answer<DeleteMailboxResponse> {
        self.0.delete_mailbox(scope(request.into_inner().scope)?).await?;
        Ok(Response::new(DeleteMailboxResponse {}))
    }

    async fn list_mailboxes(&self, request: Request<ListMailboxesRequest>) -> Answer<ListMailboxesResponse> {
        let request = request.into_inner();
        let after = request.after_account_id.as_deref().map(str::parse).transpose();
        let after = after.map_err(|_| Error::InvalidRequest("after_account_id is not a UUID"))?;
        let owner = access(&request.owner_user_id, request.limited_owner)?;
        let mailboxes = self.0.list_mailboxes(owner, after, request.limit).await?;
        let mailboxes = mailboxes.iter().map(mailbox_to_proto).collect();
        Ok(Response::new(ListMailboxesResponse { mailboxes }))
    }

    async fn delete_owner(&self, request: Request<DeleteOwnerRequest>) -> Answer<DeleteOwnerResponse> {
        self.0
            .delete_owner(owner(&request.get_ref().owner_user_id)?)
            .await?;
        Ok(Response::new(DeleteOwnerResponse {}))
    }

    async fn get_usage(&self, request: Request<GetUsageRequest>) -> Answer<GetUsageResponse> {
        let usage = self.0.get_usage(owner(&request.get_ref().owner_user_id)?).await?;
        Ok(Response::new(GetUsageResponse {
            account_count: usage.account_count,
            max_accounts: usage.max_accounts,
            domain_count: usage.domain_count,
            max_domains: usage.max_domains,
            used_bytes: usage.used_bytes,
        }))
    }

    async fn list_usage_days(
        &self,
        request: Request<proto::ListUsageDaysRequest>,
    ) -> Answer<proto::ListUsageDaysResponse> {
        let request = request.into_inner();
        let listed = self
            .0
            .list_usage_days(owner(&request.owner_user_id)?, request.days);
        let days = listed.await?.iter().map(usage_day_to_proto).collect();
        Ok(Response::new(proto::ListUsageDaysResponse { days }))
    }

    async fn list_custom_domains(
        &self,
        request: Request<ListCustomDomainsRequest>,
    ) -> Answer<ListCustomDomainsResponse> {
        let request = request.into_inner();
        let owner = access(&request.user_id, request.limited_owner)?;
        let domains = self.0.list_custom_domains(owner).await?;
        let domains = domains.into_iter().map(custom_domain_to_proto).collect();
        Ok(Response::new(ListCustomDomainsResponse {
            domains,
            mx_hostname: self.0.dns.mx_hostname().to_owned(),
        }))
    }

    async fn add_domain(&self, request: Request<AddDomainRequest>) -> Answer<AddDomainResponse> {
        let request = request.into_inner();
        let owner = access(&request.user_id, request.limited_owner)?;
        let key = request.idempotency_key.as_deref();
        let added = self.0.add_domain(owner, &request.domain, key);
        let domain = added.await?;
        Ok(Response::new(AddDomainResponse {
            domain: Some(custom_domain_to_proto(domain)),
            mx_hostname: self.0.dns.mx_hostname().to_owned(),
        }))
    }

    async fn verify_domain(&self, request: Request<VerifyDomainRequest>) -> Answer<VerifyDomainResponse> {
        let request = request.into_inner();
        let (domain, report) = self
            .0
            .verify_domain(
                access(&request.user_id, request.limited_owner)?,
                found_by(&request.domain_id)?,
            )
            .await?;
        Ok(Response::new(VerifyDomainResponse {
            domain: Some(custom_domain_to_proto(domain)),
            mx_hostname: self.0.dns.mx_hostname().to_owned(),
            txt_record: report.proof.is_found(),
            mx_record: report.mx.is_some_and(|mx| mx.is_there),
            message: report.message().to_owned(),
        }))
    }

    async fn delete_domain(&self, request: Request<DeleteDomainRequest>) -> Answer<DeleteDomainResponse> {
        let request = request.into_inner();
        self.0
            .delete_domain(
                access(&request.user_id, request.limited_owner)?,
                found_by(&request.domain_id)?,
            )
            .await?;
        Ok(Response::new(DeleteDomainResponse {}))
    }

    async fn set_catch_all(
        &self,
        request: Request<proto::SetCatchAllRequest>,
    ) -> Answer<proto::SetCatchAllResponse> {
        let r = request.into_inner();
        let domain = self
            .0
            .set_catch_all(
                access(&r.user_id, r.limited_owner)?,
                found_by(&r.domain_id)?,
                decode::catch_all(r.account_id)?,
            )
            .await?;
        Ok(Response::new(proto::SetCatchAllResponse {
            domain: Some(custom_domain_to_proto(domain)),
            mx_hostname: self.0.dns.mx_hostname().to_owned(),
        }))
    }

    async fn list_messages(&self, request: Request<ListMessagesRequest>) -> Answer<ListMessagesResponse> {
        let request = request.into_inner();
        let scope = scope(request.scope)?;
        if request.is_detailed {
            let listed = self
                .0
                .list_messages_detailed(&scope, request.page, request.page_size);
            return Ok(Response::new(detailed_to_proto(&listed.await?)));
        }
        let messages = self
            .0
            .list_messages(&scope, request.page, request.page_size)
            .await?;
        let oldest = self.0.oldest_shown(scope.account());
        let shown = messages.iter().take_while(|message| message.id >= oldest);
        let messages = shown.cloned().map(summary_to_proto).collect();
        Ok(Response::new(ListMessagesResponse {
            messages,
            totals: None,
        }))
    }

    async fn list_messages_after(
        &self,
        request: Request<ListMessagesAfterRequest>,
    ) -> Answer<ListMessagesAfterResponse> {
        use list_messages_after_request::Following as F;
        let request = request.into_inner();
        let following = match request.following {
            Some(F::Mailbox(mailbox)) => Following::Mailbox(scope(Some(mailbox))?),
            Some(F::OwnerUserId(id)) => Following::Owner(OwnerAccess::from(parsed::<UserId>(&id)?)),
            Some(F::LimitedOwner(limited)) => Following::Owner(decode::limited_access(limited)?),
            None => return Err(Error::InvalidRequest("following is missing").into()),
        };
        let after = request.after_message_id.as_deref().map(parsed).transpose()?;
        let arrivals = self
            .0
            .list_messages_after(following, after, request.limit)
            .await?;
        Ok(Response::new(ListMessagesAfterResponse {
            messages: arrivals.messages.into_iter().map(received_to_proto).collect(),
            cursor: arrivals.cursor.to_string(),
            has_more: arrivals.has_more,
        }))
    }

    async fn list_last_message_ids(
        &self,
        request: Request<ListLastMessageIdsRequest>,
    ) -> Answer<ListLastMessageIdsResponse> {
        let request = request.into_inner();
        let accounts = decode::all(&request.account_ids)?;
        let users = decode::all(&request.owner_user_ids)?;
        let (accounts, users) = self.0.list_last_message_ids(accounts, users).await?;
        Ok(Response::new(ListLastMessageIdsResponse {
            by_account_id: texts(accounts),
            by_owner_user_id: texts(users),
        }))
    }

    async fn get_message(&self, request: Request<GetMessageRequest>) -> Answer<GetMessageResponse> {
        let request = request.into_inner();
        let reading = decode::reading(&request);
        let full = self
            .0
            .get_message(message_scope(request.scope)?, &request.message_id, reading)
            .await?;
        let recipients = recipients_of(full.message.envelope_to.as_deref());
        Ok(Response::new(GetMessageResponse {
            summary: Some(summary_to_proto(full.message.into())),
            address: full.address,
            text_body: full.content.text_body,
            html_body: full.content.html_body,
            attachments: full
                .content
                .attachments
                .into_iter()
                .map(attachment_to_proto)
                .collect(),
            findings: Some(extracted_to_proto(full.extracted)),
            inline_parts: full
                .content
                .inline_parts
                .into_iter()
                .map(inline_part_to_proto)
                .collect(),
            header: Some(header_to_proto(full.header)),
            expires_at: seconds(full.expires_at_ms),
            recipients,
            is_withheld: full.is_withheld,
        }))
    }

    async fn check_message(&self, request: Request<CheckMessageRequest>) -> Answer<CheckMessageResponse> {
        let request = request.into_inner();
        let message = self
            .0
            .check_message(message_scope(request.scope)?, &request.message_id)
            .await?;
        Ok(Response::new(CheckMessageResponse {
            summary: Some(detailed_summary_to_proto(&message)),
        }))
    }

    async fn mark_message_read(
        &self,
        request: Request<MarkMessageReadRequest>,
    ) -> Answer<MarkMessageReadResponse> {
        let request = request.into_inner();
        let scope = message_scope(request.scope)?;
        let has_changed = match request.is_unread {
            true => self.0.mark_message_unread(scope, &request.message_id).await?,
            false => {
                let marked = self
                    .0
                    .mark_message_read(scope, &request.message_id, request.claim_id);
                marked.await?
            }
        };
        Ok(Response::new(MarkMessageReadResponse { has_changed }))
    }

    async fn mark_messages_read(
        &self,
        request: Request<proto::MarkMessagesReadRequest>,
    ) -> Answer<proto::MarkMessagesReadResponse> {
        let request = request.into_inner();
        let which = decode::marked_messages(request.which)?;
        let changed = self.0.mark_messages_read(scope(request.scope)?, which).await?;
        Ok(Response::new(proto::MarkMessagesReadResponse {
            changed: i64::try_from(changed).unwrap_or(i64::MAX),
        }))
    }

    async fn delete_message(&self, request: Request<DeleteMessageRequest>) -> Answer<DeleteMessageResponse> {
        let request = request.into_inner();
        self.0
            .delete_message(message_scope(request.scope)?, &request.message_id)
            .await?;
        Ok(Response::new(DeleteMessageResponse {}))
    }

    async fn get_message_source(
        &self,
        request: Request<GetMessageSourceRequest>,
    ) -> Answer<Self::GetMessageSourceStream> {
        let request = request.into_inner();
        let mut source = self
            .0
            .get_message_source(message_scope(request.scope)?, &request.message_id)
            .await?;
        // Read before the answer begins, so that a missing message is an error of the call.
        let first = source.next().await?;
        let size_bytes = Some(source.size_bytes);
        let first_chunk = GetMessageSourceResponse {
            chunk: Bytes::new(),
            size_bytes,
        };
        let head = stream::once(async { Ok(first_chunk) });
        Ok(Response::new(head.chain(source_chunks(first, source)).boxed()))
    }

    async fn get_attachment(
        &self,
        request: Request<GetAttachmentRequest>,
    ) -> Answer<Self::GetAttachmentStream> {
        let request = request.into_inner();
        let scope = message_scope(request.scope)?;
        let (description, bytes, memory) = self
            .0
            .get_attachment(scope, &request.message_id, request.index)
            .await?;
        let description = get_attachment_response::Part::Description(attachment_to_proto(description));
        let parts = chunks(bytes).map(get_attachment_response::Part::Chunk);
        let answers = std::iter::once(description)
            .chain(parts)
            .map(|part| GetAttachmentResponse { part: Some(part) });
        // Held until the last chunk is sent: they are slices of one buffer.
        let answers = stream::iter(answers).map(move |answer| {
            let _ = &memory;
            Ok(answer)
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn resolve_recipient(
        &self,
        request: Request<ResolveRecipientRequest>,
    ) -> Answer<ResolveRecipientResponse> {
        let request = request.into_inner();
        let account_id = self
            .0
            .resolve_recipient(NewRecipient {
                address: &request.address,
                size_bytes: request.size_bytes,
                sender: &request.sender,
                client: request.client.parse().ok(),
            })
            .await?
            .to_string();
        Ok(Response::new(ResolveRecipientResponse { account_id }))
    }

    async fn deliver_message(
        &self,
        request: Request<Streaming<DeliverMessageRequest>>,
    ) -> Answer<DeliverMessageResponse> {
        use deliver_message_request::Part;
        let mut parts = request.into_inner();
        let Some(DeliverMessageRequest {
            part: Some(Part::Envelope(envelope)),
        }) = parts.message().await?
        else {
            return Err(Error::InvalidRequest("the envelope comes first").into());
        };
        let to = match envelope.submission {
            None => NewRecipients::Mailboxes(envelope.recipient_account_ids),
            Some(submission) => NewRecipients::Sandbox(decode::submission(submission)?),
        };
        let intake = self.0.begin_delivery(NewDelivery {
            sender: envelope.sender,
            to,
            size_bytes: envelope.size_bytes,
        });
        let mut intake = intake.await?;
        while let Some(DeliverMessageRequest { part }) = parts.message().await? {
            let Some(Part::Chunk(chunk)) = part else {
                return Err(Error::InvalidRequest("after the envelope come chunks").into());
            };
            intake.push(&chunk)?;
        }
        let ids = self.0.finish_delivery(intake).await?;
        let message_ids = ids.iter().map(MessageId::to_string).collect();
        Ok(Response::new(DeliverMessageResponse { message_ids }))
    }

    async fn create_sandbox(
        &self,
        request: Request<proto::CreateSandboxRequest>,
    ) -> Answer<proto::CreateSandboxResponse> {
        let r = request.into_inner();
        let owner = access(&r.owner_user_id, r.limited_owner)?;
        let settings = SandboxSettings {
            name: Some(r.name),
            max_messages: r.max_messages,
            retention_secs: r.retention_secs,
            deliver_to_own: r.deliver_to_own,
        };
        let created = self.0.create_sandbox(owner, settings).await?;
        let sandbox = Some(sandbox_to_proto(created));
        Ok(Response::new(proto::CreateSandboxResponse { sandbox }))
    }

    async fn list_sandboxes(
        &self,
        request: Request<proto::ListSandboxesRequest>,
    ) -> Answer<proto::ListSandboxesResponse> {
        let r = request.into_inner();
        let owner = access(&r.owner_user_id, r.limited_owner)?;
        let sandboxes = self.0.list_sandboxes(owner).await?;
        let sandboxes = sandboxes.into_iter().map(sandbox_to_proto).collect();
        Ok(Response::new(proto::ListSandboxesResponse { sandboxes }))
    }

    async fn get_sandbox(
        &self,
        request: Request<proto::GetSandboxRequest>,
    ) -> Answer<proto::GetSandboxResponse> {
        let r = request.into_inner();
        let id = r.sandbox_id.as_deref().map(found_by).transpose()?;
        let found = self
            .0
            .get_sandbox(access(&r.owner_user_id, r.limited_owner)?, id)
            .await?;
        let sandbox = Some(sandbox_to_proto(found));
        Ok(Response::new(proto::GetSandboxResponse { sandbox }))
    }

    async fn update_sandbox(
        &self,
        request: Request<proto::UpdateSandboxRequest>,
    ) -> Answer<proto::UpdateSandboxResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.sandbox_id)?,
        );
        let settings = SandboxSettings {
            name: r.name,
            max_messages: r.max_messages,
            retention_secs: r.retention_secs,
            deliver_to_own: r.deliver_to_own,
        };
        let updated = self.0.update_sandbox(owner, id, settings).await?;
        let sandbox = Some(sandbox_to_proto(updated));
        Ok(Response::new(proto::UpdateSandboxResponse { sandbox }))
    }

    async fn delete_sandbox(
        &self,
        request: Request<proto::DeleteSandboxRequest>,
    ) -> Answer<proto::DeleteSandboxResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.sandbox_id)?,
        );
        self.0.delete_sandbox(owner, id).await?;
        Ok(Response::new(proto::DeleteSandboxResponse {}))
    }

    async fn open_sandbox(
        &self,
        request: Request<proto::OpenSandboxRequest>,
    ) -> Answer<proto::OpenSandboxResponse> {
        let r = request.into_inner();
        let only = r.sandbox_id.as_deref().map(found_by).transpose()?;
        let owner = access(&r.owner_user_id, r.limited_owner)?;
        let opened = self.0.open_sandbox(owner, only, &r.username);
        let sandbox = Some(sandbox_to_proto(opened.await?));
        Ok(Response::new(proto::OpenSandboxResponse { sandbox }))
    }

    async fn get_open_domains(
        &self,
        _: Request<proto::GetOpenDomainsRequest>,
    ) -> Answer<proto::GetOpenDomainsResponse> {
        let open = self.0.get_open_domains();
        Ok(Response::new(proto::GetOpenDomainsResponse {
            domains: open.domains,
            retention_secs: open.retention_secs,
            reserved_local_parts: open.reserved_local_parts.map(str::to_owned).to_vec(),
        }))
    }

    async fn delete_messages(
        &self,
        request: Request<proto::DeleteMessagesRequest>,
    ) -> Answer<proto::DeleteMessagesResponse> {
        let deleted = self.0.delete_messages(scope(request.into_inner().scope)?).await?;
        Ok(Response::new(proto::DeleteMessagesResponse {
            deleted: i64::try_from(deleted).unwrap_or(i64::MAX),
        }))
    }

    async fn search_messages(
        &self,
        request: Request<proto::SearchMessagesRequest>,
    ) -> Answer<proto::SearchMessagesResponse> {
        let r = request.into_inner();
        let after = r.after_message_id.as_deref();
        let search = SearchRequest {
            only: decode::references(&r.only)?,
            ..decode::search(r.scope, r.query, &r.time_zone, after, (r.limit, MAX_FOUND))?
        };
        let found = self.0.search_messages(search).await?;
        Ok(Response::new(proto::SearchMessagesResponse {
            messages: found.messages.into_iter().map(received_to_proto).collect(),
            next: found.next.map(|id| id.to_string()),
            is_complete: found.is_complete,
        }))
    }

    async fn delete_messages_by_query(
        &self,
        request: Request<proto::DeleteMessagesByQueryRequest>,
    ) -> Answer<proto::DeleteMessagesByQueryResponse> {
        let r = request.into_inner();
        let after = r.after_message_id.as_deref();
        let search = decode::search(r.scope, r.query, &r.time_zone, after, (r.limit, MAX_CHANGED))?;
        let deleted = self.0.delete_messages_by_query(search).await?;
        Ok(Response::new(proto::DeleteMessagesByQueryResponse {
            deleted: i64::try_from(deleted.deleted).unwrap_or(i64::MAX),
            next: deleted.next.map(|id| id.to_string()),
        }))
    }

    async fn mark_messages_by_query(
        &self,
        request: Request<proto::MarkMessagesByQueryRequest>,
    ) -> Answer<proto::MarkMessagesByQueryResponse> {
        let r = request.into_inner();
        let after = r.after_message_id.as_deref();
        let search = decode::search(r.scope, r.query, &r.time_zone, after, (r.limit, MAX_CHANGED))?;
        let marked = self.0.mark_messages_by_query(search, !r.is_unread).await?;
        Ok(Response::new(proto::MarkMessagesByQueryResponse {
            changed: i64::try_from(marked.changed).unwrap_or(i64::MAX),
            next: marked.next.map(|id| id.to_string()),
        }))
    }

    async fn create_webhook(
        &self,
        request: Request<proto::CreateWebhookRequest>,
    ) -> Answer<proto::CreateWebhookResponse> {
        let r = request.into_inner();
        let (owner, key) = (
            access(&r.owner_user_id, r.limited_owner)?,
            r.idempotency_key.as_deref(),
        );
        let created = self
            .0
            .webhooks
            .create_webhook(owner, r.url, &r.events, r.filter, key);
        let created = created.await.map_err(Error::from)?;
        Ok(Response::new(proto::CreateWebhookResponse {
            webhook: Some(webhook_to_proto(created.webhook)),
            secret: created.secret,
        }))
    }

    async fn list_webhooks(
        &self,
        request: Request<proto::ListWebhooksRequest>,
    ) -> Answer<proto::ListWebhooksResponse> {
        let r = request.into_inner();
        let owner = access(&r.owner_user_id, r.limited_owner)?;
        let webhooks = self.0.webhooks.list_webhooks(owner).await.map_err(Error::from)?;
        let webhooks = webhooks.into_iter().map(webhook_to_proto).collect();
        Ok(Response::new(proto::ListWebhooksResponse { webhooks }))
    }

    async fn update_webhook(
        &self,
        request: Request<proto::UpdateWebhookRequest>,
    ) -> Answer<proto::UpdateWebhookResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.webhook_id)?,
        );
        let updated = self.0.webhooks.update_webhook(owner, id, r.filter);
        let updated = updated.await.map_err(Error::from)?;
        Ok(Response::new(proto::UpdateWebhookResponse {
            webhook: Some(webhook_to_proto(updated)),
        }))
    }

    async fn delete_webhook(
        &self,
        request: Request<proto::DeleteWebhookRequest>,
    ) -> Answer<proto::DeleteWebhookResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.webhook_id)?,
        );
        let deleted = self.0.webhooks.delete_webhook(owner, id);
        deleted.await.map_err(Error::from)?;
        Ok(Response::new(proto::DeleteWebhookResponse {}))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<proto::RotateWebhookSecretRequest>,
    ) -> Answer<proto::RotateWebhookSecretResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.webhook_id)?,
        );
        let rotated = self
            .0
            .webhooks
            .rotate_webhook_secret(owner, id, r.idempotency_key.as_deref());
        let secret = rotated.await.map_err(Error::from)?;
        Ok(Response::new(proto::RotateWebhookSecretResponse { secret }))
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<proto::ListWebhookDeliveriesRequest>,
    ) -> Answer<proto::ListWebhookDeliveriesResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.webhook_id)?,
        );
        let listed = self.0.webhooks.list_webhook_deliveries(owner, id);
        let listed = listed.await.map_err(Error::from)?;
        let deliveries = listed.into_iter().map(attempt_to_proto).collect();
        Ok(Response::new(proto::ListWebhookDeliveriesResponse { deliveries }))
    }

    async fn replay_webhook_delivery(
        &self,
        request: Request<proto::ReplayWebhookDeliveryRequest>,
    ) -> Answer<proto::ReplayWebhookDeliveryResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.webhook_id)?,
        );
        let (attempt, key) = (found_by(&r.delivery_id)?, r.idempotency_key.as_deref());
        let replayed = self.0.webhooks.replay_webhook_delivery(owner, id, attempt, key);
        let event_id = event_name(replayed.await.map_err(Error::from)?);
        Ok(Response::new(proto::ReplayWebhookDeliveryResponse { event_id }))
    }

    async fn test_webhook(
        &self,
        request: Request<proto::TestWebhookRequest>,
    ) -> Answer<proto::TestWebhookResponse> {
        let r = request.into_inner();
        let (owner, id) = (
            access(&r.owner_user_id, r.limited_owner)?,
            found_by(&r.webhook_id)?,
        );
        let tested = self
            .0
            .webhooks
            .test_webhook(owner, id, r.idempotency_key.as_deref());
        let event_id = event_name(tested.await.map_err(Error::from)?);
        Ok(Response::new(proto::TestWebhookResponse { event_id }))
    }
}

/// Encodes the largest message id of each mailbox or user.
fn texts<T: Display>(ids: Vec<(T, MessageId)>) -> HashMap<String, String> {
    ids.into_iter()
        .map(|(id, last)| (id.to_string(), last.to_string()))
        .collect()
}

/// Cuts bytes into slices of one buffer.
fn chunks(bytes: Vec<u8>) -> impl Iterator<Item = Bytes> {
    let bytes = Bytes::from(bytes);
    (0..bytes.len())
        .step_by(CHUNK_BYTES)
        .map(move |at| bytes.slice(at..bytes.len().min(at + CHUNK_BYTES)))
}

/// Streams the first part of a source and reads the others when they are needed.
fn source_chunks(
    first: Vec<u8>,
    source: MessageSource,
) -> impl Stream<Item = Result<GetMessageSourceResponse, Status>> + Send {
    let parts = stream::try_unfold((Some(first), source), |(first, mut source)| async move {
        let part = match first {
            Some(first) => first,
            None => source.next().await?,
        };
        Ok::<_, Status>((!part.is_empty()).then_some((part, (None, source))))
    });
    parts
        .map_ok(|part| stream::iter(chunks(part).map(Ok)))
        .try_flatten()
        .map_ok(|chunk| GetMessageSourceResponse {
            chunk,
            size_bytes: None,
        })
}
