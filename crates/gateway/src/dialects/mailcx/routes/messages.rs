//! `/api/messages`: each route acts for the mailbox whose JWT it carries. The body is shown to Pro users too.

pub(crate) mod attachment;
pub(crate) mod body;
pub(crate) mod delete;
pub(crate) mod delete_by_query;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod mark_by_query;
pub(crate) mod mark_read;
pub(crate) mod mark_unread;
pub(crate) mod search;
pub(crate) mod source;
