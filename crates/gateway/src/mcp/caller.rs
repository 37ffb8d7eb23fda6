//! Who calls, and what they may call.

use std::net::IpAddr;

use axum::http::{header, request::Parts};
use mayfly_proto::mailbox::{Scope, scope};
use mayfly_rpc::Failure;
use secrecy::{ExposeSecret, SecretString};

use super::tool::Tool;
use crate::{
    app::{
        App,
        principal::{Changer, Principal, Pro},
    },
    edge::{
        auth::{authenticate, bearer, needs::Needs},
        client_address::ClientAddress,
    },
};

/// Who sent a request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) identity: Identity,
    /// Empty for an anonymous caller. It must stay valid while a call waits.
    pub(super) bearer: SecretString,
    pub(super) client: IpAddr,
}

/// By what a caller is known.
#[derive(Debug, Clone)]
pub(super) enum Identity {
    /// A Pro user, with all mailboxes of theirs within the limits of the token.
    Pro(Pro),
    /// A mailbox that acts for itself.
    Mailbox(String),
    /// Has no mailbox yet.
    Anonymous,
}

impl Caller {
    /// Validates the bearer token of a request.
    ///
    /// # Errors
    /// `InvalidToken` or `MissingCredential`; `Unavailable` when the token cannot be validated.
    pub(super) async fn authenticate(parts: &Parts, app: &App) -> Result<Self, Failure> {
        let bearer = SecretString::from(bearer(&parts.headers, parts.uri.query())?);
        let identity = match authenticate(bearer.expose_secret(), parts, app).await? {
            Principal::Pro(pro) => Identity::Pro(pro),
            Principal::Mailbox { account_id } => Identity::Mailbox(account_id),
        };
        Ok(Self {
            identity,
            bearer,
            client: client(parts)?,
        })
    }

    /// As [`Caller::authenticate`], but a request without a credential is anonymous.
    pub(super) async fn authenticate_optional(parts: &Parts, app: &App) -> Result<Self, Failure> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Self::authenticate(parts, app).await;
        }
        Ok(Self {
            identity: Identity::Anonymous,
            bearer: SecretString::default(),
            client: client(parts)?,
        })
    }

    /// Tells whether a tool is listed and can be called.
    pub(super) fn may_call(&self, tool: Tool) -> bool {
        allowed_tools(&self.identity).any(|allowed| allowed == tool)
    }

    /// What limits count: a token, or the client without one.
    pub(super) fn limit_key(&self) -> String {
        match &self.identity {
            Identity::Pro(pro) => pro.token_id.clone().unwrap_or_else(|| pro.user_id.clone()),
            Identity::Mailbox(account_id) => account_id.clone(),
            Identity::Anonymous => self.client.to_string(),
        }
    }

    /// Who changes something, for the audit log of a Pro user.
    pub(super) fn changer(&self) -> Option<Changer> {
        match &self.identity {
            Identity::Pro(pro) => Some(pro.changer(self.client)),
            Identity::Mailbox(_) | Identity::Anonymous => None,
        }
    }

    /// The messages that the caller can name.
    ///
    /// # Errors
    /// `InvalidRequest` without a mailbox.
    pub(super) fn messages(&self) -> Result<Scope, Failure> {
        match &self.identity {
            Identity::Pro(pro) => Ok(pro.clone().owner().any_scope()),
            Identity::Mailbox(account_id) => Ok(own(account_id)),
            Identity::Anonymous => Err(no_mailbox()),
        }
    }

    /// A mailbox that the caller names, or the caller's own. Whose it is, each call checks.
    ///
    /// # Errors
    /// `NotFound` when it cannot be the caller's; `InvalidRequest` when a Pro user names none, or an anonymous caller has none.
    pub(super) fn mailbox(&self, named: Option<&str>) -> Result<Scope, Failure> {
        match (&self.identity, named) {
            (Identity::Anonymous, _) => Err(no_mailbox()),
            (Identity::Pro(_), None) => Err(Failure::invalid_request("mailbox_id: is missing")),
            (Identity::Pro(pro), Some(account_id)) => Ok(pro.clone().owner().scope_of(account_id.to_owned())),
            (Identity::Mailbox(own), Some(other)) if own != other => Err(Failure::not_found()),
            (Identity::Mailbox(account_id), _) => Ok(own(account_id)),
        }
    }
}

/// The tools that a caller may see and call.
pub(super) fn allowed_tools(identity: &Identity) -> impl Iterator<Item = Tool> {
    Tool::ALL.into_iter().filter(move |tool| match identity {
        Identity::Pro(pro) => Needs::Scope(tool.scope()).are_met_by(pro),
        // The token of a mailbox opens that mailbox only.
        Identity::Mailbox(_) => *tool != Tool::CreateMailbox,
        Identity::Anonymous => true,
    })
}

fn own(account_id: &str) -> Scope {
    Scope {
        caller: Some(scope::Caller::AccountId(account_id.to_owned())),
    }
}

/// The id of the mailbox of a scope.
///
/// # Errors
/// `Internal` when the scope is more than one mailbox.
pub(super) fn account_id(scope: &Scope) -> Result<String, Failure> {
    match &scope.caller {
        Some(scope::Caller::AccountId(id)) => Ok(id.clone()),
        Some(scope::Caller::Owned(owned)) => Ok(owned.account_id.clone()),
        _ => Err(Failure::internal("a scope is not one mailbox")),
    }
}

fn no_mailbox() -> Failure {
    Failure::invalid_request("mailbox_id: create a mailbox first, and pass its id")
}

fn client(parts: &Parts) -> Result<IpAddr, Failure> {
    let client = parts.extensions.get::<ClientAddress>();
    client
        .map(|client| client.0)
        .ok_or_else(|| Failure::internal("the client address is missing"))
}
