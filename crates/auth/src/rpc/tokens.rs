//! Conversions of tokens, their restrictions and the audit log.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use mayfly_proto::auth::{
    self as proto, ClientNetwork, CreateProTokenRequest, CreateProTokenResponse, ListAuditEventsRequest,
    ProPrincipal, ProToken, RecordAuditEventRequest, RotateProTokenRequest, ValidateSubmissionResponse,
    client_network::Network, validate_token_response::Principal as ProtoPrincipal,
};
use mayfly_types::{AuditEventId, ClientPrefix, TokenId, TokenLimits, TokenScopes, UserId};
use time::{Duration, OffsetDateTime};

use super::id;
use crate::{
    error::Error,
    model::{
        audit_event::{Actor, NewAuditEvent, Outcome},
        pro_token::{Restrictions, ValidToken},
    },
    service::{Principal, Submitter, WantedRotation, WantedToken},
    store::{self, AuditEvent, CreatedToken, TokenUsage},
};

/// Decodes the network of a client.
pub(super) fn client(network: Option<ClientNetwork>) -> Option<ClientPrefix> {
    Some(match network?.network? {
        Network::Ipv4(bits) => ClientPrefix::of(Ipv4Addr::from_bits(bits).into()),
        Network::Ipv6(bits) => ClientPrefix::of(Ipv6Addr::from_bits(u128::from(bits) << 64).into()),
    })
}

/// Decodes who changes something.
pub(super) fn actor(actor: Option<proto::Actor>) -> Result<Actor, Error> {
    let actor = actor.unwrap_or_default();
    Ok(Actor {
        token: actor.token_id.as_deref().map(id).transpose()?,
        client: client(actor.client),
    })
}

/// Decodes limits that a user asks for.
fn limits(limits: proto::TokenLimits) -> Result<TokenLimits, Error> {
    fn all<T: std::str::FromStr>(texts: &[String], invalid: &'static str) -> Result<Vec<T>, Error> {
        let parse = |text: &String| text.parse().map_err(|_| Error::InvalidRequest(invalid));
        texts.iter().map(parse).collect()
    }
    Ok(TokenLimits {
        accounts: all(&limits.account_ids, "limits.accounts: has no id of a mailbox")?,
        domains: all(&limits.domains, "limits.domains: has no domain name")?,
        address_prefix: limits.address_prefix,
        sandboxes: all(&limits.sandbox_ids, "limits.sandboxes: has no id of a sandbox")?,
        origin: None,
    })
}

/// Encodes limits.
fn to_limits(limits: &TokenLimits) -> proto::TokenLimits {
    proto::TokenLimits {
        account_ids: limits.accounts.iter().map(ToString::to_string).collect(),
        domains: limits.domains.iter().map(ToString::to_string).collect(),
        address_prefix: limits.address_prefix.clone(),
        sandbox_ids: limits.sandboxes.iter().map(ToString::to_string).collect(),
        origin_token_id: limits.origin.map(|id| id.to_string()).unwrap_or_default(),
    }
}

/// Decodes a token to create.
pub(super) fn wanted(request: CreateProTokenRequest) -> Result<WantedToken, Error> {
    let scopes = request.scopes.map(TokenScopes::from_bits);
    if scopes.map(TokenScopes::bits) != request.scopes {
        return Err(Error::InvalidRequest("scopes: has an unknown scope"));
    }
    Ok(WantedToken {
        name: request.name,
        scopes,
        limits: request.limits.map(limits).transpose()?,
        expires_at_secs: request.expires_at,
    })
}

/// Decodes a rotation.
pub(super) fn rotation(request: &RotateProTokenRequest) -> Result<WantedRotation, Error> {
    Ok(WantedRotation {
        id: id(&request.token_id)?,
        overlap: Duration::seconds(request.overlap_secs),
        expires_at_secs: request.expires_at,
    })
}

/// Encodes a new token.
pub(super) fn created(
    created: CreatedToken,
    name: String,
    scopes: Option<TokenScopes>,
    limits: Option<&TokenLimits>,
) -> CreateProTokenResponse {
    CreateProTokenResponse {
        token_id: created.id.to_string(),
        name,
        token: created.value,
        created_at: created.created_at_secs,
        scopes: scopes.map(TokenScopes::bits),
        limits: limits.map(to_limits),
        expires_at: created.expires_at_secs,
    }
}

