//! The mailbox that a caller names by its id or its address.

use mayfly_proto::mailbox::{FindMailboxRequest, GetMailboxRequest, Scope, scope::Caller};
use mayfly_rpc::Failure;
use mayfly_types::{AccountId, Address};

use super::{
    App,
    principal::{Principal, scope},
};

impl App {
    /// Returns the scope of a mailbox that a caller names: the caller's own, or one of a Pro user. An id is returned unchecked: each
    /// call checks whose it is.
    ///
    /// # Errors
    /// `NotFound` when the caller has no such mailbox.
    pub(crate) async fn account_scope(&self, principal: Principal, account: &str) -> Result<Scope, Failure> {
        let named = Named::parse(account)?;
        let found = match principal {
            Principal::Mailbox { account_id: own } => {
                let caller = Caller::AccountId(own.clone());
                let is_own = match &named {
                    Named::Id(id) if own.parse() == Ok(*id) => true,
                    // The token of a deleted mailbox fails as such, before auth has heard of the deletion too.
                    Named::Id(_) => self.own_address(caller.clone()).await.map(|_| false)?,
                    Named::Address(address) => self.own_address(caller.clone()).await? == address.as_str(),
                };
                is_own.then(|| scope(caller))
            }
            Principal::Pro(pro) => {
                let account_id = match named {
                    Named::Id(id) => Some(id.to_string()),
                    Named::Address(address) => self.find_account(&address).await?,
                };
                account_id.map(|account_id| pro.owner().scope_of(account_id))
            }
        };
        found.ok_or_else(Failure::not_found)
    }

    async fn own_address(&self, caller: Caller) -> Result<String, Failure> {
        let request = GetMailboxRequest {
            scope: Some(scope(caller)),
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
