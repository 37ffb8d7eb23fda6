//! Lists the domains of a Pro user.

use mayfly_types::UserId;

use super::Service;
use crate::{
    error::Error,
    store::{custom_domains, entities::custom_domain},
};

impl Service {
    /// Lists the domains of a Pro user, oldest first.
    #[tracing::instrument(name = "mailbox.list_custom_domains", level = "debug", skip_all)]
    pub(crate) async fn list_custom_domains(&self, user: UserId) -> Result<Vec<custom_domain::Model>, Error> {
        self.store
            .read("list_custom_domains", |c| {
                Box::pin(async move { Ok(custom_domains::list_of_user(c, user).await?) })
            })
            .await
    }
}
