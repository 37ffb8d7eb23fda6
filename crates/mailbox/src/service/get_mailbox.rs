//! Returns a mailbox.

use super::{Scope, Service};
use crate::{error::Error, store::Mailbox};
use std::sync::Arc;

impl Service {
    /// Returns an active mailbox.
    #[tracing::instrument(name = "mailbox.get_mailbox", level = "debug", skip_all)]
    pub(crate) async fn get_mailbox(&self, scope: Scope) -> Result<Arc<Mailbox>, Error> {
        self.mailbox(&scope).await
    }
}
