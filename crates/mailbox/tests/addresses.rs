//! An address that delivers to one owner is never given to another, and role names belong to the operator.

use std::sync::Arc;

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{DeleteDomainRequest, ReleaseMailboxRequest};
use mayfly_rpc::Failure;
use mayfly_runtime::config::List;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    catch_all,
    domains::{prove, resolve, with_dns},
    mailboxes,
    world::{World, assert_refused, mail, no_auth, scope, user},
};

db_test!(
    reserve_mailbox_tag_of_other_owner_is_taken,
    reserve_mailbox_of_tagged_address_in_use_is_taken,
    reserve_mailbox_tag_and_address_race_has_one_owner,
    reserve_mailbox_role_name_is_rejected,
    resolve_recipient_role_goes_to_operator,
    build_with_reserved_names_in_use_starts,
    verified_domain_frees_addresses_of_former_owner,
    release_mailbox_frees_address_at_once,
);

fn assert_taken<T: std::fmt::Debug>(answer: Result<T, Failure>) {
    assert_refused(answer, ErrorCode::AlreadyExists, Reason::AddressTaken);
}

async fn reserve_mailbox_tag_of_other_owner_is_taken(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (user(), user());
    let victim = world.create("victim@mayfly.test").await;
    let anns = world.create_for("ann@mayfly.test", Some(&ann)).await;
    for (address, owner) in [
        ("victim+github@mayfly.test", None),
        ("victim+a+b@mayfly.test", Some(&bob)),
        ("ann+github@mayfly.test", None),
        ("ann+github@mayfly.test", Some(&bob)),
    ] {
        assert_taken(world.reserve(address, owner.map(String::as_str)).await);
    }
    let own = world.create_for("ann+own@mayfly.test", Some(&ann)).await;
    for (address, mailbox) in [
        ("victim+github@mayfly.test", &victim),
        ("ann+github@mayfly.test", &anns),
        ("ann+own@mayfly.test", &own),
    ] {
        assert_eq!(resolve(&world, address).await.unwrap(), *mailbox, "{address}");
    }
    // A tombstone keeps the tags too, for its owner.
    for id in [&victim, &anns] {
        mailboxes::delete(&world, scope(id)).await.unwrap();
    }
    world.clock.advance(Duration::days(30) - Duration::seconds(1));
    world.mailbox.sweep().await;
    for address in ["victim+github@mayfly.test", "ann+github@mayfly.test"] {
        assert_taken(world.reserve(address, Some(&bob)).await);
    }
    world.reserve("ann+github@mayfly.test", Some(&ann)).await.unwrap();
    world.clock.advance(Duration::seconds(1));
    world.reserve("victim+github@mayfly.test", None).await.unwrap();
}

async fn reserve_mailbox_of_tagged_address_in_use_is_taken(db: Db) {
    let world = World::new(db).await;
    let ann = user();
    let tagged = world.create("shop+one@mayfly.test").await;
    world.create("shop+two@mayfly.test").await;
    world.create_for("ann+one@mayfly.test", Some(&ann)).await;
    world.create_for("ann@mayfly.test", Some(&ann)).await;
    assert_taken(world.reserve("shop@mayfly.test", None).await);
    assert_taken(world.reserve("shop@mayfly.test", Some(&ann)).await);
    mailboxes::delete(&world, scope(&tagged)).await.unwrap();
    assert_taken(world.reserve("shop@mayfly.test", None).await);
    world.reserve("shop@other.test", None).await.unwrap();
}

async fn reserve_mailbox_tag_and_address_race_has_one_owner(db: Db) {
    let world = Arc::new(World::new(db).await);
    for round in 0..20 {
        let addresses = [
            format!("race{round}@mayfly.test"),
            format!("race{round}+tag@mayfly.test"),
        ];
        let barrier = Arc::new(Barrier::new(8));
        let mut calls = JoinSet::new();
        for n in 0..8 {
            let (world, barrier, address) = (world.clone(), barrier.clone(), addresses[n % 2].clone());
            calls.spawn(async move {
                barrier.wait().await;
                world.reserve(&address, None).await.is_ok()
            });
        }
        let won = calls.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "round {round}");
    }
}

