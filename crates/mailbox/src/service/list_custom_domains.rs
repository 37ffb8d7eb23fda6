//! A Pro user's domains.

use super::{Service, custom_domains as rules};
use crate::{
    error::Error,
    store::{custom_domains, entities::custom_domain},
};

impl Service {
    /// Lists the domains of a Pro user, oldest first.
    #[tracing::instrument(name = "mailbox.list_custom_domains", level = "debug", skip_all)]
    pub(crate) async fn list_custom_domains(
        &self,
        user_id: &str,
    ) -> Result<Vec<custom_domain::Model>, Error> {
        let Ok(user) = rules::user(user_id) else {
            return Ok(Vec::new());
        };
        self.store
            .read("list_custom_domains", |c| {
                Box::pin(async move { Ok(custom_domains::list_of_user(c, user.as_uuid()).await?) })
            })
            .await
    }
}
