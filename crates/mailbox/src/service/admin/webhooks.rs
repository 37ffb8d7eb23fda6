//! Webhooks of Pro users.

use mayfly_types::{UserId, WebhookId};
use mayfly_webhooks::OperatedWebhook;

use super::action;
use crate::{block_list, error::Error, service::Service};

impl Service {
    /// Lists a Pro user's webhooks with their pending events.
    pub(crate) async fn list_operated_webhooks(&self, owner: UserId) -> Result<Vec<OperatedWebhook>, Error> {
        Ok(self.webhooks.list_operated_webhooks(owner).await?)
    }

    /// Pauses or resumes deliveries of a webhook.
    pub(crate) async fn set_webhook_paused(
        &self,
        id: WebhookId,
        is_paused: bool,
        reason: &str,
        operator: &str,
    ) -> Result<(), Error> {
        block_list::check_reason(reason)?;
        let name = match is_paused {
            true => "pause_webhook",
            false => "resume_webhook",
        };
        let action = action(operator, name, id.to_string(), reason);
        Ok(self.webhooks.set_webhook_paused(id, is_paused, action).await?)
    }
}