/// Encodes a token with its usage.
pub(super) fn token((token, usage): (store::ProToken, TokenUsage)) -> ProToken {
    ProToken {
        token_id: token.id.to_string(),
        name: token.name,
        created_at: token.created_at_secs,
        last_used_at: token.last_used_at_secs,
        revoked_at: token.revoked_at_secs,
        scopes: token.scopes.map(TokenScopes::bits),
        limits: token.limits.as_ref().map(to_limits),
        expires_at: token.expires_at_secs,
        last_used_from: token.last_used_prefix,
        calls: usage.calls,
        refused: usage.refused,
    }
}

/// Encodes a principal. A restricted one is in a field that earlier versions do not know, so that they cannot ignore what restricts
/// it.
pub(super) fn principal(principal: Principal) -> ProtoPrincipal {
    let of_user = |user_id: UserId, token_id: Option<TokenId>| ProPrincipal {
        user_id: user_id.to_string(),
        token_id: token_id.map(|id| id.to_string()),
        ..ProPrincipal::default()
    };
    match principal {
        Principal::Mailbox(account_id) => ProtoPrincipal::Mailbox(proto::MailboxPrincipal {
            account_id: account_id.to_string(),
        }),
        Principal::User(user_id) => ProtoPrincipal::Pro(of_user(user_id, None)),
        Principal::Token(ValidToken {
            id,
            user_id,
            restrictions: None,
        }) => ProtoPrincipal::Pro(of_user(user_id, Some(id))),
        Principal::Token(ValidToken {
            id,
            user_id,
            restrictions: Some(restrictions),
        }) => ProtoPrincipal::RestrictedPro(ProPrincipal {
            scopes: restrictions.scopes.map(TokenScopes::bits),
            limits: restrictions.limits.as_ref().map(to_limits),
            expires_at: restrictions.expires_at_secs,
            ..of_user(user_id, Some(id))
        }),
    }
}

/// Encodes whose mail a client may send.
pub(super) fn submitter(submitter: Submitter) -> ValidateSubmissionResponse {
    let user_id = submitter.user_id.to_string();
    let limits = |restrictions: Arc<Restrictions>| restrictions.limits.as_ref().map(to_limits);
    let limits = submitter.restrictions.and_then(limits);
    let (user_id, limited_owner) = match limits {
        None => (user_id, None),
        limits => (String::new(), Some(proto::LimitedOwner { user_id, limits })),
    };
    ValidateSubmissionResponse {
        user_id,
        credential_id: submitter.credential_id.to_string(),
        sandbox_id: submitter.sandbox_id.map(|id| id.to_string()),
        limited_owner,
    }
}

/// Decodes an event that an edge reports.
pub(super) fn event(request: RecordAuditEventRequest, at: OffsetDateTime) -> Result<NewAuditEvent, Error> {
    Ok(NewAuditEvent {
        id: id(&request.event_id)?,
        user_id: id(&request.user_id)?,
        actor: actor(request.actor)?,
        action: request.action,
        object: request.object,
        outcome: if request.is_refused {
            Outcome::Refused
        } else {
            Outcome::Done
        },
        at,
    })
}

/// Decodes the cursor of a list of events, and the token whose they are.
pub(super) fn page(
    request: &ListAuditEventsRequest,
) -> Result<(Option<TokenId>, Option<AuditEventId>), Error> {
    let before = request.before_event_id.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| Error::InvalidRequest("cursor: is not the next_cursor of a page"))?;
    Ok((request.token_id.as_deref().map(id).transpose()?, before))
}

/// Encodes an event.
pub(super) fn audit_event(event: AuditEvent) -> proto::AuditEvent {
    proto::AuditEvent {
        event_id: event.id.to_string(),
        at_ms: event.at_ms,
        token_id: event.token_id.map(|id| id.to_string()),
        action: event.action,
        object: event.object,
        client_prefix: event.client_prefix,
        outcome: event.outcome,
    }
}
