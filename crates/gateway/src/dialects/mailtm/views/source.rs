//! The source of a message.

use serde::Serialize;
use utoipa::ToSchema;

use super::node::Resource;

/// A message as it was received.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Source {
    /// Of the message.
    #[schema(format = Uuid)]
    id: String,
    download_url: String,
    /// The bytes as text; what is no UTF-8 is replaced.
    data: String,
}

impl Source {
    pub(crate) fn new(message_id: String, data: String) -> Self {
        Self {
            download_url: format!("/messages/{message_id}/download"),
            id: message_id,
            data,
        }
    }
}

impl Resource for Source {
    const TYPE: &'static str = "Source";

    fn path(&self) -> String {
        format!("/sources/{}", self.id)
    }
}
