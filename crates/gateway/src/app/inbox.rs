//! Inboxes by address: open mailboxes, which everybody reads, and the mailboxes of a Pro user.

use mayfly_follow::Topic;
use mayfly_proto::{
    auth::{IssueAnonymousTokenRequest, IssueAnonymousTokenResponse, ValidateAnonymousTokenRequest},
    mailbox::{
        AnyOpen, DeleteMessagesRequest, FindMailboxRequest, GetMailboxRequest, GetOpenDomainsRequest,
        GetOpenDomainsResponse, ListCustomDomainsRequest, Scope, scope::Caller,
    },
};
use mayfly_rpc::Failure;
use mayfly_types::{AccountId, Address, ErrorCode, InvalidAddress, Reason};

use super::{
    App,
    principal::{Owner, scope},
    validate_request,
};

/// A mailbox that a caller may read.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) topic: Topic,
    pub(crate) scope: Scope,
}

impl App {
    /// Returns the open domains, and the rules there.
    ///
    /// # Errors
    /// When the service cannot answer.
    pub(crate) async fn open_domains(&self) -> Result<GetOpenDomainsResponse, Failure> {
        let answer = self.mailbox().get_open_domains(GetOpenDomainsRequest {}).await?;
        Ok(answer.into_inner())
    }

    /// Returns the inbox of an address: an open mailbox, or a mailbox of the Pro user who asks. The id of an open mailbox is made
    /// from its address, so no address leads to a mailbox with a password here.
    ///
    /// # Errors
    /// `InvalidAddress` for an address that cannot be; `NotFound` for any other mailbox.
    pub(crate) async fn inbox(&self, address: &str, owner: Option<Owner>) -> Result<Inbox, Failure> {
        let address: Address = address.parse().map_err(invalid_address)?;
        let open = self.open_domains().await?;
        if open.domains.iter().any(|domain| domain == address.domain()) {
            check_open(&address, &open)?;
            let id = AccountId::of_open_address(&address);
            return Ok(Inbox {
                topic: Topic::Mailbox(id),
                scope: scope(Caller::AccountId(id.to_string())),
            });
        }
        let owner = owner.ok_or_else(Failure::not_found)?;
        self.owned_inbox(&address, owner).await
    }

    async fn owned_inbox(&self, address: &Address, owner: Owner) -> Result<Inbox, Failure> {
        let request = FindMailboxRequest {
            address: address.to_string(),
        };
        let found = self.mailbox().find_mailbox(request).await?.into_inner();
        let owned = owner.scope_of(found.account_id.ok_or_else(Failure::not_found)?);
        let request = GetMailboxRequest {
            scope: Some(owned.clone()),
        };
        let mailbox = self.mailbox().get_mailbox(request).await?.into_inner().mailbox;
        Ok(Inbox {
            topic: Topic::mailbox(&mailbox.unwrap_or_default().account_id)?,
            scope: owned,
        })
    }

    /// Returns where a message is looked for: in the mailboxes of the Pro user who asks, if one of them has it, else in the open
    /// mailboxes.
    ///
    /// # Errors
    /// When the service cannot answer.
    pub(crate) async fn email_scope(&self, message_id: &str, owner: Option<Owner>) -> Result<Scope, Failure> {
        if let Some(owner) = owner {
            let owned = owner.any_scope();
            match self.check_message(owned.clone(), message_id.to_owned()).await {
                Ok(()) => return Ok(owned),
                Err(failure) if matches!(failure.reason, Reason::NotFound | Reason::Expired) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(scope(Caller::AnyOpen(AnyOpen {})))
    }

    /// Deletes every message of an inbox.
    ///
    /// # Errors
    /// When the service cannot answer.
    pub(crate) async fn clear_inbox(&self, inbox: Inbox) -> Result<(), Failure> {
        let request = DeleteMessagesRequest {
            scope: Some(inbox.scope),
        };
        self.mailbox().delete_messages(request).await?;
        Ok(())
    }

    /// Checks that a Pro user has verified a domain.
    ///
    /// # Errors
    /// `NotFound` otherwise.
    pub(crate) async fn check_own_domain(&self, owner: Owner, name: &str) -> Result<(), Failure> {
        let (user_id, limited_owner) = owner.into_fields();
        let request = ListCustomDomainsRequest {
            user_id,
            limited_owner,
        };
        let domains = self
            .mailbox()
            .list_custom_domains(request)
            .await?
            .into_inner()
            .domains;
        let is_own = |domain: &mayfly_proto::mailbox::CustomDomain| {
            domain.verified_at.is_some() && domain.domain.eq_ignore_ascii_case(name)
        };
        match domains.iter().any(is_own) {
            true => Ok(()),
            false => Err(Failure::not_found()),
        }
    }

    /// Issues a token of an anonymous session.
    ///
    /// # Errors
    /// When the service cannot answer.
    pub(crate) async fn issue_anonymous_token(&self) -> Result<IssueAnonymousTokenResponse, Failure> {
        let request = validate_request(IssueAnonymousTokenRequest {});
        Ok(self.auth().issue_anonymous_token(request).await?.into_inner())
    }

    /// Checks a token of an anonymous session.
    ///
    /// # Errors
    /// `InvalidToken` when it is not valid.
    pub(crate) async fn check_anonymous_token(&self, token: &str) -> Result<(), Failure> {
        let request = ValidateAnonymousTokenRequest {
            token: token.to_owned(),
        };
        self.auth()
            .validate_anonymous_token(validate_request(request))
            .await?;
        Ok(())
    }
}

/// Checks that an address of an open domain receives mail.
///
/// # Errors
/// `InvalidAddress` for a reserved name, with or without a tag.
pub(crate) fn check_open(address: &Address, open: &GetOpenDomainsResponse) -> Result<(), Failure> {
    let name = address.local_part().split('+').next().unwrap_or_default();
    match open.reserved_local_parts.iter().any(|reserved| reserved == name) {
        true => Err(Failure::new(
            ErrorCode::InvalidArgument,
            Reason::InvalidAddress,
            "this name is reserved for the operator",
        )),
        false => Ok(()),
    }
}

/// Reports an address with the wrong syntax.
pub(crate) fn invalid_address(error: InvalidAddress) -> Failure {
    Failure::new(
        ErrorCode::InvalidArgument,
        Reason::InvalidAddress,
        error.to_string(),
    )
}
