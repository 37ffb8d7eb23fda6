//! A page of a mailbox.

use mayfly_types::MessageId;

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{Message, messages},
};

/// Messages on a page.
const PAGE: u64 = 30;

impl Service {
    /// Lists a page, newest first, numbered from 1; 0 is taken for 1. What is past its retention is not shown.
    pub(crate) async fn list_messages(&self, scope: Scope, page: u32) -> Result<Vec<Message>, Error> {
        let account = self.mailbox(scope).await?.id;
        let oldest = MessageId::floor(self.oldest()).as_uuid();
        let offset = u64::from(page.saturating_sub(1)) * PAGE;
        self.store
            .read("list_messages", |c| {
                Box::pin(async move { Ok(messages::list(c, account, oldest, PAGE, offset).await?) })
            })
            .await
    }
}
