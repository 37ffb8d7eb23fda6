//! `GET /v1/inbox/{address}`, `/v1/me` and `/v1/domain/{name}`: calls that are held until mail is there.

mod query;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mayfly_proto::mailbox::MessageReceived;
use serde::Serialize;
use utoipa::ToSchema;

use self::query::{WaitQuery, parse};
use crate::{
    app::{
        App,
        stream::message_id,
        wait_inbox::{InboxCaller, WantedMail},
    },
    dialects::mailcx_v1::{
        credential::{Caller, Pro},
        responses,
        views::{AddressedEmail, Email, Waited},
    },
    edge::{
        auth::needs::MessagesRead, client_address::ClientAddress, failure::FailureResponse,
        segments::Segments,
    },
};

/// Waits for mail of one inbox, up to 25 seconds. Mail that is there counts.
#[utoipa::path(get, path = "/inbox/{address}", tag = "inbox", operation_id = "wait_for_email", security((), ("token" = ["messages:read"])),
    params(("address" = String, Path, description = "The address"), WaitQuery),
    responses((status = 200, body = Waited<Email>, description = "The mail, newest first"),
        (status = 204, description = "No mail came in time"), responses::Always, responses::Waiting))]
pub(crate) async fn of_inbox(
    State(app): State<App>,
    client: ClientAddress,
    caller: Caller<MessagesRead>,
    Segments(address): Segments<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, FailureResponse> {
    let wanted = parse(query.as_deref().unwrap_or_default())?;
    let inbox = app.inbox(&address, caller.owner()).await?;
    let caller = InboxCaller {
        feed: inbox.topic.into(),
        scope: Some(inbox.scope),
        pro: caller
            .0
            .as_ref()
            .map(|pro| (&pro.bearer, pro.owner.user_id.as_str())),
        client: client.0,
    };
    let messages = app.wait_for_mail(caller, &wanted).await?;
    Ok(answer(messages, |message| {
        Email::from(message.summary.unwrap_or_default())
    }))
}

/// Waits for mail of all mailboxes of the Pro user, up to 25 seconds. Mail that is there counts.
#[utoipa::path(get, path = "/me", tag = "pro", operation_id = "wait_for_own_email", security(("token" = ["messages:read"])),
    params(WaitQuery),
    responses((status = 200, body = Waited<AddressedEmail>, description = "The mail, newest first"),
        (status = 204, description = "No mail came in time"), responses::Always, responses::Waiting))]
pub(crate) async fn of_user(
    State(app): State<App>,
    client: ClientAddress,
    pro: Pro<MessagesRead>,
    RawQuery(query): RawQuery,
) -> Result<Response, FailureResponse> {
    let wanted = parse(query.as_deref().unwrap_or_default())?;
    wait_of_user(&app, client, &pro, &wanted).await
}

/// Waits for mail of the mailboxes of one domain of the Pro user, up to 25 seconds. Mail that is there counts.
#[utoipa::path(get, path = "/domain/{name}", tag = "pro", operation_id = "wait_for_email_of_domain", security(("token" = ["messages:read"])),
    params(("name" = String, Path, description = "A verified domain"), WaitQuery),
    responses((status = 200, body = Waited<AddressedEmail>, description = "The mail, newest first"),
        (status = 204, description = "No mail came in time"), responses::Always, responses::Waiting))]
pub(crate) async fn of_domain(
    State(app): State<App>,
    client: ClientAddress,
    pro: Pro<MessagesRead>,
    Segments(name): Segments<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, FailureResponse> {
    let name = name.trim().to_ascii_lowercase();
    let wanted = WantedMail {
        domain: Some(name.clone()),
        ..parse(query.as_deref().unwrap_or_default())?
    };
    app.check_own_domain(pro.owner.clone(), &name).await?;
    wait_of_user(&app, client, &pro, &wanted).await
}

async fn wait_of_user(
    app: &App,
    client: ClientAddress,
    pro: &Pro<MessagesRead>,
    wanted: &WantedMail,
) -> Result<Response, FailureResponse> {
    let caller = InboxCaller {
        feed: pro.owner.clone().feed()?,
        scope: None,
        pro: Some((&pro.bearer, &pro.owner.user_id)),
        client: client.0,
    };
    let messages = app.wait_for_mail(caller, wanted).await?;
    Ok(answer(messages, AddressedEmail::from))
}

fn answer<E: Serialize + ToSchema>(
    messages: Vec<MessageReceived>,
    view: fn(MessageReceived) -> E,
) -> Response {
    let Some(newest) = messages.first() else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let next_since = message_id(newest).to_owned();
    let emails = messages.into_iter().map(view).collect();
    Json(Waited { emails, next_since }).into_response()
}
