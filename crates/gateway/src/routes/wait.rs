//! `GET /api/messages/wait` and `GET /pro/api/messages/wait`: waiting for the right mail.

mod filter;

use std::time::Duration;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use mayfly_proto::mailbox::NewMessage;
use mayfly_types::MessageId;
use tokio::time::{Instant, timeout_at};

use self::filter::Wanted;
use crate::{
    auth::{AnyPrincipal, mailbox_topic, pro_topic},
    error::ApiError,
    state::Gateway,
    streams::{Ending, Follow, Kind, Topic, until_invalid},
    views::new_mail::Waited,
};

/// Where a wait that found nothing says how to go on.
pub(crate) const SINCE: HeaderName = HeaderName::from_static("x-mayfly-since");

/// Waits for mail of one mailbox. What is answered, or not, is said by 200 or 204; either names the cursor of the next wait.
#[utoipa::path(get, path = "/messages/wait", tag = "messages", operation_id = "wait_for_messages",
    security(("mailbox" = [])), params(filter::WaitQuery),
    responses((status = 200, body = Waited),
        (status = 204, description = "Nothing came in time; go on from the header", headers(("X-Mayfly-Since" = String)))))]
pub(crate) async fn of_mailbox(
    State(gateway): State<Gateway>,
    caller: AnyPrincipal,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let topic = mailbox_topic(&caller.principal)?;
    wait(gateway, topic, caller, query).await
}

/// Waits for mail of any of the user's mailboxes.
#[utoipa::path(get, path = "/messages/wait", tag = "pro", operation_id = "wait_for_any_messages",
    security(("pro" = [])), params(filter::WaitQuery),
    responses((status = 200, body = Waited),
        (status = 204, description = "Nothing came in time; go on from the header", headers(("X-Mayfly-Since" = String)))))]
pub(crate) async fn of_user(
    State(gateway): State<Gateway>,
    caller: AnyPrincipal,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let topic = pro_topic(&caller.principal)?;
    wait(gateway, topic, caller, query).await
}

async fn wait(
    gateway: Gateway,
    topic: Topic,
    caller: AnyPrincipal,
    query: Option<String>,
) -> Result<Response, ApiError> {
    let wanted = Wanted::parse(query.as_deref().unwrap_or_default())?;
    let deadline = Instant::now() + wanted.timeout;
    let _place = gateway.streams.place()?;
    let mut follow = Follow::begin(&gateway, topic, wanted.since).await?;
    let _open = gateway.streams.metrics.open(Kind::Wait);
    let mut found = Found::new(follow.cursor());
    let stopping = gateway.streams.tasks.stopping();
    let is_found = tokio::select! {
        is_found = collect(&mut follow, &wanted, &mut found, deadline) => is_found?,
        // The client comes back to another gateway, with the cursor.
        () = stopping.cancelled() => false,
        ending = until_invalid(&gateway, &caller.bearer) => return Err(match ending {
            Ending::Refused => ApiError::invalid_token(),
            Ending::Unknown => ApiError::out_of("the token cannot be judged"),
        }),
    };
    if !is_found {
        let since = HeaderValue::from_str(&found.since.to_string());
        let since = since.map_err(|_| ApiError::internal("a cursor is no header"))?;
        return Ok((StatusCode::NO_CONTENT, [(SINCE, since)]).into_response());
    }
    for message in &found.messages {
        let id = message
            .summary
            .as_ref()
            .map(|summary| summary.message_id.as_str());
        let metrics = &gateway.streams.metrics;
        metrics.told(Kind::Wait, id.unwrap_or_default(), &gateway.clock);
    }
    let waited = Waited {
        messages: found.messages.into_iter().map(Into::into).collect(),
        since: found.since.to_string(),
    };
    Ok(Json(waited).into_response())
}

/// What was found so far.
struct Found {
    messages: Vec<NewMessage>,
    /// Behind the last message of those that are enough; before the first of those that are not.
    since: MessageId,
}

impl Found {
    fn new(since: MessageId) -> Self {
        Self {
            messages: Vec::new(),
            since,
        }
    }

    /// Takes what is wanted of what arrived. Returns true once there is enough.
    fn take(&mut self, arrived: Vec<NewMessage>, wanted: &Wanted) -> bool {
        for message in arrived {
            let id = message
                .summary
                .as_ref()
                .and_then(|summary| summary.message_id.parse().ok());
            let is_wanted = wanted.matches(&message);
            if is_wanted {
                self.messages.push(message);
            }
            let is_enough = self.messages.len() >= wanted.count;
            if let Some(id) = id
                && (is_enough || self.messages.is_empty())
            {
                self.since = id;
            }
            if is_enough {
                return true;
            }
        }
        false
    }
}

/// Returns true once there is enough, false at the deadline. What is there already is looked at even when none is left.
async fn collect(
    follow: &mut Follow,
    wanted: &Wanted,
    found: &mut Found,
    deadline: Instant,
) -> Result<bool, ApiError> {
    let look_until = deadline.max(Instant::now() + LOOK);
    loop {
        let Ok(arrived) = timeout_at(look_until, follow.catch_up()).await else {
            return Ok(false);
        };
        let arrived = arrived.map_err(|_| ApiError::invalid_token())?;
        if arrived.is_empty() {
            break;
        }
        if found.take(arrived, wanted) {
            return Ok(true);
        }
    }
    loop {
        let Ok(arrived) = timeout_at(deadline, follow.next()).await else {
            return Ok(false);
        };
        if found.take(arrived.map_err(|_| ApiError::invalid_token())?, wanted) {
            return Ok(true);
        }
    }
}

/// How long a look at what is there may take, whatever the time-out.
const LOOK: Duration = Duration::from_secs(2);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(25);
const MAX_TIMEOUT: Duration = Duration::from_secs(60);
