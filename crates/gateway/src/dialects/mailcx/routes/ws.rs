//! `GET /api/ws`: received messages of one mailbox over a WebSocket. The first frame carries the credential.

use std::time::{Duration, Instant};

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    http::HeaderMap,
    response::Response,
};
use mayfly_follow::{Ending, StreamKind, StreamPermit, Subscription, Topic, Watched};
use mayfly_proto::mailbox::MessageReceived;
use mayfly_rpc::Failure;
use mayfly_runtime::fair;
use mayfly_shared::counters::Counted;
use mayfly_types::{ErrorCode, MessageId, Reason};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    app::{App, authenticate::mailbox_topic, stream::message_id},
    dialects::shared::views::message_received::MessageReceivedEvent,
    edge::{client_address::ClientAddress, failure::FailureResponse, origin::is_allowed_origin},
};

/// The time-out of the first frame.
const AUTH_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client can leave a frame unread.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_FRAME_BYTES: usize = 64 * 1024;
/// Frames that a client can send between two pings. They are ignored.
const MAX_FRAMES: u32 = 120;

/// Checks the origin, and completes the handshake.
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, FailureResponse> {
    if !is_allowed_origin(&headers, &app.allowed_origins) {
        app.follow.metrics().refused("origin");
        let message = "pages of this origin may not open WebSockets here";
        return Err(Failure::new(ErrorCode::PermissionDenied, Reason::OriginNotAllowed, message).into());
    }
    let permit = app.follow.permit(client.0)?;
    let upgrade = upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .read_buffer_size(512)
        .write_buffer_size(0)
        .max_write_buffer_size(1024 * 1024);
    let current = fair::current();
    Ok(upgrade.on_upgrade(move |socket| async move {
        let tasks = app.tasks.clone();
        // In the task group, so that shutdown waits for it.
        tasks.spawn(current.run(converse(socket, app, permit)));
    }))
}

