//! Filters of webhooks: only messages that fulfil the query are posted.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{CreateWebhookRequest, UpdateWebhookRequest};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};
use serde_json::Value;

use super::{Receiver, list};
use crate::world::{World, assert_refused, mail, user};

db_test!(
    filter_of_every_field_selects_messages,
    filter_is_of_one_owner_and_webhook,
    filter_change_applies_to_later_messages,
    filter_not_understood_is_refused,
);

const MAIL: &[u8] = b"From: A Shop <shop@sender.example>\r\nTo: Ann <ann@mayfly.test>\r\nCc: carol@x.example\r\n\
Reply-To: help@shop.example\r\nMessage-ID: <1.2@shop.example>\r\nSubject: Your login code: 482913\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe parcel left the warehouse.\r\n\
--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"bill.pdf\"\r\n\r\npdf\r\n--b--\r\n";

async fn create(world: &World, owner: &str, url: &str, filter: &str) -> Result<String, Failure> {
    let request = CreateWebhookRequest {
        owner_user_id: owner.to_owned(),
        url: url.to_owned(),
        filter: filter.to_owned(),
        ..CreateWebhookRequest::default()
    };
    let created = world.client.clone().create_webhook(request).await?.into_inner();
    Ok(created.webhook.unwrap().webhook_id)
}

async fn update(world: &World, owner: &str, webhook: &str, filter: &str) -> Result<String, Failure> {
    let request = UpdateWebhookRequest {
        owner_user_id: owner.to_owned(),
        webhook_id: webhook.to_owned(),
        filter: filter.to_owned(),
        ..UpdateWebhookRequest::default()
    };
    let updated = world.client.clone().update_webhook(request).await?.into_inner();
    Ok(updated.webhook.unwrap().filter)
}

/// The subjects of the events, in order.
fn subjects(receiver: &Receiver) -> Vec<String> {
    let subject = |body: &[u8]| {
        let event: Value = serde_json::from_slice(body).unwrap();
        event["data"]["subject"].as_str().unwrap().to_owned()
    };
    let mut subjects: Vec<String> = receiver
        .received()
        .iter()
        .map(|(_, body)| subject(body))
        .collect();
    subjects.sort_unstable();
    subjects
}

/// A world in which a user can have many webhooks.
async fn world(db: Db) -> World {
    let config = Config {
        max_webhooks: 100,
        ..Config::default()
    };
    World::with(db, config).await
}

async fn filter_of_every_field_selects_messages(db: Db) {
    let (world, owner) = (world(db).await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let filters = [
        ("code -invoice", true),
        ("from:shop", true),
        ("from:bob", false),
        ("to:ann cc:carol reply-to:help", true),
        ("cc:ann", false),
        ("subject:\"login code\"", true),
        ("body:parcel", true),
        ("body:code", false),
        ("-body:parcel", false),
        ("filename:bill.pdf has:attachment", true),
        ("has:inline", false),
        ("has:code -has:link", true),
        ("message-id:1.2@shop.example", true),
        ("in:ann@mayfly.test is:unread", true),
        ("in:bob@mayfly.test", false),
        ("larger:100 smaller:1k", true),
        ("larger:1k parcel", false),
        ("after:1h", true),
        ("before:1h", false),
    ];
    let (wanted, unwanted) = (Receiver::start().await, Receiver::start().await);
    let mut silent = Vec::new();
    for (filter, is_match) in filters {
        let receiver = if is_match { &wanted } else { &unwanted };
        let id = create(&world, &owner, &receiver.url(), filter).await.unwrap();
        silent.extend((!is_match).then_some(id));
    }
    world.deliver(&[&account], MAIL).await.unwrap();
    wanted.until_received(filters.len() - silent.len()).await;
    // An event of the message would be sent before a sample.
    for id in &silent {
        super::test(&world, &owner, id).await.unwrap();
    }
    unwanted.until_received(silent.len()).await;
    assert_eq!(subjects(&unwanted), vec!["A sample event"; silent.len()]);
    assert_eq!(wanted.received().len(), filters.len() - silent.len());
}

async fn filter_is_of_one_owner_and_webhook(db: Db) {
    let world = world(db).await;
    let (filtered, every, of_bob) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let (owner, bob) = (user(), user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let account_of_bob = world.create_for("bob@mayfly.test", Some(&bob)).await;
    create(&world, &owner, &filtered.url(), "subject:wanted")
        .await
        .unwrap();
    create(&world, &owner, &every.url(), "").await.unwrap();
    create(&world, &bob, &of_bob.url(), "subject:other")
        .await
        .unwrap();
    for subject in ["other", "wanted"] {
        let both = [account.as_str(), account_of_bob.as_str()];
        world.deliver(&both, &mail(subject)).await.unwrap();
    }
    every.until_received(2).await;
    of_bob.until_received(1).await;
    filtered.until_received(1).await;
    assert_eq!(subjects(&every), ["other", "wanted"]);
    assert_eq!(subjects(&filtered), ["wanted"]);
    assert_eq!(subjects(&of_bob), ["other"]);
}

async fn filter_change_applies_to_later_messages(db: Db) {
    let (world, receiver, owner) = (World::new(db).await, Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let webhook = create(&world, &owner, &receiver.url(), "none").await.unwrap();
    world.deliver(&[&account], &mail("first")).await.unwrap();
    assert_eq!(
        update(&world, &owner, &webhook, "subject:second").await.unwrap(),
        "subject:second"
    );
    for subject in ["first", "second"] {
        world.deliver(&[&account], &mail(subject)).await.unwrap();
    }
    receiver.until_received(1).await;
    assert_eq!(update(&world, &owner, &webhook, "").await.unwrap(), "");
    world.deliver(&[&account], &mail("third")).await.unwrap();
    receiver.until_received(2).await;
    assert_eq!(subjects(&receiver), ["second", "third"]);
    let other = update(&world, &user(), &webhook, "x").await;
    assert_refused(other, ErrorCode::NotFound, Reason::NotFound);
}

async fn filter_not_understood_is_refused(db: Db) {
    let (world, receiver, owner) = (World::new(db).await, Receiver::start().await, user());
    for filter in ["before:nonsense", "a OR b", "colour:red", " "] {
        let refused = create(&world, &owner, &receiver.url(), filter).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidQuery);
    }
    let webhook = create(&world, &owner, &receiver.url(), "kept").await.unwrap();
    let refused = update(&world, &owner, &webhook, "is:old").await;
    assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidQuery);
    assert_eq!(list(&world, &owner).await[0].filter, "kept");
}
