//! Searches.

use mayfly_proto::mailbox::{
    DeleteMessagesByQueryResponse, MarkMessagesByQueryResponse, SearchMessagesResponse,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::message_received::MessageReceived;

/// The parameters of a search, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct SearchParameters {
    /// The query, as docs/SEARCH.md describes; 512 bytes at most. `*` alone finds everything.
    #[param(min_length = 1, max_length = 512, example = "subject:code after:1h")]
    q: String,
    /// The IANA time zone of days in `q`, such as `Europe/Berlin`; UTC by default.
    #[param(max_length = 64)]
    tz: Option<String>,
    /// Messages of a page; 30 by default.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(pattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
    cursor: Option<String>,
}

/// The parameters of a deletion or of marks, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ChangeParameters {
    /// The query, as docs/SEARCH.md describes; 512 bytes at most. `*` alone finds everything.
    #[param(min_length = 1, max_length = 512, example = "before:7d is:read")]
    q: String,
    /// The IANA time zone of days in `q`, such as `Europe/Berlin`; UTC by default.
    #[param(max_length = 64)]
    tz: Option<String>,
    /// The `next` of the answer before.
    #[param(pattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
    cursor: Option<String>,
}

/// Found messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchPage {
    messages: Vec<MessageReceived>,
    /// The cursor of the next page; null on the last one. A page can be short or empty while it is set.
    #[schema(required)]
    next: Option<String>,
    /// False when messages that came before the call are not indexed yet; repeat the search then.
    complete: bool,
}

impl From<SearchMessagesResponse> for SearchPage {
    fn from(found: SearchMessagesResponse) -> Self {
        Self {
            messages: found.messages.into_iter().map(Into::into).collect(),
            next: found.next,
            complete: found.is_complete,
        }
    }
}

/// What a deletion deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedByQuery {
    deleted: i64,
    /// There can be more: repeat the call.
    more: bool,
    /// The cursor of the next call, which saves examining the same messages again; null when there are no more.
    #[schema(required)]
    next: Option<String>,
}

impl From<DeleteMessagesByQueryResponse> for DeletedByQuery {
    fn from(deleted: DeleteMessagesByQueryResponse) -> Self {
        Self {
            deleted: deleted.deleted,
            more: deleted.next.is_some(),
            next: deleted.next,
        }
    }
}

/// What a call marked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MarkedByQuery {
    /// Those that were marked otherwise before.
    marked: i64,
    /// There can be more: repeat the call with the cursor.
    more: bool,
    /// The cursor of the next call; null when there are no more.
    #[schema(required)]
    next: Option<String>,
}

impl From<MarkMessagesByQueryResponse> for MarkedByQuery {
    fn from(marked: MarkMessagesByQueryResponse) -> Self {
        Self {
            marked: marked.changed,
            more: marked.next.is_some(),
            next: marked.next,
        }
    }
}
