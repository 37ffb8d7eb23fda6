//! Lists the system domains.

use super::Service;
use crate::{
    error::Error,
    store::{domains, entities::domain},
};

impl Service {
    /// Lists the system domains in order; the first is the default.
    #[tracing::instrument(name = "mailbox.list_domains", level = "debug", skip_all)]
    pub(crate) async fn list_domains(&self) -> Result<Vec<domain::Model>, Error> {
        self.store
            .read("list_domains", |c| {
                Box::pin(async move { Ok(domains::list(c).await?) })
            })
            .await
    }
}
