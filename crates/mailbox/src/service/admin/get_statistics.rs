//! Counts for operators.

use crate::{
    error::Error,
    service::Service,
    store::{
        millis,
        statistics::{self, Statistics},
    },
};

impl Service {
    /// Counts what is stored. It reads whole indexes, so only operators can call it.
    #[tracing::instrument(name = "mailbox.get_statistics", level = "debug", skip_all)]
    pub(crate) async fn get_statistics(&self) -> Result<Statistics, Error> {
        let now_ms = millis(self.clock.now());
        self.store
            .read("get_statistics", |c| {
                Box::pin(async move { Ok(statistics::count(c, now_ms).await?) })
            })
            .await
    }
}
