//! Lists, whole messages, attachments, retention.

use mayfly_proto::mailbox::{
    DeleteMessageRequest, DeleteMessagesRequest, ListMessagesAfterRequest, MarkMessageReadRequest, Scope,
    list_messages_after_request::Following,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;

use crate::world::{World, assert_refused, mail, scope};

db_test!(
    list_messages_pages_of_thirty_newest_first,
    get_message_returns_all_fields_without_side_effects,
    get_message_past_retention_is_expired,
    list_messages_after_is_bounded_by_bytes,
    mark_message_read_concurrently_changes_once,
    delete_messages_in_many_transactions_deletes_all,
);

/// More messages, and more bytes, than one transaction removes.
async fn delete_messages_in_many_transactions_deletes_all(db: Db) {
    let world = World::new(db).await;
    let [ann, bob] = [
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    ];
    let mut large = mail("large");
    large.resize(300 << 10, b'x');
    for n in 0..70 {
        let raw = if n % 20 == 0 { large.clone() } else { mail("small") };
        world.deliver(&[&ann, &bob], &raw).await.unwrap();
    }
    for left in [70, 0] {
        let request = DeleteMessagesRequest {
            scope: Some(scope(&ann)),
        };
        let deleted = world.client.clone().delete_messages(request).await.unwrap();
        assert_eq!(deleted.into_inner().deleted, left);
        assert_eq!(world.used(&ann).await, 0);
    }
    let left = world.list(scope(&bob), 1).await.unwrap();
    assert_eq!(left.len(), 30, "those of another mailbox");
    assert!(world.source(scope(&bob), &left[0].message_id).await.is_ok());
}

/// Of concurrent calls one changes the message; that is how two waits never return the same one.
async fn mark_message_read_concurrently_changes_once(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    for n in 0..10 {
        let id = world
            .deliver(&[&ann], &mail(&format!("{n}")))
            .await
            .unwrap()
            .remove(0);
        let mark = |claim: usize| {
            let mut client = world.client.clone();
            let request = MarkMessageReadRequest {
                scope: Some(scope(&ann)),
                message_id: id.clone(),
                claim_id: claim.to_string(),
                is_unread: false,
            };
            async move {
                let marked = client.mark_message_read(request).await.unwrap();
                marked.into_inner().has_changed
            }
        };
        let changed = futures_util::future::join_all((0..8).map(mark)).await;
        assert_eq!(changed.iter().filter(|changed| **changed).count(), 1, "{n}");
        // A repetition after a lost answer.
        let repeated = futures_util::future::join_all((0..8).map(mark)).await;
        assert_eq!(repeated, changed, "{n}");
    }
}

pub(crate) async fn mark_read(world: &World, scope: Scope, message_id: &str) -> Result<(), Failure> {
    let request = MarkMessageReadRequest {
        scope: Some(scope),
        message_id: message_id.to_owned(),
        claim_id: String::new(),
        is_unread: false,
    };
    world
        .client
        .clone()
        .mark_message_read(request)
        .await
        .map(drop)
        .map_err(Failure::from)
}

pub(crate) async fn delete(world: &World, scope: Scope, message_id: &str) -> Result<(), Failure> {
    let request = DeleteMessageRequest {
        scope: Some(scope),
        message_id: message_id.to_owned(),
    };
    world
        .client
        .clone()
        .delete_message(request)
        .await
        .map(drop)
        .map_err(Failure::from)
}

async fn list_messages_pages_of_thirty_newest_first(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    for n in 0..65 {
        world
            .deliver(&[if n % 13 == 12 { &bob } else { &ann }], &mail(&format!("n{n}")))
            .await
            .unwrap();
        world.clock.advance(Duration::milliseconds(n % 2));
    }
    let mut pages = Vec::new();
    for page in 1..=3 {
        pages.push(world.list(scope(&ann), page).await.unwrap());
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [30, 30, 0]);
    let subjects: Vec<String> = pages.concat().into_iter().filter_map(|m| m.subject).collect();
    let expected: Vec<String> = (0..65)
        .rev()
        .filter(|n| n % 13 != 12)
        .map(|n| format!("n{n}"))
        .collect();
    assert_eq!(subjects, expected);
    assert_eq!(world.list(scope(&ann), 0).await.unwrap(), pages[0]);
    assert!(world.list(scope(&ann), u32::MAX).await.unwrap().is_empty());
    assert_eq!(world.list(scope(&bob), 1).await.unwrap().len(), 5);
}

async fn get_message_returns_all_fields_without_side_effects(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let raw = mail("Tea");
    let id = world.deliver(&[&ann], &raw).await.unwrap().remove(0);
    let size = i64::try_from(raw.len()).unwrap();
    let message = world.message(scope(&ann), &id).await.unwrap();
    let summary = message.summary.unwrap();
    assert_eq!(summary, world.list(scope(&ann), 1).await.unwrap()[0]);
    assert_eq!(summary.message_id, id);
    assert_eq!(summary.sender, "ann@sender.example");
    assert_eq!(summary.from.as_deref(), Some("Ann <ann@sender.example>"));
    assert_eq!(summary.subject.as_deref(), Some("Tea"));
    assert_eq!(summary.preview_text, "Hello Tea");
    assert_eq!(
        (summary.size_bytes, summary.is_read, summary.created_at),
        (size, false, 1_795_435_200)
    );
    assert_eq!(message.address, "ann@mayfly.test");
    assert_eq!(message.text_body.as_deref(), Some("Hello Tea\r\n"));
    assert_eq!((message.html_body, message.attachments.len()), (None, 0));
    assert_eq!(world.source(scope(&ann), &id).await.unwrap(), raw);
    world.check(scope(&ann), &id).await.unwrap();

    mark_read(&world, scope(&ann), &id).await.unwrap();
    mark_read(&world, scope(&ann), &id).await.unwrap();
    assert!(world.list(scope(&ann), 1).await.unwrap()[0].is_read);
    assert_eq!(world.used(&ann).await, size);
    delete(&world, scope(&ann), &id).await.unwrap();
    assert_eq!(world.used(&ann).await, 0);
    assert!(world.list(scope(&ann), 1).await.unwrap().is_empty());
    for outcome in [
        delete(&world, scope(&ann), &id).await,
        mark_read(&world, scope(&ann), &id).await,
        world.message(scope(&ann), &id).await.map(drop),
        world.check(scope(&ann), &id).await,
        world.check(scope(&ann), "no id").await,
        world.source(scope(&ann), &id).await.map(drop),
        world.attachment(scope(&ann), &id, 0).await.map(drop),
        world.message(scope(&ann), "no id").await.map(drop),
        world
            .message(scope(&ann), "f47ac10b-58cc-4372-a567-0e02b2c3d479")
            .await
            .map(drop),
    ] {
        assert_refused(outcome, ErrorCode::NotFound, Reason::NotFound);
    }
}

async fn get_message_past_retention_is_expired(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let old = world.deliver(&[&ann], &mail("old")).await.unwrap().remove(0);
    world.clock.advance(Duration::days(1));
    let young = world.deliver(&[&ann], &mail("young")).await.unwrap().remove(0);
    world.clock.advance(Duration::days(6));
    assert_eq!(world.list(scope(&ann), 1).await.unwrap().len(), 2);
    world.clock.advance(Duration::milliseconds(1));
    for is_swept in [false, true] {
        let listed = world.list(scope(&ann), 1).await.unwrap();
        assert_eq!(
            listed.iter().map(|m| &*m.message_id).collect::<Vec<_>>(),
            [young.as_str()]
        );
        for outcome in [
            world.message(scope(&ann), &old).await.map(drop),
            world.check(scope(&ann), &old).await,
            world.source(scope(&ann), &old).await.map(drop),
            world.attachment(scope(&ann), &old, 0).await.map(drop),
            mark_read(&world, scope(&ann), &old).await,
            delete(&world, scope(&ann), &old).await,
        ] {
            assert_refused(outcome, ErrorCode::FailedPrecondition, Reason::Expired);
        }
        let sizes =
            i64::try_from(mail("young").len() + if is_swept { 0 } else { mail("old").len() }).unwrap();
        assert_eq!(world.used(&ann).await, sizes);
        world.mailbox.sweep().await;
    }
    assert_eq!(world.source(scope(&ann), &young).await.unwrap(), mail("young"));
}

/// Senders decide how long the links of a mail are: no answer grows with them, and none of the mails is passed over.
async fn list_messages_after_is_bounded_by_bytes(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let long = "x".repeat(2000);
    let links: String = (0..50)
        .map(|n| format!("<a href=\"https://b.test/{n}/{long}\">{n}</a>\r\n"))
        .collect();
    let raw = format!("Subject: links\r\nContent-Type: text/html\r\n\r\n{links}");
    let mut sent = Vec::new();
    for _ in 0..20 {
        sent.extend(world.deliver(&[&ann], raw.as_bytes()).await.unwrap());
    }
    let (mut cursor, mut listed, mut has_more) = (uuid::Uuid::nil().to_string(), Vec::new(), true);
    while has_more {
        let request = ListMessagesAfterRequest {
            following: Some(Following::Mailbox(scope(&ann))),
            after_message_id: Some(cursor),
            limit: 50,
        };
        let answer = world.client.clone().list_messages_after(request).await;
        let answer = answer.unwrap().into_inner();
        let findings = answer
            .messages
            .iter()
            .filter_map(|message| message.findings.as_ref());
        let bytes: usize = findings
            .flat_map(|findings| &findings.links)
            .map(|link| link.url.len())
            .sum();
        assert!(bytes <= 1 << 20, "{bytes} bytes in one answer");
        let ids = answer.messages.into_iter().filter_map(|message| message.summary);
        listed.extend(ids.map(|summary| summary.message_id));
        (cursor, has_more) = (answer.cursor, answer.has_more);
    }
    assert_eq!(listed, sent);
}
