//! Conversions from the service types to protobuf.

use mayfly_mime::{Code, CodePlace, Extracted, Link, LinkKind};
use mayfly_proto::mailbox as proto;
use mayfly_types::{AccountId, DomainId, MessageId, UserId};
use mayfly_webhooks::{Attempt, EVENT_TYPE, Webhook, WebhookStatus, event_name};

use crate::{
    service::Arrived,
    store::{
        Mailbox,
        entities::{custom_domain, domain, usage_day},
        messages::ListedMessage,
    },
};

pub(super) fn domain_to_proto(domain: domain::Model) -> proto::Domain {
    proto::Domain {
        domain_id: DomainId::from_uuid(domain.id).to_string(),
        domain: domain.name,
        is_default: domain.sort_order == 0,
        sort_order: domain.sort_order,
        pro_only: false,
    }
}

pub(super) fn custom_domain_to_proto(domain: custom_domain::Model) -> proto::CustomDomain {
    proto::CustomDomain {
        domain_id: DomainId::from_uuid(domain.id).to_string(),
        domain: domain.name,
        verify_token: domain.verify_token,
        verified_at: domain.verified_at_ms.map(seconds),
        mx_configured: domain.mx_configured,
        created_at: seconds(domain.created_at_ms),
        catch_all_account_id: domain.catch_all.map(|id| AccountId::from_uuid(id).to_string()),
    }
}

pub(super) fn mailbox_to_proto(mailbox: &Mailbox) -> proto::MailboxInfo {
    proto::MailboxInfo {
        account_id: AccountId::from_uuid(mailbox.id).to_string(),
        address: mailbox.address.clone(),
        owner_user_id: mailbox.owner_user_id.map(|id| UserId::from_uuid(id).to_string()),
        quota_bytes: mailbox.quota_bytes,
        used_bytes: mailbox.used_bytes,
        created_at: seconds(mailbox.created_at_ms),
    }
}

pub(super) fn summary_to_proto(message: ListedMessage) -> proto::MessageSummary {
    proto::MessageSummary {
        message_id: MessageId::from_uuid(message.id).to_string(),
        sender: message.sender,
        from: message.from_header,
        subject: message.subject,
        preview_text: message.preview_text,
        size_bytes: message.size_bytes,
        is_read: message.is_read,
        created_at: seconds(message.created_at_ms),
    }
}

pub(super) fn arrived_to_proto(arrived: Arrived) -> proto::NewMessage {
    proto::NewMessage {
        account_id: AccountId::from_uuid(arrived.message.account_id).to_string(),
        summary: Some(summary_to_proto(arrived.message.into())),
        address: arrived.address,
        findings: Some(extracted_to_proto(arrived.extracted)),
    }
}

pub(super) fn attachment_to_proto(attachment: mayfly_mime::Attachment) -> proto::Attachment {
    proto::Attachment {
        index: attachment.index,
        filename: attachment.filename,
        content_type: attachment.content_type,
        size_bytes: attachment.size_bytes,
        content_id: attachment.content_id,
    }
}

pub(super) fn extracted_to_proto(extracted: Extracted) -> proto::Findings {
    let code = |code: Code| proto::Code {
        value: code.value,
        found_in: match code.found_in {
            CodePlace::Subject => proto::CodePlace::Subject,
            CodePlace::Text => proto::CodePlace::Text,
            CodePlace::Html => proto::CodePlace::Html,
        }
        .into(),
    };
    let link = |link: Link| proto::Link {
        url: link.url,
        text: link.text,
        kind: match link.kind {
            LinkKind::Verify => proto::LinkKind::Verify,
            LinkKind::Reset => proto::LinkKind::Reset,
            LinkKind::Unsubscribe => proto::LinkKind::Unsubscribe,
            LinkKind::Other => proto::LinkKind::Other,
        }
        .into(),
    };
    proto::Findings {
        codes: extracted.codes.into_iter().map(code).collect(),
        links: extracted.links.into_iter().map(link).collect(),
    }
}

pub(super) fn usage_day_to_proto(day: &usage_day::Model) -> proto::UsageDay {
    proto::UsageDay {
        day: day.day,
        messages: day.messages,
        bytes: day.bytes,
    }
}

pub(super) fn webhook_to_proto(webhook: Webhook) -> proto::Webhook {
    let status = match webhook.status {
        WebhookStatus::Active => "active",
        WebhookStatus::Failed => "failed",
    };
    proto::Webhook {
        webhook_id: webhook.id.to_string(),
        url: webhook.url,
        events: vec![EVENT_TYPE.to_owned()],
        status: status.to_owned(),
        failure_count: webhook.failure_count,
        last_triggered_at: webhook.last_triggered_at_ms.map(seconds),
        created_at: seconds(webhook.created_at_ms),
        gives_up_at: webhook.gives_up_at_ms.map(seconds),
    }
}

pub(super) fn attempt_to_proto(attempt: Attempt) -> proto::WebhookDelivery {
    proto::WebhookDelivery {
        delivery_id: attempt.id.to_string(),
        event_type: EVENT_TYPE.to_owned(),
        event_id: event_name(attempt.event_id),
        status_code: attempt.status_code.and_then(|code| u32::try_from(code).ok()),
        error: attempt.error,
        attempt: attempt.attempt,
        duration_ms: Some(attempt.duration_ms),
        created_at: seconds(attempt.created_at_ms),
    }
}

fn seconds(millis: i64) -> i64 {
    millis.div_euclid(1000)
}
