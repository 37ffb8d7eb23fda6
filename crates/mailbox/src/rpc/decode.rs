//! Conversions from protobuf to the service types. A malformed id fails like the id of an absent object; the id of the
//! caller comes from the gateway, so a malformed one is a defect of the request.

use std::{str::FromStr, sync::Arc};

use mayfly_mime::InlineLimits;
use mayfly_proto::{
    auth::LimitedOwner,
    mailbox::{self as proto, scope::Caller},
};
use mayfly_search::Zone;
use mayfly_types::{AccountId, MessageId, OwnerAccess, TokenLimits, UserId};

use crate::{
    error::Error,
    service::{
        INVALID_CATCH_ALL, MarkedMessages, MessageScope, NewSubmission, Origin, Reading, Scope,
        SearchRequest, SearchScope,
    },
};

/// Messages that a search of some messages examines.
const MAX_REFERENCES: usize = 100;
/// Largest number of inline parts of an answer.
const MAX_INLINE_PARTS: usize = 20;
/// Largest total size of the inline parts of an answer: with the longest bodies it stays below
/// [`MAX_MAIL_ANSWER_BYTES`](mayfly_rpc::MAX_MAIL_ANSWER_BYTES).
const MAX_INLINE_BYTES: usize = 8 << 20;

const _: () =
    assert!(mayfly_mime::MAX_BODY_BYTES + MAX_INLINE_BYTES + (1 << 20) <= mayfly_rpc::MAX_MAIL_ANSWER_BYTES);

/// Decodes the scope of a call that names one mailbox.
pub(super) fn scope(scope: Option<proto::Scope>) -> Result<Scope, Error> {
    match message_scope(scope)? {
        MessageScope::One(scope) => Ok(scope),
        MessageScope::AnyOwnedBy(_) | MessageScope::AnyOpen => Err(Error::NotFound),
    }
}

/// Decodes the scope of a call that names a message.
pub(super) fn message_scope(scope: Option<proto::Scope>) -> Result<MessageScope, Error> {
    let caller = scope.and_then(|scope| scope.caller);
    let scope = match caller.ok_or(Error::InvalidRequest("scope is missing"))? {
        Caller::AccountId(id) => Scope::Mailbox(id.parse().map_err(|_| Error::MailboxGone)?),
        Caller::Owned(owned) => Scope::Owned {
            account: found_by(&owned.account_id)?,
            owner: scope_owner(&owned.owner_user_id, owned.limited_owner)?,
        },
        Caller::AnyOpen(_) => return Ok(MessageScope::AnyOpen),
        Caller::AnyOwnedBy(any) => {
            let owner = scope_owner(&any.owner_user_id, any.limited_owner)?;
            return Ok(MessageScope::AnyOwnedBy(owner));
        }
    };
    Ok(MessageScope::One(scope))
}

/// Decodes a search. A page is as large as `limit`, within 1 and `most`.
pub(super) fn search(
    scope: Option<proto::Scope>,
    query: String,
    time_zone: &str,
    after: Option<&str>,
    (limit, most): (u32, u32),
) -> Result<SearchRequest, Error> {
    let scope = match message_scope(scope)? {
        MessageScope::One(scope) => SearchScope::One(scope),
        MessageScope::AnyOwnedBy(owner) => SearchScope::AnyOwnedBy(owner),
        MessageScope::AnyOpen => return Err(Error::NotFound),
    };
    let zone = match time_zone {
        "" => Zone::default(),
        name => Zone::named(name).ok_or(Error::InvalidRequest("there is no such time zone"))?,
    };
    Ok(SearchRequest {
        only: Vec::new(),
        scope,
        query,
        zone,
        after: after.map(parsed).transpose()?,
        limit: limit.clamp(1, most) as usize,
    })
}

/// Decodes the messages that a search examines.
pub(super) fn references(only: &[proto::MessageReference]) -> Result<Vec<(AccountId, MessageId)>, Error> {
    if only.len() > MAX_REFERENCES {
        return Err(Error::InvalidRequest("too many messages at once"));
    }
    let pair = |one: &proto::MessageReference| Ok((parsed(&one.account_id)?, parsed(&one.message_id)?));
    only.iter().map(pair).collect()
}

/// Parses the Pro user that a call acts for.
pub(super) fn owner(id: &str) -> Result<UserId, Error> {
    id.parse()
        .map_err(|_| Error::InvalidRequest("the id of the Pro user is not a UUID"))
}

