//! Lists the domains of a Pro user.

use mayfly_types::OwnerAccess;

use super::Service;
use crate::{
    error::Error,
    store::{custom_domains, entities::custom_domain},
};

impl Service {
    /// Lists the domains of a Pro user, oldest first.
    #[tracing::instrument(name = "mailbox.list_custom_domains", level = "debug", skip_all)]
    pub(crate) async fn list_custom_domains(
        &self,
        owner: OwnerAccess,
    ) -> Result<Vec<custom_domain::Model>, Error> {
        let user = owner.user;
        let listed = self
            .store
            .read("list_custom_domains", |c| {
                Box::pin(async move { Ok(custom_domains::list_of_user(c, user).await?) })
            })
            .await?;
        let mut listed: Vec<custom_domain::Model> = listed;
        listed.retain(|domain| owner.allows_domain(&domain.name));
        Ok(listed)
    }
}
