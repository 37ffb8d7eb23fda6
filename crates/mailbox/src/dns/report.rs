//! The outcome of a DNS check, and its message for people.

use hickory_resolver::{
    net::{DnsError, NetError, NoRecords},
    proto::{
        op::{DnsResponse, ResponseCode},
        rr::{RData, Record},
    },
};

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DnsReport {
    pub(crate) proof: Proof,
    /// `None` when the MX query failed.
    pub(crate) mx: Option<Mx>,
}

/// The MX records of a domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mx {
    /// One of them names this service.
    pub(crate) is_there: bool,
    /// None has a lower preference value.
    pub(crate) is_first: bool,
}

/// Whether a TXT record of a domain is its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// One is, and no wildcard.
    Found,
    /// The domain does not exist (NXDOMAIN).
    NoDomain,
    /// It has no TXT record.
    NoText,
    /// It has TXT records, and none is the token.
    OtherText,
    /// The record is a wildcard.
    Wildcard,
    /// The CNAME records loop, or their chain is too long.
    CnameLoop,
    /// The answer is truncated, and TCP is not available.
    Truncated,
    /// DNSSEC signatures are wrong, expired or missing.
    Bogus,
    /// The name server sent a referral.
    Referral,
    /// The name server refused the query.
    Refused,
    /// The name server failed (SERVFAIL).
    Failed,
    /// The answer is malformed.
    Unreadable,
    /// No name server can be reached.
    Unreachable,
    /// No answer arrived in time.
    Timeout,
}

impl Proof {
    pub(crate) fn is_found(self) -> bool {
        self == Self::Found
    }

    /// Returns whether the DNS answered and the answer holds no proof.
    pub(crate) fn is_refuted(self) -> bool {
        matches!(
            self,
            Self::NoDomain | Self::NoText | Self::OtherText | Self::Wildcard | Self::CnameLoop
        )
    }

    /// Returns whether a CNAME loop can look like this: some name servers detect it, others return no records.
    pub(super) fn may_be_cname_loop(self) -> bool {
        matches!(self, Self::NoText | Self::NoDomain | Self::Failed)
    }

    /// Returns the label of metrics.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NoDomain => "no_domain",
            Self::NoText => "no_text",
            Self::OtherText => "other_text",
            Self::Wildcard => "wildcard",
            Self::CnameLoop => "cname_loop",
            Self::Truncated => "truncated",
            Self::Bogus => "bogus",
            Self::Referral => "referral",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
        }
    }

    /// Maps a failed query.
    fn of(error: &NetError) -> Self {
        match error {
            NetError::Timeout => Self::Timeout,
            NetError::Truncated => Self::Truncated,
            NetError::Proto(_) => Self::Unreadable,
            NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => Self::Refused,
            NetError::Dns(DnsError::DnssecBogus) => Self::Bogus,
            NetError::Dns(_) => Self::Failed,
            _ => Self::Unreachable,
        }
    }
}

impl DnsReport {
    pub(super) const fn only(proof: Proof) -> Self {
        Self { proof, mx: None }
    }

    /// Returns the message for people.
    pub(crate) fn message(&self) -> &'static str {
        match self.proof {
            Proof::Found => match self.mx {
                Some(mx) if mx.is_first => "the domain is verified",
                Some(_) => {
                    "the domain is verified, but its first MX record does not name us: no mail arrives"
                }
                None => "the domain is verified, but its MX records could not be looked up; try again later",
            },
            Proof::NoDomain => "there is no such domain in the DNS: neither a TXT record nor anything else",
            Proof::NoText => "the domain has no TXT record",
            Proof::OtherText => "the domain has TXT records, but no TXT record is exactly the verify_token",
            Proof::Wildcard => "the TXT record is a wildcard: it must stand on the domain itself",
            Proof::CnameLoop => "the CNAME records of the domain lead in a circle, or very far",
            Proof::Truncated => "the DNS answer is cut short, and the whole is not to be had over TCP",
            Proof::Bogus => "the DNSSEC signatures of the domain are wrong, out of date or missing",
            Proof::Referral => "the DNS server that was asked does not know the domain, and points to others",
            Proof::Refused => "the DNS server that was asked refuses to answer for the domain",
            Proof::Failed => {
                "the DNS server that was asked cannot answer for the domain (SERVFAIL): the domain's own servers fail, or its DNSSEC signatures are wrong"
            }
            Proof::Unreadable => "the DNS answer is malformed",
            Proof::Unreachable => "the DNS server that should be asked cannot be reached",
            Proof::Timeout => "no answer of use came from the DNS in time; try again later",
        }
    }
}

