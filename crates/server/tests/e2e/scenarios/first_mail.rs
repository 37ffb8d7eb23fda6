//! Creating a mailbox, receiving mail, and reading it.

use mayfly_testkit::MailSender;

use crate::world::World;

mod worlds {
    crate::scenario!(codes_and_links_are_listed_for_mailbox_and_owner, whole);
    crate::scenario!(deliver_mail_is_readable_over_http);
    crate::scenario!(get_message_with_long_text_is_complete);
    crate::scenario!(deliver_empty_mail_is_stored);
}

async fn deliver_mail_is_readable_over_http(world: World) {
    let client = world.client();
    let mailbox = client.create_mailbox(" Hello@MAYFLY.test ", None).await;
    assert_eq!(mailbox.address, "hello@mayfly.test");
    assert_eq!(client.get("/api/me", &mailbox.token).await.json()["used"], 0);

    let mail = "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r\nTo: hello@mayfly.test\r\nSubject: Hello\r\n\r\n\
                .A line that begins with a dot.\r\n\r\nIt   works.\r\n";
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("bounce@example.com", &["hello@mayfly.test"], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");

    let messages = client.messages(&mailbox.token).await;
    assert_eq!(messages.len(), 1);
    let item = &messages[0];
    assert_eq!(item["sender"], "bounce@example.com");
    assert_eq!(item["from"], "J\u{f6}rg <joerg@example.com>");
    assert_eq!(item["subject"], "Hello");
    assert_eq!(item["preview_text"], ".A line that begins with a dot. It works.");
    assert_eq!(item["size"], mail.len());
    assert_eq!(item["is_read"], false);

    let path = format!("/api/messages/{}", item["id"].as_str().unwrap());
    let message = client.get(&path, &mailbox.token).await.json();
    assert_eq!(message["address"], "hello@mayfly.test");
    assert_eq!(message["html_body"], serde_json::Value::Null);
    assert_eq!(message["attachments"], serde_json::json!([]));
    let source = client.get(&format!("{path}/source"), &mailbox.token).await;
    assert_eq!(source.body, mail.as_bytes());
    assert_eq!(
        client.get("/api/me", &mailbox.token).await.json()["used"],
        mail.len()
    );

    assert_eq!(
        client
            .call("PUT", &format!("{path}/read"), Some(&mailbox.token), None)
            .await
            .status,
        204
    );
    assert_eq!(client.messages(&mailbox.token).await[0]["is_read"], true);
    assert_eq!(
        client
            .call("DELETE", &path, Some(&mailbox.token), None)
            .await
            .status,
        204
    );
    assert_eq!(
        client.get(&path, &mailbox.token).await.outcome(),
        (404, "not_found".to_owned())
    );
    assert_eq!(client.get("/api/me", &mailbox.token).await.json()["used"], 0);
}

async fn deliver_empty_mail_is_stored(world: World) {
    let client = world.client();
    let mailbox = client.create_mailbox("empty@mayfly.test", None).await;
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender.send("", &["empty@mayfly.test"], b"").await.unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
    let item = client.messages(&mailbox.token).await.remove(0);
    assert_eq!(
        (&item["size"], &item["sender"], &item["preview_text"]),
        (&0.into(), &"".into(), &"".into())
    );
    assert!(item["from"].is_null() && item["subject"].is_null());
    let path = format!("/api/messages/{}", item["id"].as_str().unwrap());
    let source = client.get(&format!("{path}/source"), &mailbox.token).await;
    assert_eq!((source.status, source.body.len()), (200, 0));
    assert_eq!(client.get(&path, &mailbox.token).await.status, 200);
}

async fn codes_and_links_are_listed_for_mailbox_and_owner(world: World) {
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let mailbox = client.create_mailbox("codes@mayfly.test", Some(&pro)).await;
    let mail =
        "Subject: 482913 is your code\r\n\r\nConfirm: https://b.test/verify/1 (see https://b.test/help).\r\n";
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("", &["codes@mayfly.test"], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
    let item = client.messages(&mailbox.token).await.remove(0);
    assert!(item.get("codes").is_none() && item.get("links").is_none());
    let id = item["id"].as_str().unwrap();
    for (path, token) in [
        (format!("/api/messages/{id}"), &mailbox.token),
        (format!("/pro/api/accounts/{}/messages/{id}", mailbox.id), &pro),
    ] {
        let message = client.get(&path, token).await.json();
        assert_eq!(
            message["codes"],
            serde_json::json!([{"value": "482913", "found_in": "subject", "confidence": 0.75}])
        );
        assert_eq!(
            message["links"],
            serde_json::json!([
                {"url": "https://b.test/verify/1", "text": null, "kind": "verify", "confidence": 0.98},
                {"url": "https://b.test/help", "text": null, "kind": "other", "confidence": 0.6},
            ])
        );
    }
}

async fn get_message_with_long_text_is_complete(world: World) {
    let client = world.client();
    let mailbox = client.create_mailbox("log@mayfly.test", None).await;
    let text = "every line of a very long log, as some builds send it\r\n".repeat(110_000);
    let mail = format!("From: ci@example.com\r\nSubject: log\r\n\r\n{text}");
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("ci@example.com", &["log@mayfly.test"], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
    let item = client.messages(&mailbox.token).await.remove(0);
    let path = format!("/api/messages/{}", item["id"].as_str().unwrap());
    let message = client.get(&path, &mailbox.token).await.json();
    let body = message["text_body"].as_str().unwrap();
    assert!(body.lines().eq(text.lines()), "{} bytes", body.len());
}
