//! Returns a Pro user.

use mayfly_types::UserId;

use super::Service;
use crate::{error::Error, store::User};

impl Service {
    /// Returns a Pro user.
    #[tracing::instrument(name = "auth.get_user", skip_all)]
    pub(crate) async fn get_user(&self, id: UserId) -> Result<User, Error> {
        self.store.find_user(id).await?.ok_or(Error::NotFound)
    }
}
