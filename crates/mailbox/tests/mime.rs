//! Mails as they come out again through the service.

use mayfly_proto::mailbox::{CodePlace, LinkKind};
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};
use proptest::{
    prelude::*,
    test_runner::{Config as ProptestConfig, TestRunner},
};

use crate::world::{World, assert_refused, scope};

db_test!(
    get_attachment_streams_decoded_chunks,
    a_mail_of_32000_messages_within_each_other_is_kept_whole,
    deliver_message_extracts_codes_and_links,
);

async fn deliver_message_extracts_codes_and_links(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    let raw = "Subject: 482913 is your code\r\nList-Unsubscribe: <mailto:a@b.test>, <https://b.test/out>\r\n\
               Content-Type: text/html\r\n\r\n<p>Your code: <b>482913</b></p>\
               <a href=\"https://b.test/verify?a=1&amp;b=2\">Confirm <i>it</i></a><a href='mailto:a@b.test'>mail</a>";
    let ids = world.deliver(&[&ann, &bob], raw.as_bytes()).await.unwrap();
    for (owner, id) in [&ann, &bob].into_iter().zip(ids) {
        let findings = world.message(scope(owner), &id).await.unwrap().findings.unwrap();
        let codes: Vec<_> = findings
            .codes
            .iter()
            .map(|code| (code.value.as_str(), code.found_in()))
            .collect();
        // In mail of a list, the subject alone is no proof.
        assert_eq!(codes, [("482913", CodePlace::Html)]);
        let links: Vec<_> = findings
            .links
            .iter()
            .map(|link| (link.url.as_str(), link.text.as_deref(), link.kind()))
            .collect();
        assert_eq!(
            links,
            [
                (
                    "https://b.test/verify?a=1&b=2",
                    Some("Confirm it"),
                    LinkKind::Verify
                ),
                ("https://b.test/out", None, LinkKind::Unsubscribe),
            ]
        );
    }
    let plain = world
        .deliver(&[&ann], b"Subject: hi\r\n\r\nNothing.")
        .await
        .unwrap()
        .remove(0);
    let findings = world
        .message(scope(&ann), &plain)
        .await
        .unwrap()
        .findings
        .unwrap();
    assert_eq!(findings, mayfly_proto::mailbox::Findings::default());
}

async fn get_attachment_streams_decoded_chunks(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz\r\n";
    let raw = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>see it</p>\r\n\
         --b\r\nContent-Type: Image/PNG; name=x\r\nContent-Disposition: attachment; filename*=utf-8''%C3%A4.png\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--b--\r\n",
        line.repeat(6000)
    );
    let id = world.deliver(&[&ann], raw.as_bytes()).await.unwrap().remove(0);
    let message = world.message(scope(&ann), &id).await.unwrap();
    assert_eq!(
        (message.text_body, message.html_body.as_deref()),
        (None, Some("<p>see it</p>"))
    );
    assert_eq!(message.attachments.len(), 1);
    let (description, bytes) = world.attachment(scope(&ann), &id, 0).await.unwrap();
    assert_eq!(description, message.attachments[0]);
    assert_eq!(description.filename.as_deref(), Some("\u{e4}.png"));
    assert_eq!(
        (description.content_type.as_str(), description.size_bytes),
        ("image/png", 270_000)
    );
    assert_eq!(
        bytes,
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs".repeat(6000)
    );
    for index in [1, u32::MAX] {
        let refused = world.attachment(scope(&ann), &id, index).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidIndex);
    }
}

async fn a_mail_of_32000_messages_within_each_other_is_kept_whole(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let mut raw = b"From: a@b.test\r\nSubject: deep\r\n".to_vec();
    raw.extend(b"Content-Type: message/rfc822\r\n\r\n".repeat(32_000));
    raw.extend(b"x");
    let id = world.deliver(&[&ann], &raw).await.unwrap().remove(0);
    let message = world.message(scope(&ann), &id).await.unwrap();
    let summary = message.summary.unwrap();
    assert_eq!(
        (summary.from.as_deref(), summary.subject.as_deref()),
        (Some("a@b.test"), Some("deep"))
    );
    assert_eq!(summary.preview_text, "");
    assert_eq!(
        (message.text_body, message.html_body, message.attachments.len()),
        (None, None, 1)
    );
    let (listed, bytes) = world.attachment(scope(&ann), &id, 0).await.unwrap();
    assert_eq!(listed, message.attachments[0]);
    assert_eq!(bytes.len() as i64, listed.size_bytes);
    assert_refused(
        world.attachment(scope(&ann), &id, 1).await,
        ErrorCode::InvalidArgument,
        Reason::InvalidIndex,
    );
    assert_eq!(world.source(scope(&ann), &id).await.unwrap(), raw);
}

#[test]
fn get_message_source_returns_exact_bytes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, ann) = runtime.block_on(async {
        let world = World::new(Db::Sqlite).await;
        let ann = world.create("ann@mayfly.test").await;
        (world, ann)
    });
    let raw = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..300),
        prop::collection::vec(any::<u8>(), 60_000..140_000),
        "(Subject|Content-Type): [ -~]{0,40}\r\n\r\n\\PC{0,100}".prop_map(String::into_bytes),
    ];
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        ..ProptestConfig::default()
    });
    runner
        .run(&raw, |raw| {
            let returned = runtime.block_on(async {
                let id = world.deliver(&[&ann], &raw).await.unwrap().remove(0);
                world.message(scope(&ann), &id).await.unwrap();
                let returned = world.source(scope(&ann), &id).await.unwrap();
                crate::messages::delete(&world, scope(&ann), &id).await.unwrap();
                returned
            });
            prop_assert_eq!(returned, raw);
            Ok(())
        })
        .unwrap();
    assert_eq!(runtime.block_on(world.used(&ann)), 0);
}