/// Decodes the Pro user that a call acts for, with the limits of the token.
pub(super) fn access(id: &str, limited: Option<LimitedOwner>) -> Result<OwnerAccess, Error> {
    match limited {
        None => owner(id).map(OwnerAccess::from),
        Some(limited) => limited_access(limited),
    }
}

/// Decodes the Pro user of a scope. A malformed id has no mailbox.
fn scope_owner(id: &str, limited: Option<LimitedOwner>) -> Result<OwnerAccess, Error> {
    match limited {
        None => found_by::<UserId>(id).map(OwnerAccess::from),
        Some(limited) => limited_access(limited),
    }
}

/// Decodes a Pro user with limits. Limits that cannot be read are an error: they must not widen.
pub(super) fn limited_access(limited: LimitedOwner) -> Result<OwnerAccess, Error> {
    const UNREADABLE: Error = Error::InvalidRequest("limits cannot be read");
    let limits = limited.limits.ok_or(UNREADABLE)?;
    let domains = limits
        .domains
        .iter()
        .map(|name| name.parse().map_err(|_| UNREADABLE));
    let origin = match limits.origin_token_id.as_str() {
        "" => None,
        id => Some(parsed(id)?),
    };
    let limits = TokenLimits {
        accounts: all(&limits.account_ids)?,
        domains: domains.collect::<Result<_, _>>()?,
        address_prefix: limits.address_prefix,
        sandboxes: all(&limits.sandbox_ids)?,
        origin,
    };
    Ok(OwnerAccess {
        user: owner(&limited.user_id)?,
        limits: Some(Arc::new(limits)),
    })
}

/// Parses the id of an object. A malformed id finds nothing, like the id of another user's object.
pub(super) fn found_by<T: FromStr>(id: &str) -> Result<T, Error> {
    id.parse().map_err(|_| Error::NotFound)
}

/// Parses the mailbox of a reservation. A malformed id never had one.
pub(super) fn reservation(id: &str) -> Result<AccountId, Error> {
    id.parse().map_err(|_| Error::ReservationExpired)
}

/// Parses the catch-all mailbox of a domain.
pub(super) fn catch_all(id: Option<String>) -> Result<Option<AccountId>, Error> {
    id.map(|id| id.parse().map_err(|_| INVALID_CATCH_ALL)).transpose()
}

/// Decodes the envelope of a client that has logged in.
pub(super) fn submission(submission: proto::Submission) -> Result<NewSubmission, Error> {
    Ok(NewSubmission {
        owner: owner(&submission.owner_user_id)?,
        sandbox_id: found_by(&submission.sandbox_id)?,
        recipients: submission.recipients,
        origin: Origin {
            client: submission.client,
            helo: submission.helo,
            is_tls: submission.is_tls,
            credential_id: submission.credential_id,
        },
    })
}

/// Parses an id that only another service writes.
pub(super) fn parsed<T: FromStr>(id: &str) -> Result<T, Error> {
    id.parse()
        .map_err(|_| Error::InvalidRequest("an id is not a UUID"))
}

/// Parses ids that only another service writes.
pub(super) fn all<T: FromStr>(ids: &[String]) -> Result<Vec<T>, Error> {
    ids.iter().map(|id| parsed(id)).collect()
}

/// Decodes which messages are marked.
pub(super) fn marked_messages(
    which: Option<proto::mark_messages_read_request::Which>,
) -> Result<MarkedMessages, Error> {
    use proto::mark_messages_read_request::Which;
    match which {
        Some(Which::Ids(ids)) => Ok(MarkedMessages::Ids(ids.message_ids)),
        Some(Which::All(true)) => Ok(MarkedMessages::All),
        Some(Which::All(false)) | None => Err(Error::InvalidRequest("ids or all are missing")),
    }
}

/// Decodes what a caller wants of a message.
pub(super) fn reading(request: &proto::GetMessageRequest) -> Reading {
    Reading {
        inline: request.inline_parts.map(inline_limits),
        derives_text: request.derives_text,
        derives_visible_text: request.derives_visible_text,
        max_size_bytes: request.max_size_bytes,
    }
}

/// Decodes limits, and bounds them.
fn inline_limits(limits: proto::InlineLimits) -> InlineLimits {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    InlineLimits {
        max_parts: size(limits.max_parts.into()).min(MAX_INLINE_PARTS),
        max_bytes: size(limits.max_bytes).min(MAX_INLINE_BYTES),
    }
}
