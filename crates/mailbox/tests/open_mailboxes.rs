//! Open mailboxes: without a credential, for a short time, and apart from mailboxes with a password.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    AnyOpen, DeleteMessageRequest, DeleteMessagesRequest, FindMailboxRequest, ListMessagesAfterRequest,
    ResolveRecipientRequest, Scope, list_messages_after_request::Following, scope::Caller,
};
use mayfly_rpc::Failure;
use mayfly_runtime::config::List;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{AccountId, ErrorCode, Reason};
use time::Duration;

use crate::world::{World, any_owned_by, assert_refused, mail, no_auth, scope, user};

db_test!(
    recipient_of_open_domain_is_read_by_address_and_by_message,
    open_mailbox_ends_with_its_last_message,
    open_message_is_gone_after_the_open_retention,
    full_open_mailbox_loses_its_oldest_mail,
    recipient_beyond_the_limit_of_open_mailboxes_is_refused,
    empty_open_mailbox_is_removed,
);

fn config() -> Config {
    Config {
        open_domains: List(vec!["open.test".parse().unwrap()]),
        ..Config::default()
    }
}

async fn resolve(world: &World, address: &str, size_bytes: i64) -> Result<String, Failure> {
    let request = ResolveRecipientRequest {
        address: address.to_owned(),
        size_bytes,
        ..ResolveRecipientRequest::default()
    };
    let answer = world.client.clone().resolve_recipient(request).await?;
    Ok(answer.into_inner().account_id)
}

fn any_open() -> Scope {
    Scope {
        caller: Some(Caller::AnyOpen(AnyOpen {})),
    }
}

async fn clear(world: &World, account_id: &str) -> i64 {
    let request = DeleteMessagesRequest {
        scope: Some(scope(account_id)),
    };
    world
        .client
        .clone()
        .delete_messages(request)
        .await
        .unwrap()
        .into_inner()
        .deleted
}

