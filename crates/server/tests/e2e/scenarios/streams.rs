//! WebSocket, server-sent events and long polling: new mail is published at once, none is missed, and streams end with
//! their credential.

use std::time::{Duration, Instant};

use mayfly_testkit::{MailSender, eventually_within};
use serde_json::{Value, json};

use crate::{
    client::{Client, Mailbox},
    follow::{Events, Frame, Socket},
    world::{Kind, World},
};

mod chaos;
mod connections;
mod large;
mod stalled;
mod third_party_clients;

mod worlds {
    crate::scenario!(new_mail_is_published_on_every_channel, whole);
    crate::scenario!(wait_with_cursor_misses_nothing, whole);
    crate::scenario!(websocket_limit_holds_across_gateways, whole);
    crate::scenario!(stream_ends_when_credential_is_revoked, whole);
}

async fn send(world: &World, to: &str, subject: &str) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = format!(
        "From: A Shop <shop@example.com>\r\nSubject: {subject}\r\n\r\nYour code is 482913.\r\nConfirm here: https://shop.example/verify?a=1\r\n"
    );
    let reply = sender
        .send("bounce@example.com", &[to], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

fn text(value: &Value, key: &str) -> String {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {value}"))
        .to_owned()
}

async fn wait(client: &Client, token: &str, query: &str) -> (u16, Value) {
    let answer = client.get(&format!("/api/messages/wait?{query}"), token).await;
    match answer.status {
        204 => {
            let since = answer.headers["x-mayfly-since"].to_str().unwrap();
            (204, json!({ "since": since }))
        }
        status => (status, answer.json()),
    }
}

fn subjects(answer: &Value) -> Vec<String> {
    let messages = answer["messages"].as_array().unwrap();
    messages.iter().map(|message| text(message, "subject")).collect()
}

async fn new_mail_is_published_on_every_channel(world: World) {
    let client = world.client();
    let pro = client.register("pro@example.com").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", Some(&pro)).await;
    let other = client.create_mailbox("other@mayfly.test", None).await;
    let base = world.http().to_owned();
    let mut socket = Socket::follow(&base, &mailbox.token, None).await.unwrap();
    let mut strangers = Socket::follow(&base, &other.token, None).await.unwrap();
    let mut events = Events::open(&format!("{base}/api/events"), Some(&mailbox.token), None)
        .await
        .unwrap();
    let mut all = Events::open(&format!("{base}/pro/api/events"), Some(&pro), None)
        .await
        .unwrap();
    let ticket = client
        .call(
            "POST",
            "/api/tickets",
            Some(&mailbox.token),
            Some(json!({"for": "events"})),
        )
        .await;
    let url = format!("{base}/api/events?ticket={}", text(&ticket.json(), "ticket"));
    let mut by_ticket = Events::open(&url, None, None).await.unwrap();
    assert_eq!(
        Events::open(&url, None, None).await.unwrap_err(),
        401,
        "a ticket is valid once"
    );

    let waiting = wait(
        &client,
        &mailbox.token,
        "from=shop@&subject=hello&has_code=true&timeout=20",
    );
    let all_waiting = client.get("/pro/api/messages/wait?to=ann@&timeout=20", &pro);
    let sending = async {
        // Waits that have not started yet find no mail before the second one.
        while client.get("/api/messages", &mailbox.token).await.json()["messages"] == json!([]) {
            send(&world, &mailbox.address, "Hello").await;
        }
        send(&world, &mailbox.address, "Hello again").await;
    };
    let (waited, all_waited, ()) = tokio::join!(waiting, all_waiting, sending);
    assert_eq!(waited.0, 200, "{waited:?}");
    assert_eq!(all_waited.json()["messages"][0]["address"], mailbox.address);

    let listed = client.messages(&mailbox.token).await;
    let first = listed.last().unwrap();
    let mut event = first.clone();
    event["type"] = "new_email".into();
    event["account_id"] = mailbox.id.clone().into();
    event["address"] = mailbox.address.clone().into();
    let path = format!("/api/messages/{}", text(first, "id"));
    let whole = client.get(&path, &mailbox.token).await.json();
    assert_eq!(whole["codes"][0]["value"], "482913");
    for key in ["codes", "links"] {
        event[key] = whole[key].clone();
    }
    assert_eq!(socket.next().await, Frame::Text(event.clone()));
    for events in [&mut events, &mut all, &mut by_ticket] {
        let received = events.next().await.unwrap();
        assert_eq!(
            (received.name.as_str(), &received.id, &received.data),
            ("new_email", &text(first, "id"), &event)
        );
    }
    send(&world, &other.address, "For the other").await;
    let Frame::Text(message) = strangers.next().await else {
        panic!("the message is published")
    };
    assert_eq!(
        text(&message, "subject"),
        "For the other",
        "only mail of the own mailbox is published"
    );
}

async fn wait_with_cursor_misses_nothing(world: World) {
    let client = world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let (status, answer) = wait(&client, &mailbox.token, "timeout=0").await;
    assert_eq!(status, 204);
    let mut since = text(&answer, "since");
    let start = since.clone();
    for n in 0..5 {
        send(&world, &mailbox.address, &format!("n{n}")).await;
    }
    // Pages of two, one and no messages.
    let mut seen = Vec::new();
    for (count, expected) in [(2, 200), (2, 200), (2, 204), (1, 200), (1, 204)] {
        let (status, answer) = wait(
            &client,
            &mailbox.token,
            &format!("since={since}&count={count}&timeout=0"),
        )
        .await;
        // A wait with time-out 0 may end before its first read, so a wait that must succeed gets some time.
        let (status, answer) = match (status, expected) {
            (204, 200) => {
                wait(
                    &client,
                    &mailbox.token,
                    &format!("since={since}&count={count}&timeout=10"),
                )
                .await
            }
            _ => (status, answer),
        };
        assert_eq!(status, expected, "{answer}");
        if status == 200 {
            seen.extend(subjects(&answer));
        }
        since = text(&answer, "since");
    }
    assert_eq!(seen, ["n0", "n1", "n2", "n3", "n4"]);
    // A filter skips other mail and still returns what follows.
    let (_, answer) = wait(
        &client,
        &mailbox.token,
        &format!("since={start}&subject=/n[23]/&timeout=10"),
    )
    .await;
    assert_eq!(subjects(&answer), ["n2"]);
    let (_, answer) = wait(
        &client,
        &mailbox.token,
        &format!("since={}&subject=/n[23]/&timeout=10", text(&answer, "since")),
    )
    .await;
    assert_eq!(subjects(&answer), ["n3"]);

    // A client that resumes from its cursor receives what it missed, in order, once.
    let base = world.http().to_owned();
    let mut socket = Socket::follow(&base, &mailbox.token, Some(&start)).await.unwrap();
    let mut events = Events::open(&format!("{base}/api/events"), Some(&mailbox.token), Some(&start))
        .await
        .unwrap();
    for n in 0..5 {
        let Frame::Text(message) = socket.next().await else {
            panic!("n{n} is published")
        };
        assert_eq!(text(&message, "subject"), format!("n{n}"));
        assert_eq!(
            text(&events.next().await.unwrap().data, "subject"),
            format!("n{n}")
        );
    }
    for query in ["since=x", "timeout=61", "count=0", "subject=/(/"] {
        let (status, answer) = wait(&client, &mailbox.token, query).await;
        assert_eq!(
            (status, answer["error"].as_str()),
            (400, Some("invalid_request")),
            "{query}"
        );
        let name = query.split('=').next().unwrap();
        assert!(text(&answer, "message").contains(name), "{answer}");
    }
}

async fn websocket_limit_holds_across_gateways(world: World) {
    let client = world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let gateways: Vec<String> = world.all("HTTP").into_iter().map(str::to_owned).collect();
    let gateway = |n: usize| gateways[n % gateways.len()].as_str();
    let mut open = Vec::new();
    for n in 0..3 {
        open.push(Socket::follow(gateway(n), &mailbox.token, None).await.unwrap());
    }
    for n in 0..2 {
        let refused = Socket::follow(gateway(n), &mailbox.token, None)
            .await
            .unwrap_err();
        assert_eq!(refused, Frame::Text(json!({"error": "too_many_connections"})));
    }
    // The limit is per mailbox.
    let other = client.create_mailbox("other@mayfly.test", None).await;
    Socket::follow(gateway(0), &other.token, None).await.unwrap();
    // A socket that ends in any way frees its permit.
    drop(open.pop());
    eventually_within(
        "a closed socket is not counted",
        Duration::from_secs(10),
        async || Socket::follow(gateway(1), &mailbox.token, None).await.is_ok(),
    )
    .await;
}

async fn stream_ends_when_credential_is_revoked(world: World) {
    let client = world.client();
    let pro = client.register("pro@example.com").await;
    let (token_id, pro_token) = client.create_token(&pro, "used").await;
    let base = world.http().to_owned();
    let made = async |name: &str| -> (Mailbox, Socket, Events) {
        let mailbox = client
            .create_mailbox(&format!("{name}@mayfly.test"), Some(&pro))
            .await;
        let socket = Socket::follow(&base, &mailbox.token, None).await.unwrap();
        let events = Events::open(&format!("{base}/api/events"), Some(&mailbox.token), None)
            .await
            .unwrap();
        (mailbox, socket, events)
    };
    let (deleted, mut socket_of_deleted, mut events_of_deleted) = made("deleted").await;
    let (reset, mut socket_of_reset, mut events_of_reset) = made("reset").await;
    let (_kept, mut kept_socket, _events_of_kept) = made("kept").await;
    let mut all = Events::open(&format!("{base}/pro/api/events"), Some(&pro_token), None)
        .await
        .unwrap();
    assert_eq!(
        client
            .call("DELETE", "/api/me", Some(&deleted.token), None)
            .await
            .status,
        204
    );
    let path = format!("/pro/api/accounts/{}/reset-password", reset.id);
    let body = json!({"password": "battery staple"});
    assert_eq!(
        client.call("PUT", &path, Some(&pro), Some(body)).await.status,
        200
    );
    let path = format!("/pro/api/tokens/{token_id}");
    assert_eq!(client.call("DELETE", &path, Some(&pro), None).await.status, 204);
    let revoked = Instant::now();
    let closing = async {
        for socket in [&mut socket_of_deleted, &mut socket_of_reset] {
            assert_eq!(socket.refusal().await, ("invalid_token".to_owned(), 1008));
        }
        for events in [&mut events_of_deleted, &mut events_of_reset, &mut all] {
            assert_eq!(events.next().await, None);
        }
    };
    closing.await;
    assert!(
        revoked.elapsed() < Duration::from_secs(5),
        "{:?}",
        revoked.elapsed()
    );
    send(&world, "kept@mayfly.test", "Still here").await;
    assert!(matches!(kept_socket.next().await, Frame::Text(_)));
}

#[tokio::test]
async fn websocket_without_permission_is_rejected() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let base = world.http().to_owned();
    let authority = base.strip_prefix("http://").unwrap();
    let pro = client.register("pro@example.com").await;
    let (_, pro_token) = client.create_token(&pro, "used").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;

    for (path, origin, status) in [
        ("/api/ws", "https://evil.test", 403),
        ("/api/ws", "null", 403),
        ("/api/ws", "http://127.0.0.1", 403),
        ("/%61pi/ws", "https://evil.test", 404),
        ("//api/ws", "https://evil.test", 404),
        ("/%61pi/ws", "", 404),
    ] {
        let headers = [("origin", origin)];
        let headers = if origin.is_empty() {
            &headers[..0]
        } else {
            &headers[..]
        };
        assert_eq!(
            Socket::open(&base, path, headers).await.unwrap_err(),
            status,
            "{path} from {origin}"
        );
    }
    let own = format!("http://{authority}");
    assert!(Socket::open(&base, "/api/ws", &[("origin", &own)]).await.is_ok());

    let auth = |token: &str| json!({"type": "auth", "token": token}).to_string();
    for (frame, error) in [
        (auth("nonsense"), "invalid_token"),
        (auth(&pro), "invalid_token"),
        (auth(&pro_token), "invalid_token"),
        ("hello".to_owned(), "invalid_auth_message"),
        ("{}".to_owned(), "invalid_auth_message"),
        (
            json!({"type": "login", "token": mailbox.token}).to_string(),
            "invalid_auth_message",
        ),
        (
            json!({"type": "auth", "token": 7}).to_string(),
            "invalid_auth_message",
        ),
        (
            json!({"type": "auth", "token": mailbox.token, "since": "x"}).to_string(),
            "invalid_auth_message",
        ),
    ] {
        let mut socket = Socket::open(&base, "/api/ws", &[]).await.unwrap();
        socket.send_text(&frame).await;
        assert_eq!(socket.refusal().await, (error.to_owned(), 1008), "{frame}");
    }
    // Credentials in the URL or a header are ignored: the server waits for the first frame, which does not come.
    let path = format!("/api/ws?token={}", mailbox.token);
    let bearer = format!("Bearer {}", mailbox.token);
    let mut silent = Socket::open(&base, &path, &[("authorization", &bearer)])
        .await
        .unwrap();
    assert_eq!(silent.refusal().await, ("invalid_auth_message".to_owned(), 1008));
}