/// Reads the result of a query. An empty answer is a success.
pub(super) fn read(answer: Result<(bool, Vec<Record>), NetError>) -> Result<Vec<RData>, Proof> {
    match answer {
        Ok((true, _)) => Err(Proof::Truncated),
        Ok((false, records)) => Ok(records.into_iter().map(|record| record.data).collect()),
        Err(NetError::Dns(DnsError::NoRecordsFound(nothing))) => read_nothing(&nothing),
        Err(NetError::Dns(DnsError::Nsec { response, .. })) => read_unsigned(&response),
        Err(error) => {
            tracing::debug!(%error, "a DNS question failed");
            Err(Proof::of(&error))
        }
    }
}

fn read_nothing(nothing: &NoRecords) -> Result<Vec<RData>, Proof> {
    if nothing.response_code == ResponseCode::NXDomain {
        Err(Proof::NoDomain)
    } else if nothing.ns.is_some() && nothing.soa.is_none() {
        Err(Proof::Referral)
    } else {
        Ok(Vec::new())
    }
}

/// Reads an answer from an unsigned zone, proven to be unsigned by NSEC records.
fn read_unsigned(response: &DnsResponse) -> Result<Vec<RData>, Proof> {
    let records = &response.answers;
    if records.iter().any(|record| record.proof.is_bogus()) {
        Err(Proof::Bogus)
    } else if records.is_empty() && response.response_code == ResponseCode::NXDomain {
        Err(Proof::NoDomain)
    } else {
        Ok(records.iter().map(|record| record.data.clone()).collect())
    }
}

/// Checks that a TXT record is the token, and that the wildcard probe has no such record: a wildcard proves nothing.
pub(super) fn check_txt(
    own: Result<Vec<RData>, Proof>,
    probe: Result<Vec<RData>, Proof>,
    token: &str,
) -> Proof {
    match (own, probe) {
        (Err(failed), _) => failed,
        (Ok(own), _) if !own.iter().any(is_text) => Proof::NoText,
        (Ok(own), _) if !holds(&own, token) => Proof::OtherText,
        (Ok(_), Err(Proof::NoDomain)) => Proof::Found,
        (Ok(_), Err(failed)) => failed,
        (Ok(_), Ok(probe)) if holds(&probe, token) => Proof::Wildcard,
        (Ok(_), Ok(_)) => Proof::Found,
    }
}

fn is_text(record: &RData) -> bool {
    matches!(record, RData::TXT(_))
}

fn holds(records: &[RData], token: &str) -> bool {
    records.iter().any(|record| match record {
        RData::TXT(txt) => txt.txt_data.concat() == token.as_bytes(),
        _ => false,
    })
}

/// Checks whether an MX record names this service, and whether it has the lowest preference value.
pub(super) fn check_mx(answer: Result<Vec<RData>, Proof>, hostname: &str) -> Option<Mx> {
    let records = match answer {
        Ok(records) => records,
        Err(Proof::NoDomain) => Vec::new(),
        Err(_) => return None,
    };
    let servers: Vec<(u16, bool)> = records
        .iter()
        .filter_map(|record| match record {
            RData::MX(mx) => {
                let host = mx.exchange.to_ascii();
                let is_ours = host.trim_end_matches('.').eq_ignore_ascii_case(hostname);
                Some((mx.preference, is_ours))
            }
            _ => None,
        })
        .collect();
    let first_of = |ours_only: bool| {
        let counted = servers.iter().filter(|server| server.1 || !ours_only);
        counted.map(|server| server.0).min()
    };
    let ours = first_of(true);
    Some(Mx {
        is_there: ours.is_some(),
        is_first: ours.is_some() && ours == first_of(false),
    })
}
