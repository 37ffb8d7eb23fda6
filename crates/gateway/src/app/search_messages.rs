//! Finding, deleting and marking messages by a query.

use std::collections::HashSet;

use mayfly_follow::{Feed, Topic};
use mayfly_proto::mailbox::{
    DeleteMessagesByQueryRequest, DeleteMessagesByQueryResponse, MarkMessagesByQueryRequest,
    MarkMessagesByQueryResponse, MessageReceived, MessageReference, Scope, SearchMessagesRequest,
    SearchMessagesResponse, scope::Caller,
};
use mayfly_rpc::Failure;

use super::{
    App,
    principal::{Owner, scope},
    stream::message_id,
    zoned_query::ZonedQuery,
};

/// How many messages a call deletes or marks at once.
const MAX_CHANGED: u32 = 1000;

/// Returns the mailboxes of a feed.
pub(super) fn scope_of(feed: &Feed) -> Scope {
    match feed.topic {
        Topic::Mailbox(account) => scope(Caller::AccountId(account.to_string())),
        Topic::Owner(user) => {
            let owner = Owner {
                user_id: user.to_string(),
                limits: feed.limits.as_deref().cloned(),
            };
            owner.any_scope()
        }
    }
}

impl App {
    /// Returns the ids of those of some messages that a query finds.
    ///
    /// # Errors
    /// When the service cannot answer.
    pub(super) async fn matching(
        &self,
        feed: &Feed,
        query: &ZonedQuery,
        messages: &[MessageReceived],
    ) -> Result<HashSet<String>, Failure> {
        if messages.is_empty() {
            return Ok(HashSet::new());
        }
        let reference = |message: &MessageReceived| MessageReference {
            account_id: message.account_id.clone(),
            message_id: message_id(message).to_owned(),
        };
        let request = SearchMessagesRequest {
            scope: Some(scope_of(feed)),
            query: query.text.clone(),
            time_zone: query.time_zone.clone(),
            only: messages.iter().map(reference).collect(),
            ..SearchMessagesRequest::default()
        };
        let found = self.mailbox().search_messages(request).await?.into_inner();
        let ids = found
            .messages
            .iter()
            .map(|message| message_id(message).to_owned());
        Ok(ids.collect())
    }

    /// Finds messages, newest first. A page can be short or empty although there are more.
    ///
    /// # Errors
    /// `InvalidQuery` for a query that is not understood.
    pub(crate) async fn search_messages(
        &self,
        scope: Scope,
        query: ZonedQuery,
        after_message_id: Option<String>,
        limit: u32,
    ) -> Result<SearchMessagesResponse, Failure> {
        let request = SearchMessagesRequest {
            scope: Some(scope),
            query: query.text,
            time_zone: query.time_zone,
            after_message_id,
            limit,
            only: Vec::new(),
        };
        Ok(self.mailbox().search_messages(request).await?.into_inner())
    }

    /// Deletes messages, oldest first, at most 1,000.
    ///
    /// # Errors
    /// `InvalidQuery` for a query that is not understood.
    pub(crate) async fn delete_messages_by_query(
        &self,
        scope: Scope,
        query: ZonedQuery,
        after_message_id: Option<String>,
    ) -> Result<DeleteMessagesByQueryResponse, Failure> {
        let request = DeleteMessagesByQueryRequest {
            scope: Some(scope),
            query: query.text,
            time_zone: query.time_zone,
            after_message_id,
            limit: MAX_CHANGED,
        };
        Ok(self
            .mailbox()
            .delete_messages_by_query(request)
            .await?
            .into_inner())
    }
    /// Marks messages as read or as unread, oldest first; at most 1,000 are found.
    ///
    /// # Errors
    /// `InvalidQuery` for a query that is not understood.
    pub(crate) async fn mark_messages_by_query(
        &self,
        scope: Scope,
        query: ZonedQuery,
        after_message_id: Option<String>,
        is_read: bool,
    ) -> Result<MarkMessagesByQueryResponse, Failure> {
        let request = MarkMessagesByQueryRequest {
            scope: Some(scope),
            query: query.text,
            time_zone: query.time_zone,
            after_message_id,
            limit: MAX_CHANGED,
            is_unread: !is_read,
        };
        Ok(self.mailbox().mark_messages_by_query(request).await?.into_inner())
    }
}
