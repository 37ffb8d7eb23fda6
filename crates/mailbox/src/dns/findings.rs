//! What a look into the DNS says of a domain, and how people are told.

use hickory_resolver::{
    net::{DnsError, NetError, NoRecords},
    proto::{
        op::{DnsResponse, ResponseCode},
        rr::{RData, Record},
    },
};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) proof: Proof,
    /// Nothing where the question for mail servers brought no answer.
    pub(crate) mx: Option<Mx>,
}

/// A domain's mail servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mx {
    /// One of them is ours.
    pub(crate) is_there: bool,
    /// No other stands before ours.
    pub(crate) is_first: bool,
}

/// Whether a domain holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It does, and no other name beside it.
    Found,
    /// There is no such domain.
    NoDomain,
    /// It has no TXT record.
    NoText,
    /// It has TXT records, and none is the token.
    OtherText,
    /// Every name beside it holds the token as well.
    Wildcard,
    /// Its CNAME records lead in a circle, or very far.
    Circle,
    /// The answer does not fit into a message.
    CutShort,
    /// Signatures that should be there are wrong, out of date or missing.
    Bogus,
    /// Whoever was asked points to others.
    Referred,
    /// Whoever was asked does not answer for the domain.
    Refused,
    /// Whoever was asked cannot answer.
    Failed,
    /// What came is no DNS message.
    Unreadable,
    /// Nobody can be asked.
    Unreachable,
    /// No answer came in time.
    Late,
}

impl Proof {
    pub(crate) fn is_found(self) -> bool {
        self == Self::Found
    }

    /// Tells whether there was an answer, and no proof in it.
    pub(crate) fn is_refuted(self) -> bool {
        matches!(
            self,
            Self::NoDomain | Self::NoText | Self::OtherText | Self::Wildcard | Self::Circle
        )
    }

    /// Tells whether a circle of CNAME records looks like this: some who are asked notice it, some find nothing at its end.
    pub(super) fn may_be_circle(self) -> bool {
        matches!(self, Self::NoText | Self::NoDomain | Self::Failed)
    }

    /// Returns the value of a metric's label.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NoDomain => "no_domain",
            Self::NoText => "no_text",
            Self::OtherText => "other_text",
            Self::Wildcard => "wildcard",
            Self::Circle => "circle",
            Self::CutShort => "cut_short",
            Self::Bogus => "bogus",
            Self::Referred => "referred",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Unreachable => "unreachable",
            Self::Late => "late",
        }
    }

    /// Says what a question without an answer tells.
    fn of(error: &NetError) -> Self {
        match error {
            NetError::Timeout => Self::Late,
            NetError::Truncated => Self::CutShort,
            NetError::Proto(_) => Self::Unreadable,
            NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => Self::Refused,
            NetError::Dns(DnsError::DnssecBogus) => Self::Bogus,
            NetError::Dns(_) => Self::Failed,
            _ => Self::Unreachable,
        }
    }
}

impl Findings {
    pub(super) const fn only(proof: Proof) -> Self {
        Self { proof, mx: None }
    }

    /// Returns what is wrong, for a person.
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
            Proof::Circle => "the CNAME records of the domain lead in a circle, or very far",
            Proof::CutShort => "the DNS answer is cut short, and the whole is not to be had over TCP",
            Proof::Bogus => "the DNSSEC signatures of the domain are wrong, out of date or missing",
            Proof::Referred => "the DNS server that was asked does not know the domain, and points to others",
            Proof::Refused => "the DNS server that was asked refuses to answer for the domain",
            Proof::Failed => {
                "the DNS server that was asked cannot answer for the domain (SERVFAIL): the domain's own servers fail, or its DNSSEC signatures are wrong"
            }
            Proof::Unreadable => "the DNS answer is malformed",
            Proof::Unreachable => "the DNS server that should be asked cannot be reached",
            Proof::Late => "no answer of use came from the DNS in time; try again later",
        }
    }
}

/// Reads what a question brought. That there is no such record is an answer.
pub(super) fn read(answer: Result<(bool, Vec<Record>), NetError>) -> Result<Vec<RData>, Proof> {
    match answer {
        Ok((true, _)) => Err(Proof::CutShort),
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
        Err(Proof::Referred)
    } else {
        Ok(Vec::new())
    }
}

/// Reads an answer in a part of the DNS that is not signed for sure, as some signed zones leave parts of theirs.
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

/// The TXT records must hold the token, and a name that nobody can have made must not: a wildcard proves nothing.
pub(super) fn judge_txt(
    own: Result<Vec<RData>, Proof>,
    sibling: Result<Vec<RData>, Proof>,
    token: &str,
) -> Proof {
    match (own, sibling) {
        (Err(failed), _) => failed,
        (Ok(own), _) if !own.iter().any(is_text) => Proof::NoText,
        (Ok(own), _) if !holds(&own, token) => Proof::OtherText,
        (Ok(_), Err(Proof::NoDomain)) => Proof::Found,
        (Ok(_), Err(failed)) => failed,
        (Ok(_), Ok(sibling)) if holds(&sibling, token) => Proof::Wildcard,
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

/// Tells whether one of the mail servers is ours, and whether no other stands before it.
pub(super) fn judge_mx(answer: Result<Vec<RData>, Proof>, hostname: &str) -> Option<Mx> {
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