async fn reserve_mailbox_role_name_is_rejected(db: Db) {
    let world = World::new(db).await;
    let names = [
        "postmaster",
        "abuse",
        "hostmaster",
        "webmaster",
        "admin",
        "administrator",
        "root",
        "security",
        "no-reply",
        "mailer-daemon",
        "autoconfig",
        "ssladmin",
        "Admin",
        "admin+tag",
    ];
    for name in names {
        for owner in [None, Some(user())] {
            let refused = world
                .reserve(&format!("{name}@mayfly.test"), owner.as_deref())
                .await;
            assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidAddress);
        }
    }
    world.reserve("administrators@mayfly.test", None).await.unwrap();
    let (world, dns) = with_dns(db).await;
    let ann = user();
    prove(&world, &dns, &ann).await;
    world.create_for("postmaster@mine.example", Some(&ann)).await;
}

async fn resolve_recipient_role_goes_to_operator(db: Db) {
    let config = Config {
        operator_address: Some("ops@mayfly.test".to_owned()),
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let absent = resolve(&world, "postmaster@mayfly.test").await;
    assert_refused(absent, ErrorCode::NotFound, Reason::NotFound);
    let ops = world.create("ops@mayfly.test").await;
    for address in [
        "postmaster@mayfly.test",
        "Abuse@other.test",
        "abuse+report@mayfly.test",
        "postmaster@mx.mayfly.test",
    ] {
        assert_eq!(resolve(&world, address).await.unwrap(), ops, "{address}");
    }
    for address in [
        "hostmaster@mayfly.test",
        "ann@mx.mayfly.test",
        "postmaster@elsewhere.test",
    ] {
        let unknown = resolve(&world, address).await;
        assert_refused(unknown, ErrorCode::NotFound, Reason::NotFound);
    }
}

async fn build_with_reserved_names_in_use_starts(db: Db) {
    let unreserved = Config {
        reserved_local_parts: List(Vec::new()),
        ..Config::default()
    };
    let world = World::with(db, unreserved).await;
    let admin = world.create("admin@mayfly.test").await;
    let (database, clock) = world.stop().await;
    let world = World::open(database, clock, Config::default(), no_auth(), &["mayfly.test"]).await;
    assert_eq!(resolve(&world, "admin@mayfly.test").await.unwrap(), admin);
}

async fn verified_domain_frees_addresses_of_former_owner(db: Db) {
    let (world, dns) = with_dns(db).await;
    let (ann, bob) = (user(), user());
    let domain = prove(&world, &dns, &ann).await;
    let kept = world.create_for("hello@mine.example", Some(&ann)).await;
    world.create_for("sales@mine.example", Some(&ann)).await;
    world.create_for("sales+tag@mine.example", Some(&ann)).await;
    let ended = world.create_for("old@mine.example", Some(&ann)).await;
    world.deliver(&[&kept], &mail("kept")).await.unwrap();
    mailboxes::delete(&world, scope(&ended)).await.unwrap();
    let request = DeleteDomainRequest {
        user_id: ann.clone(),
        domain_id: domain.domain_id,
        ..DeleteDomainRequest::default()
    };
    world.client.clone().delete_domain(request).await.unwrap();

    let domain = prove(&world, &dns, &bob).await;
    let all = world.create_for("all@mine.example", Some(&bob)).await;
    catch_all::set(&world, &bob, &domain, Some(&all)).await.unwrap();
    for address in [
        "hello@mine.example",
        "hello+tag@mine.example",
        "sales+tag@mine.example",
        "old@mine.example",
    ] {
        assert_eq!(resolve(&world, address).await.unwrap(), all, "{address}");
    }
    for name in ["hello", "sales+tag", "old"] {
        let address = format!("{name}@mine.example");
        let own = world.create_for(&address, Some(&bob)).await;
        assert_eq!(resolve(&world, &address).await.unwrap(), own);
    }
    // The former owner keeps the mail, under a name that receives nothing.
    assert_eq!(world.list(scope(&kept), 1).await.unwrap().len(), 1);
    let address = world.get(scope(&kept)).await.unwrap().address;
    assert!(
        address.starts_with("hello@mine.example.") && address.ends_with(".invalid"),
        "{address}"
    );
}

async fn release_mailbox_frees_address_at_once(db: Db) {
    let world = World::new(db).await;
    let release = async |account_id: &str| {
        let account_id = account_id.to_owned();
        let request = ReleaseMailboxRequest { account_id };
        world.client.clone().release_mailbox(request).await.map(drop)
    };
    let first = world.reserve("ann@mayfly.test", None).await.unwrap();
    release(&first).await.unwrap();
    release(&first).await.unwrap();
    let second = world.create("ann@mayfly.test").await;
    release(&second).await.unwrap();
    assert_eq!(resolve(&world, "ann@mayfly.test").await.unwrap(), second);
}
