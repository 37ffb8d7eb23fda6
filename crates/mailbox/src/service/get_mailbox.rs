//! A mailbox as its owner sees it.

use super::{Scope, Service};
use crate::{error::Error, store::Mailbox};
use std::sync::Arc;

impl Service {
    /// Returns an active mailbox.
    pub(crate) async fn get_mailbox(&self, scope: Scope) -> Result<Arc<Mailbox>, Error> {
        self.mailbox(scope).await
    }
}
