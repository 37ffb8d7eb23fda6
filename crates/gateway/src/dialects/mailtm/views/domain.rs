//! Domains for mailboxes.

use mayfly_proto::mailbox::{self, CustomDomain};
use mayfly_types::DomainId;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{node::Resource, timestamp};

/// A domain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Domain {
    #[schema(format = Uuid)]
    pub(crate) id: String,
    domain: String,
    /// Always true.
    is_active: bool,
    /// Whether it belongs to the user of the token.
    is_private: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// As `createdAt`.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl Domain {
    /// The time of a domain is the one in its id.
    fn new(id: String, domain: String, is_private: bool) -> Self {
        let created = id.parse::<DomainId>().ok().and_then(DomainId::created_at);
        let created_at = timestamp(created.map_or(0, OffsetDateTime::unix_timestamp));
        Self {
            id,
            domain,
            is_active: true,
            is_private,
            updated_at: created_at.clone(),
            created_at,
        }
    }
}

impl From<mailbox::Domain> for Domain {
    fn from(domain: mailbox::Domain) -> Self {
        Self::new(domain.domain_id, domain.domain, false)
    }
}

impl From<CustomDomain> for Domain {
    fn from(domain: CustomDomain) -> Self {
        Self::new(domain.domain_id, domain.domain, true)
    }
}

impl Resource for Domain {
    const TYPE: &'static str = "Domain";

    fn path(&self) -> String {
        format!("/domains/{}", self.id)
    }
}