/// Why a connection ends.
enum End {
    /// The client has disconnected or is unreachable.
    Silently,
    /// With a code and a reason.
    Close(u16, &'static str),
    /// With an error first.
    Refuse(&'static str),
}

async fn converse(mut socket: WebSocket, app: App, _permit: StreamPermit) {
    let stopping = app.tasks.stopping();
    let end = tokio::select! {
        end = serve(&mut socket, &app) => end,
        () = stopping.cancelled() => End::Close(close_code::AWAY, "going away"),
    };
    let (code, reason) = match end {
        End::Silently => return,
        End::Close(code, reason) => (code, reason),
        End::Refuse(error) => {
            app.follow.metrics().refused(error);
            let text = format!("{{\"error\":\"{error}\"}}");
            if send(&mut socket, Message::Text(text.into())).await.is_err() {
                return;
            }
            (close_code::POLICY, error)
        }
    };
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    if send(&mut socket, Message::Close(Some(frame))).await.is_ok() {
        // After the close frame of the client, the connection can end without a reset.
        let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
        let _ = tokio::time::timeout(Duration::from_secs(1), answered).await;
    }
}

/// The first frame.
#[derive(Deserialize)]
struct Auth {
    r#type: String,
    token: SecretString,
    /// The last message that the client has seen: the messages after it are delivered first.
    since: Option<MessageIdText>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct MessageIdText(MessageId);

impl TryFrom<String> for MessageIdText {
    type Error = mayfly_types::InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

async fn serve(socket: &mut WebSocket, app: &App) -> End {
    // Boxed, so that the memory of the handshake is free while the connection is idle.
    let mut admitted = match Box::pin(admit(socket, app)).await {
        Ok(admitted) => admitted,
        Err(end) => return end,
    };
    let _open = app.follow.metrics().open(StreamKind::WebSocket);
    tokio::select! {
        end = deliver(socket, app, admitted.subscription) => end,
        ending = admitted.credential.ended() => match ending {
            Ending::Refused => End::Refuse("invalid_token"),
            Ending::Unknown => End::Close(close_code::AGAIN, "try again shortly"),
        },
    }
}

/// A client with a valid credential.
struct Admitted {
    subscription: Subscription,
    credential: Watched,
    _counted: Counted,
}

/// Waits for the first frame, and validates its token.
async fn admit(socket: &mut WebSocket, app: &App) -> Result<Admitted, End> {
    let auth = match tokio::time::timeout(AUTH_TIMEOUT, first_frame(socket)).await {
        Ok(auth) => auth?,
        Err(_) => return Err(End::Refuse("invalid_auth_message")),
    };
    let topic = match app.authenticate(auth.token.expose_secret(), None).await {
        Ok(principal) => mailbox_topic(&principal),
        Err(error) => Err(error),
    };
    let refusal = |failure: Failure| {
        if failure.refuses_credential() {
            End::Refuse("invalid_token")
        } else {
            End::Close(close_code::AGAIN, "try again shortly")
        }
    };
    let topic = topic.map_err(refusal)?;
    let Topic::Mailbox(account) = topic else {
        return Err(End::Refuse("invalid_token"));
    };
    let Some(counted) = app.sockets.enter(account).await else {
        return Err(End::Refuse("too_many_connections"));
    };
    let since = auth.since.map(|since| since.0);
    let subscription = app.follow.subscribe(topic, since).await.map_err(refusal)?;
    let greeting = Message::Text("{\"type\":\"auth_ok\"}".into());
    send(socket, greeting).await?;
    Ok(Admitted {
        subscription,
        credential: app.follow.watch(&auth.token),
        _counted: counted,
    })
}

async fn first_frame(socket: &mut WebSocket) -> Result<Auth, End> {
    loop {
        let auth = match socket.recv().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str::<Auth>(&text).ok(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Binary(_))) => None,
            Some(Ok(Message::Close(_))) | None => return Err(End::Silently),
            Some(Err(error)) => return Err(broken(&error)),
        };
        return auth
            .filter(|auth| auth.r#type == "auth")
            .ok_or(End::Refuse("invalid_auth_message"));
    }
}

/// Maps a read error to the end of the connection.
fn broken(error: &axum::Error) -> End {
    use std::error::Error as _;
    use tokio_tungstenite::tungstenite::Error;
    let inner = error.source().and_then(|source| source.downcast_ref::<Error>());
    match inner {
        Some(Error::Capacity(_)) => End::Close(close_code::SIZE, "frames have at most 64 KiB"),
        Some(Error::Utf8(_)) => End::Close(close_code::INVALID, "text must be UTF-8"),
        Some(Error::Protocol(_)) => End::Close(close_code::PROTOCOL, "not the WebSocket protocol"),
        _ => End::Silently,
    }
}

/// Delivers received messages until one side closes the connection.
async fn deliver(socket: &mut WebSocket, app: &App, mut subscription: Subscription) -> End {
    let ping_interval = app.ping_interval;
    let mut ping = tokio::time::interval(ping_interval);
    ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ping.tick().await;
    let (mut heard, mut frames) = (Instant::now(), 0);
    loop {
        tokio::select! {
            arrived = subscription.next() => {
                let Ok(messages) = arrived else { return End::Refuse("invalid_token") };
                for message in messages {
                    if let Err(end) = deliver_one(socket, app, message).await {
                        return end;
                    }
                }
            }
            frame = socket.recv() => {
                match frame {
                    None | Some(Ok(Message::Close(_))) => return End::Silently,
                    Some(Err(error)) => return broken(&error),
                    Some(Ok(_)) => heard = Instant::now(),
                }
                frames += 1;
                if frames > MAX_FRAMES {
                    return End::Close(close_code::POLICY, "too many frames");
                }
            }
            _ = ping.tick() => {
                frames = 0;
                if heard.elapsed() > ping_interval * 2 {
                    return End::Silently;
                }
                if let Err(end) = send(socket, Message::Ping(Vec::new().into())).await {
                    return end;
                }
            }
        }
    }
}

async fn deliver_one(socket: &mut WebSocket, app: &App, message: MessageReceived) -> Result<(), End> {
    let id = message_id(&message).to_owned();
    let text = serde_json::to_string(&MessageReceivedEvent::from(message)).map_err(|_| End::Silently)?;
    send(socket, Message::Text(text.into())).await?;
    app.follow
        .metrics()
        .delivered(StreamKind::WebSocket, &id, &app.clock);
    Ok(())
}

/// Sends a frame. A client that does not read is disconnected, and reconnects with its cursor; the close frame names the
/// reason.
async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match tokio::time::timeout(SEND_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Silently),
        Err(_) => Err(End::Close(close_code::AGAIN, "frames were left unread")),
    }
}
