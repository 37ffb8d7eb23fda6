//! Who calls: a mailbox, or a Pro user with what the token may do.

use std::net::IpAddr;

use mayfly_follow::{Feed, Topic};
use mayfly_proto::{
    auth::{Actor, ClientNetwork, LimitedOwner, ProPrincipal, TokenLimits, client_network::Network},
    mailbox::{AnyOwnedBy, OwnedMailbox, Scope, scope::Caller},
};
use mayfly_rpc::Failure;
use mayfly_types::{ClientPrefix, TokenScopes};

/// The principal of a bearer token.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    Mailbox { account_id: String },
    Pro(Pro),
}

/// A Pro user, by JWT or by API token.
#[derive(Debug, Clone)]
pub(crate) struct Pro {
    pub(crate) user_id: String,
    /// Of an API token.
    pub(crate) token_id: Option<String>,
    /// `None` is whatever the user may do.
    pub(crate) scopes: Option<TokenScopes>,
    /// What the token may act on; `None` is everything of the user.
    pub(crate) limits: Option<TokenLimits>,
    /// In Unix seconds.
    pub(crate) expires_at: Option<i64>,
}

impl From<ProPrincipal> for Pro {
    fn from(principal: ProPrincipal) -> Self {
        Self {
            user_id: principal.user_id,
            token_id: principal.token_id,
            scopes: principal.scopes.map(TokenScopes::from_bits),
            limits: principal.limits,
            expires_at: principal.expires_at,
        }
    }
}

impl Pro {
    /// The user, within the limits of the token.
    pub(crate) fn owner(self) -> Owner {
        Owner {
            user_id: self.user_id,
            limits: self.limits,
        }
    }

    /// Who calls, for the audit log.
    pub(crate) fn actor(&self, client: IpAddr) -> Actor {
        Actor {
            token_id: self.token_id.clone(),
            client: Some(client_network(client)),
        }
    }

    /// Who changes something, for the audit log.
    pub(crate) fn changer(&self, client: IpAddr) -> Changer {
        Changer {
            user_id: self.user_id.clone(),
            actor: self.actor(client),
        }
    }
}

/// A Pro user who changes something, for the audit log.
#[derive(Debug)]
pub(crate) struct Changer {
    pub(crate) user_id: String,
    pub(crate) actor: Actor,
}

/// A Pro user, within the limits of the token. Every call for the user's objects carries both.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) user_id: String,
    pub(crate) limits: Option<TokenLimits>,
}

impl Owner {
    /// The fields of a request: the user, or in its place the user with limits.
    pub(crate) fn into_fields(self) -> (String, Option<LimitedOwner>) {
        match self.limits {
            None => (self.user_id, None),
            limits => {
                let user_id = self.user_id;
                (String::new(), Some(LimitedOwner { user_id, limits }))
            }
        }
    }

    /// The user, for what belongs to no mailbox, sandbox or domain: it is outside of all limits.
    ///
    /// # Errors
    /// `NotFound` with limits.
    pub(crate) fn whole_user(self) -> Result<String, Failure> {
        match self.limits {
            None => Ok(self.user_id),
            Some(_) => Err(Failure::not_found()),
        }
    }

    /// One of the user's mailboxes, if it is one.
    pub(crate) fn scope_of(self, account_id: String) -> Scope {
        let (owner_user_id, limited_owner) = self.into_fields();
        scope(Caller::Owned(OwnedMailbox {
            account_id,
            owner_user_id,
            limited_owner,
        }))
    }

    /// All of the user's mailboxes.
    pub(crate) fn any_scope(self) -> Scope {
        let (owner_user_id, limited_owner) = self.into_fields();
        scope(Caller::AnyOwnedBy(AnyOwnedBy {
            owner_user_id,
            limited_owner,
        }))
    }

    /// The mail of all of the user's mailboxes, as it comes.
    ///
    /// # Errors
    /// `Internal` when the id of the user is none.
    pub(crate) fn feed(self) -> Result<Feed, Failure> {
        Ok(Feed {
            topic: Topic::owner(&self.user_id)?,
            limits: self.limits.map(Box::new),
        })
    }
}

/// Wraps a caller.
pub(crate) fn scope(caller: Caller) -> Scope {
    Scope { caller: Some(caller) }
}

/// Returns the network of a client, for the audit log and the last use of tokens.
pub(crate) fn client_network(client: IpAddr) -> ClientNetwork {
    let network = match ClientPrefix::of(client).network() {
        IpAddr::V4(network) => Network::Ipv4(network.to_bits()),
        IpAddr::V6(network) => Network::Ipv6(u64::try_from(network.to_bits() >> 64).unwrap_or_default()),
    };
    ClientNetwork {
        network: Some(network),
    }
}
