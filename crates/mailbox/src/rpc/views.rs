//! Conversions from the service types to protobuf.

use mayfly_mime::{Addresses, Code, CodePlace, Extracted, Header, InlinePart, Link, LinkKind, NamedAddress};
use mayfly_proto::mailbox as proto;
use mayfly_webhooks::{Attempt, EVENT_TYPE, Webhook, WebhookStatus, event_name};

use crate::{
    service::{DetailedList, MessageReceived, OpenedSandbox, default_id},
    store::{
        Mailbox, addresses,
        cache::DetailedMessage,
        entities::{custom_domain, domain, usage_day},
        messages::ListedMessage,
    },
};

/// The default is the first that everybody can use, or the first.
pub(super) fn domains_to_proto(domains: Vec<domain::Model>) -> Vec<proto::Domain> {
    let default = domains.iter().position(|domain| !domain.is_pro_only).unwrap_or(0);
    let view = |(at, domain): (usize, domain::Model)| proto::Domain {
        domain_id: domain.id.to_string(),
        domain: domain.name,
        is_default: at == default,
        sort_order: domain.sort_order,
        pro_only: domain.is_pro_only,
    };
    domains.into_iter().enumerate().map(view).collect()
}

pub(super) fn custom_domain_to_proto(domain: custom_domain::Model) -> proto::CustomDomain {
    proto::CustomDomain {
        domain_id: domain.id.to_string(),
        domain: domain.name,
        verify_token: domain.verify_token,
        verified_at: domain.verified_at_ms.map(seconds),
        mx_configured: domain.mx_configured,
        created_at: seconds(domain.created_at_ms),
        catch_all_account_id: domain.catch_all.map(|id| id.to_string()),
    }
}

pub(super) fn mailbox_to_proto(mailbox: &Mailbox) -> proto::MailboxInfo {
    proto::MailboxInfo {
        account_id: mailbox.id.to_string(),
        address: mailbox.address.clone(),
        owner_user_id: mailbox.owner_user_id.map(|id| id.to_string()),
        quota_bytes: mailbox.quota_bytes,
        used_bytes: mailbox.used_bytes,
        created_at: seconds(mailbox.created_at_ms),
    }
}

pub(super) fn summary_to_proto(message: ListedMessage) -> proto::MessageSummary {
    proto::MessageSummary {
        message_id: message.id.to_string(),
        sender: message.sender,
        from: message.from_header,
        subject: message.subject,
        preview_text: message.preview_text,
        size_bytes: message.size_bytes,
        is_read: message.is_read,
        created_at: seconds(message.created_at_ms),
        has_attachments: message.has_attachments,
        addresses: None,
    }
}

pub(super) fn detailed_to_proto(listed: &DetailedList) -> proto::ListMessagesResponse {
    let messages = listed.page.messages.iter().take(listed.shown);
    proto::ListMessagesResponse {
        messages: messages.map(detailed_summary_to_proto).collect(),
        totals: Some(proto::MailboxTotals {
            message_count: listed.message_count,
            address: listed.page.address.clone(),
        }),
    }
}

/// The sender of the envelope is needed only where the header names none, and the text of From not at all.
pub(super) fn detailed_summary_to_proto(message: &DetailedMessage) -> proto::MessageSummary {
    let DetailedMessage { listed, addresses } = message;
    proto::MessageSummary {
        message_id: listed.id.to_string(),
        sender: match addresses.from {
            Some(_) => String::new(),
            None => listed.sender.clone(),
        },
        from: None,
        subject: listed.subject.clone(),
        preview_text: listed.preview_text.clone(),
        size_bytes: listed.size_bytes,
        is_read: listed.is_read,
        created_at: seconds(listed.created_at_ms),
        has_attachments: listed.has_attachments,
        addresses: Some(addresses_to_proto(addresses.clone())),
    }
}

fn addresses_to_proto(addresses: Addresses) -> proto::MessageAddresses {
    proto::MessageAddresses {
        from: addresses.from.map(address_to_proto),
        to: addresses.to.into_iter().map(address_to_proto).collect(),
        message_id: addresses.message_id,
    }
}

fn address_to_proto(one: NamedAddress) -> proto::NamedAddress {
    proto::NamedAddress {
        name: one.name,
        address: one.address,
    }
}