async fn recipient_of_open_domain_is_read_by_address_and_by_message(db: Db) {
    let world = World::with(db, config()).await;
    let id = resolve(&world, "ann@open.test", 0).await.unwrap();
    let open_id = AccountId::of_open_address(&"ann@open.test".parse().unwrap());
    assert_eq!(id, open_id.to_string());
    assert_eq!(resolve(&world, "ANN@open.test", 10).await.unwrap(), id);
    let messages = world.deliver(&[&id], &mail("hello")).await.unwrap();
    assert_eq!(
        world.list(scope(&id), 1).await.unwrap()[0].message_id,
        messages[0]
    );
    let message = world.message(any_open(), &messages[0]).await.unwrap();
    assert_eq!(message.address, "ann@open.test");
    world
        .check(any_owned_by(&user()), &messages[0])
        .await
        .unwrap_err();
    // No client signs in.
    let find = FindMailboxRequest {
        address: "ann@open.test".to_owned(),
    };
    let found = world.client.clone().find_mailbox(find).await.unwrap();
    assert_eq!(found.into_inner().account_id, None);
    assert_refused(
        world.reserve("bob@open.test", None).await,
        ErrorCode::InvalidArgument,
        Reason::InvalidDomain,
    );
    for reserved in [
        "postmaster",
        "abuse",
        "hostmaster",
        "webmaster",
        "admin",
        "root",
        "admin+x",
    ] {
        let address = format!("{reserved}@open.test");
        assert_refused(
            resolve(&world, &address, 0).await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
    }
}

/// A message of a mailbox with a password is never found as one of an open mailbox.
#[tokio::test]
async fn message_of_mailbox_with_a_password_is_not_open() {
    let world = World::with(Db::Sqlite, config()).await;
    let id = world.create("ann@mayfly.test").await;
    let messages = world.deliver(&[&id], &mail("secret")).await.unwrap();
    for refused in [
        world.check(any_open(), &messages[0]).await,
        world.message(any_open(), &messages[0]).await.map(drop),
        world.source(any_open(), &messages[0]).await.map(drop),
        world.attachment(any_open(), &messages[0], 0).await.map(drop),
    ] {
        assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    }
    assert_refused(world.get(any_open()).await, ErrorCode::NotFound, Reason::NotFound);
}

async fn open_mailbox_ends_with_its_last_message(db: Db) {
    let world = World::with(
        db,
        Config {
            max_open_mailboxes: 1,
            ..config()
        },
    )
    .await;
    let id = resolve(&world, "ann@open.test", 0).await.unwrap();
    let two = async || {
        resolve(&world, "ann@open.test", 0).await.unwrap();
        let mut ids = world.deliver(&[&id], &mail("one")).await.unwrap();
        ids.extend(world.deliver(&[&id], &mail("two")).await.unwrap());
        ids
    };
    for message_id in two().await {
        assert_refused(
            resolve(&world, "bob@open.test", 0).await,
            ErrorCode::Unavailable,
            Reason::StorageFull,
        );
        let request = DeleteMessageRequest {
            scope: Some(any_open()),
            message_id,
        };
        world.client.clone().delete_message(request).await.unwrap();
    }
    let bob = resolve(&world, "bob@open.test", 0).await.unwrap();
    // Mail can be on its way.
    assert_eq!(clear(&world, &bob).await, 0);
    world.deliver(&[&bob], &mail("three")).await.unwrap();
    assert_eq!(clear(&world, &bob).await, 1);
    let ids = two().await;
    assert_eq!(clear(&world, &id).await, 2);
    assert_eq!(clear(&world, &id).await, 0);
    assert_refused(
        world.check(any_open(), &ids[0]).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    // An absent open mailbox is empty, and can be followed.
    assert!(world.list(scope(&id), 1).await.unwrap().is_empty());
    let request = ListMessagesAfterRequest {
        following: Some(Following::Mailbox(scope(&id))),
        after_message_id: None,
        limit: 10,
    };
    let answer = world
        .client
        .clone()
        .list_messages_after(request)
        .await
        .unwrap()
        .into_inner();
    assert!(answer.messages.is_empty() && !answer.cursor.is_empty());
    resolve(&world, "bob@open.test", 0).await.unwrap();
}

async fn open_message_is_gone_after_the_open_retention(db: Db) {
    let world = World::with(db, config()).await;
    let kept = world.create("ann@mayfly.test").await;
    let id = resolve(&world, "ann@open.test", 0).await.unwrap();
    let ids = world.deliver(&[&id, &kept], &mail("to both")).await.unwrap();
    world.clock.advance(Duration::minutes(59));
    world.check(any_open(), &ids[0]).await.unwrap();
    world.clock.advance(Duration::minutes(2));
    assert_refused(
        world.check(any_open(), &ids[0]).await,
        ErrorCode::FailedPrecondition,
        Reason::Expired,
    );
    assert!(world.list(scope(&id), 1).await.unwrap().is_empty());
    world.mailbox.sweep().await;
    assert_refused(world.get(scope(&id)).await, ErrorCode::NotFound, Reason::NotFound);
    assert_eq!(world.list(scope(&kept), 1).await.unwrap().len(), 1);
    world.source(scope(&kept), &ids[1]).await.unwrap();
}

async fn full_open_mailbox_loses_its_oldest_mail(db: Db) {
    let world = World::with(db, config()).await;
    let id = resolve(&world, "ann@open.test", 0).await.unwrap();
    let large = |subject: &str| [mail(subject), vec![b'x'; 3 << 20]].concat();
    let mut ids = Vec::new();
    for subject in ["one", "two", "three", "four"] {
        ids.extend(world.deliver(&[&id], &large(subject)).await.unwrap());
    }
    let listed: Vec<_> = world.list(scope(&id), 1).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|message| message.message_id).collect();
    assert_eq!(listed, [ids[3].clone(), ids[2].clone(), ids[1].clone()]);
    assert_refused(
        world.check(any_open(), &ids[0]).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    assert!(world.used(&id).await <= 10 << 20);
    // More than fits into an empty one.
    let huge = resolve(&world, "ann@open.test", (10 << 20) + 1).await;
    assert_refused(huge, ErrorCode::InvalidArgument, Reason::MessageTooLarge);
    let huge = world.deliver(&[&id], &vec![b'x'; (10 << 20) + 1]).await;
    assert_refused(huge, ErrorCode::FailedPrecondition, Reason::MailboxFull);
    assert_eq!(
        world.list(scope(&id), 1).await.unwrap().len(),
        3,
        "a refused mail evicts none"
    );
}

async fn recipient_beyond_the_limit_of_open_mailboxes_is_refused(db: Db) {
    let world = World::with(
        db,
        Config {
            max_open_mailboxes: 2,
            ..config()
        },
    )
    .await;
    for address in ["a@open.test", "b@open.test", "a@open.test"] {
        resolve(&world, address, 0).await.unwrap();
    }
    assert_refused(
        resolve(&world, "c@open.test", 0).await,
        ErrorCode::Unavailable,
        Reason::StorageFull,
    );
    // Mailboxes with a password go on.
    world.create("ann@mayfly.test").await;
    resolve(&world, "ann@mayfly.test", 0).await.unwrap();
}

async fn empty_open_mailbox_is_removed(db: Db) {
    let world = World::with(
        db,
        Config {
            max_open_mailboxes: 2,
            ..config()
        },
    )
    .await;
    resolve(&world, "a@open.test", 0).await.unwrap();
    let id = resolve(&world, "b@open.test", 0).await.unwrap();
    world.deliver(&[&id], &mail("kept")).await.unwrap();
    world.clock.advance(Duration::minutes(16));
    world.mailbox.sweep().await;
    resolve(&world, "c@open.test", 0).await.unwrap();
    assert_eq!(world.list(scope(&id), 1).await.unwrap().len(), 1);
}

/// A mailbox with a password from before the domain was open keeps its address, and no mail comes to it.
#[tokio::test]
async fn former_mailbox_of_open_domain_is_not_open() {
    let world = World::new(Db::Sqlite).await;
    let former = world.create("ann@other.test").await;
    world.deliver(&[&former], &mail("secret")).await.unwrap();
    let (database, clock) = world.stop().await;
    let config = Config {
        open_domains: List(vec!["other.test".parse().unwrap()]),
        ..Config::default()
    };
    let world = World::open(database, clock, config, no_auth(), &["mayfly.test"]).await;
    assert_refused(
        resolve(&world, "ann@other.test", 0).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    let open = AccountId::of_open_address(&"ann@other.test".parse().unwrap()).to_string();
    assert!(world.list(scope(&open), 1).await.unwrap().is_empty());
    assert_eq!(world.list(scope(&former), 1).await.unwrap().len(), 1);
}
