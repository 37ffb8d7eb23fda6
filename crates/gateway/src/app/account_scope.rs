//! The mailbox that a caller names by its id or its address.

use mayfly_proto::{
    auth::validate_token_response::Principal,
    mailbox::{FindMailboxRequest, GetMailboxRequest, OwnedMailbox, Scope, scope::Caller},
};
use mayfly_rpc::Failure;
use mayfly_types::{AccountId, Address};

use super::App;

impl App {
    /// Returns the scope of a mailbox that a caller names: the caller's own, or one of a Pro user. An id is returned unchecked: each
    /// call checks whose it is.
    ///
    /// # Errors
    /// `NotFound` when the caller has no such mailbox.
    pub(crate) async fn account_scope(&self, principal: Principal, account: &str) -> Result<Scope, Failure> {
        let named = Named::parse(account)?;
        let caller = match principal {
            Principal::Mailbox(own) => {
                let caller = Caller::AccountId(own.account_id.clone());
                let is_own = match &named {
                    Named::Id(id) if own.account_id.parse() == Ok(*id) => true,
                    // The token of a deleted mailbox fails as such, before auth has heard of the deletion too.
                    Named::Id(_) => self.own_address(caller.clone()).await.map(|_| false)?,
                    Named::Address(address) => self.own_address(caller.clone()).await? == address.as_str(),
                };
                is_own.then_some(caller)
            }
            Principal::Pro(pro) => {
                let account_id = match named {
                    Named::Id(id) => Some(id.to_string()),
                    Named::Address(address) => self.find_account(&address).await?,
                };
                account_id.map(|account_id| {
                    Caller::Owned(OwnedMailbox {
                        account_id,
                        owner_user_id: pro.user_id,
                    })
                })
            }
        };
        match caller {
            Some(caller) => Ok(Scope { caller: Some(caller) }),
            None => Err(Failure::not_found()),
        }
    }

    async fn own_address(&self, caller: Caller) -> Result<String, Failure> {
        let request = GetMailboxRequest {
            scope: Some(Scope { caller: Some(caller) }),
        };
        let mailbox = self.mailbox().get_mailbox(request).await?.into_inner().mailbox;
        Ok(mailbox.unwrap_or_default().address)
    }

    async fn find_account(&self, address: &Address) -> Result<Option<String>, Failure> {
        let request = FindMailboxRequest {
            address: address.to_string(),
        };
        Ok(self
            .mailbox()
            .find_mailbox(request)
            .await?
            .into_inner()
            .account_id)
    }
}

/// How a path names a mailbox.
enum Named {
    Id(AccountId),
    Address(Address),
}

impl Named {
    fn parse(account: &str) -> Result<Self, Failure> {
        let account = account.trim();
        let id = account.parse().map(Self::Id);
        id.or_else(|_| account.parse().map(Self::Address))
            .map_err(|_| Failure::not_found())
    }
}