/// Decodes the recipients of a message in a sandbox. Other messages have none.
pub(super) fn recipients_of(envelope_to: Option<&str>) -> Vec<String> {
    let decoded = envelope_to.and_then(|json| serde_json::from_str(json).ok());
    decoded.unwrap_or_default()
}

pub(super) fn sandbox_to_proto(opened: OpenedSandbox) -> proto::Sandbox {
    let OpenedSandbox { sandbox, mailbox } = opened;
    proto::Sandbox {
        is_default: sandbox.id == default_id(sandbox.owner_user_id),
        sandbox_id: sandbox.id.to_string(),
        account_id: sandbox.account_id.to_string(),
        address: mailbox.address.clone(),
        name: sandbox.name.clone(),
        login: sandbox.login.clone(),
        max_messages: u32::try_from(sandbox.max_messages).unwrap_or(u32::MAX),
        retention_secs: seconds(sandbox.retention_ms),
        deliver_to_own: sandbox.deliver_to_own,
        created_at: seconds(sandbox.created_at_ms),
        quota_bytes: mailbox.quota_bytes,
        used_bytes: mailbox.used_bytes,
    }
}

pub(super) fn received_to_proto(received: MessageReceived) -> proto::MessageReceived {
    let stored = addresses::decode(received.message.addresses.as_deref());
    proto::MessageReceived {
        recipients: recipients_of(received.message.envelope_to.as_deref()),
        account_id: received.message.account_id.to_string(),
        summary: Some(proto::MessageSummary {
            addresses: stored.map(addresses_to_proto),
            ..summary_to_proto(received.message.into())
        }),
        address: received.address,
        findings: Some(extracted_to_proto(received.extracted)),
    }
}

pub(super) fn attachment_to_proto(attachment: mayfly_mime::Attachment) -> proto::Attachment {
    proto::Attachment {
        index: attachment.index,
        filename: attachment.filename,
        content_type: attachment.content_type,
        size_bytes: attachment.size_bytes,
        content_id: attachment.content_id,
        is_inline: attachment.is_inline,
        transfer_encoding: attachment.transfer_encoding.unwrap_or_default(),
    }
}

pub(super) fn inline_part_to_proto(part: InlinePart) -> proto::InlinePart {
    proto::InlinePart {
        content_id: part.content_id,
        content_type: part.content_type,
        data: part.data.into(),
    }
}

pub(super) fn header_to_proto(header: Header) -> proto::MessageHeader {
    let addresses = |addresses: Vec<NamedAddress>| addresses.into_iter().map(address_to_proto).collect();
    let field = |(name, value)| proto::HeaderField { name, value };
    proto::MessageHeader {
        to: addresses(header.to),
        cc: addresses(header.cc),
        reply_to: addresses(header.reply_to),
        date: header.date_secs,
        message_id: header.message_id,
        unsubscribe: header.unsubscribe.map(|found| proto::Unsubscribe {
            http: found.http,
            mailto: found.mailto,
            one_click: found.one_click,
        }),
        fields: header.fields.into_iter().map(field).collect(),
        from: header.from.map(address_to_proto),
    }
}

pub(super) fn extracted_to_proto(extracted: Extracted) -> proto::Findings {
    let code = |code: Code| proto::Code {
        value: code.value,
        found_in: match code.found_in {
            CodePlace::Subject => proto::CodePlace::Subject,
            CodePlace::Text => proto::CodePlace::Text,
            CodePlace::Html => proto::CodePlace::Html,
            CodePlace::Header => proto::CodePlace::Header,
        }
        .into(),
        confidence_percent: code.confidence.percent().into(),
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
        confidence_percent: link.confidence.percent().into(),
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
        WebhookStatus::Active => proto::WebhookStatus::Active,
        WebhookStatus::Failed => proto::WebhookStatus::Failed,
        WebhookStatus::Paused => proto::WebhookStatus::Paused,
    };
    proto::Webhook {
        webhook_id: webhook.id.to_string(),
        url: webhook.url,
        filter: webhook.filter,
        events: vec![EVENT_TYPE.to_owned()],
        status: status.into(),
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

pub(super) fn seconds(millis: i64) -> i64 {
    millis.div_euclid(1000)
}
