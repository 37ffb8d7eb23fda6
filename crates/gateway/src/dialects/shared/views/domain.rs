//! Domains that Pro users bring along.

use mayfly_proto::mailbox::{AddDomainResponse, CustomDomain, VerifyDomainResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::timestamp;

/// The preference in the MX record.
const MX_PRIORITY: u16 = 10;

/// A domain of the user, verified or not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnDomain {
    #[schema(format = Uuid)]
    id: String,
    domain: String,
    /// `pending` or `verified`.
    verify_status: &'static str,
    verify_token: String,
    #[schema(required, format = DateTime)]
    verified_at: Option<String>,
    /// At the last verification, no other mail server had a higher priority.
    mx_configured: bool,
    /// The mailbox that receives mail for addresses without a mailbox, present or deleted.
    #[schema(required, format = Uuid)]
    catch_all: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    dns_records: Vec<DnsRecord>,
}

impl OwnDomain {
    /// Shapes a domain whose MX record should name a host.
    pub(crate) fn new(domain: CustomDomain, mx_hostname: &str) -> Self {
        Self {
            dns_records: records(&domain, mx_hostname.to_owned(), [None, None]),
            id: domain.domain_id,
            domain: domain.domain,
            verify_status: status(domain.verified_at),
            verify_token: domain.verify_token,
            verified_at: domain.verified_at.map(timestamp),
            mx_configured: domain.mx_configured,
            catch_all: domain.catch_all_account_id,
            created_at: timestamp(domain.created_at),
        }
    }
}

/// Every domain of the user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnDomainList {
    pub(crate) domains: Vec<OwnDomain>,
}

/// A record that the domain should have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DnsRecord {
    #[serde(rename = "type")]
    record_type: &'static str,
    host: String,
    value: String,
    /// Of an MX record only.
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u16>,
    /// Whether it was found; in the answer to a verification only.
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
}

/// An added domain, and the DNS records that it needs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddedDomain {
    #[schema(format = Uuid)]
    id: String,
    domain: String,
    verify_token: String,
    dns_records: Vec<DnsRecord>,
}

impl From<AddDomainResponse> for AddedDomain {
    fn from(answer: AddDomainResponse) -> Self {
        let domain = answer.domain.unwrap_or_default();
        Self {
            dns_records: records(&domain, answer.mx_hostname, [None, None]),
            id: domain.domain_id,
            domain: domain.domain,
            verify_token: domain.verify_token,
        }
    }
}

/// The result of a verification.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerifiedDomain {
    #[schema(format = Uuid)]
    id: String,
    domain: String,
    /// `pending` or `verified`.
    verify_status: &'static str,
    /// The TXT record exists, on the domain itself and not on a wildcard, and its DNSSEC signatures are not bogus.
    txt_record: bool,
    /// One of the MX records names this server.
    mx_record: bool,
    /// It has the highest priority.
    mx_configured: bool,
    #[schema(required, format = DateTime)]
    verified_at: Option<String>,
    dns_records: Vec<DnsRecord>,
    /// The cause for a person: no such TXT record, only a wildcard, a CNAME loop, bogus DNSSEC signatures, a truncated
    /// answer, a time-out, and so on.
    #[schema(example = "the domain has TXT records, but no TXT record is exactly the verify_token")]
    message: String,
}

impl From<VerifyDomainResponse> for VerifiedDomain {
    fn from(answer: VerifyDomainResponse) -> Self {
        let domain = answer.domain.unwrap_or_default();
        let found = [Some(answer.txt_record), Some(answer.mx_record)];
        Self {
            dns_records: records(&domain, answer.mx_hostname, found),
            id: domain.domain_id,
            domain: domain.domain,
            verify_status: status(domain.verified_at),
            txt_record: answer.txt_record,
            mx_record: answer.mx_record,
            mx_configured: domain.mx_configured,
            verified_at: domain.verified_at.map(timestamp),
            message: answer.message,
        }
    }
}

fn status(verified_at: Option<i64>) -> &'static str {
    if verified_at.is_some() {
        "verified"
    } else {
        "pending"
    }
}

fn records(domain: &CustomDomain, mx_hostname: String, [txt, mx]: [Option<bool>; 2]) -> Vec<DnsRecord> {
    let txt = DnsRecord {
        record_type: "TXT",
        host: domain.domain.clone(),
        value: domain.verify_token.clone(),
        priority: None,
        ok: txt,
    };
    let mx = DnsRecord {
        record_type: "MX",
        host: domain.domain.clone(),
        value: mx_hostname,
        priority: Some(MX_PRIORITY),
        ok: mx,
    };
    vec![txt, mx]
}
