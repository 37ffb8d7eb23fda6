//! Reserving, activating, deleting, limits and owners.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    DeleteMailboxRequest, FindMailboxRequest, GetUsageRequest, ListDomainsRequest, ListMailboxesRequest,
    ResolveRecipientRequest, Scope,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;

use crate::world::{World, any_owned_by, assert_refused, mail, no_auth, owned, scope, user};

db_test!(
    reserved_mailbox_is_invisible_until_activated,
    reserve_mailbox_invalid_address_is_rejected,
    reserve_mailbox_lease_ends_after_a_minute,
    delete_mailbox_is_immediate_and_keeps_address,
    reserve_mailbox_concurrent_calls_respect_limit,
    reserve_mailbox_concurrent_same_address_has_one_winner,
    mailbox_calls_other_owner_returns_not_found,
    list_domains_ids_are_stable_over_restarts,
);

pub(crate) async fn delete(world: &World, scope: Scope) -> Result<(), Failure> {
    let request = DeleteMailboxRequest { scope: Some(scope) };
    let answer = world.client.clone().delete_mailbox(request).await;
    answer.map(drop).map_err(Failure::from)
}

async fn find(world: &World, address: &str) -> Option<String> {
    let address = address.to_owned();
    let answer = world
        .client
        .clone()
        .find_mailbox(FindMailboxRequest { address })
        .await;
    answer.unwrap().into_inner().account_id
}

pub(crate) async fn resolve(world: &World, address: &str, size_bytes: i64) -> Result<String, Failure> {
    let address = address.to_owned();
    let request = ResolveRecipientRequest {
        address,
        size_bytes,
        ..ResolveRecipientRequest::default()
    };
    let answer = world.client.clone().resolve_recipient(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().account_id)
}

async fn reserved_mailbox_is_invisible_until_activated(db: Db) {
    let world = World::new(db).await;
    let id = world.reserve("ann@mayfly.test", None).await.unwrap();
    assert_eq!(find(&world, "ann@mayfly.test").await, None);
    assert_refused(
        world.get(scope(&id)).await,
        ErrorCode::NotFound,
        Reason::MailboxGone,
    );
    assert_refused(
        resolve(&world, "ann@mayfly.test", 0).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    assert_refused(
        world.deliver(&[&id], &mail("a")).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );

    world.activate(&id).await.unwrap();
    world.activate(&id).await.unwrap();
    assert_eq!(find(&world, " ANN@mayfly.test").await, Some(id.clone()));
    assert_eq!(resolve(&world, "Ann@Mayfly.Test", 0).await.unwrap(), id);
    let info = world.get(scope(&id)).await.unwrap();
    assert_eq!(
        (
            info.address.as_str(),
            info.quota_bytes,
            info.used_bytes,
            info.owner_user_id,
            info.created_at
        ),
        ("ann@mayfly.test", 41_943_040, 0, None, 1_795_435_200)
    );
}

async fn reserve_mailbox_invalid_address_is_rejected(db: Db) {
    let world = World::new(db).await;
    for address in ["", "ann", "ann@", "a nn@mayfly.test", "ann.@mayfly.test"] {
        let refused = world.reserve(address, None).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidAddress);
    }
    let refused = world.reserve("ann@elsewhere.test", None).await;
    assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidDomain);
    assert_eq!(find(&world, "no address").await, None);
    assert_refused(
        resolve(&world, "no address", 0).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    let refused = world.reserve("ann@mayfly.test", Some("nobody")).await;
    assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidRequest);
    assert_refused(
        world.activate("x").await,
        ErrorCode::FailedPrecondition,
        Reason::ReservationExpired,
    );
}

async fn reserve_mailbox_lease_ends_after_a_minute(db: Db) {
    let world = World::new(db).await;
    let first = world.reserve("ann@mayfly.test", None).await.unwrap();
    world.clock.advance(Duration::milliseconds(59_999));
    let refused = world.reserve("ann@mayfly.test", None).await;
    assert_refused(refused, ErrorCode::AlreadyExists, Reason::AddressTaken);
    world.clock.advance(Duration::milliseconds(1));
    let lapsed = world.activate(&first).await;
    assert_refused(lapsed, ErrorCode::FailedPrecondition, Reason::ReservationExpired);
    let second = world.reserve("ann@mayfly.test", None).await.unwrap();
    assert_ne!(first, second);
    let foreign = world.activate(&first).await;
    assert_refused(foreign, ErrorCode::FailedPrecondition, Reason::ReservationExpired);
    world.activate(&second).await.unwrap();
    let refused = world.reserve("ann@mayfly.test", None).await;
    assert_refused(refused, ErrorCode::AlreadyExists, Reason::AddressTaken);
}

async fn delete_mailbox_is_immediate_and_keeps_address(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let ids = world.deliver(&[&ann], &mail("a")).await.unwrap();
    delete(&world, scope(&ann)).await.unwrap();
    let gone = || (ErrorCode::NotFound, Reason::MailboxGone);
    assert_refused(world.get(scope(&ann)).await, gone().0, gone().1);
    assert_refused(world.list(scope(&ann), 1).await, gone().0, gone().1);
    assert_refused(world.message(scope(&ann), &ids[0]).await, gone().0, gone().1);
    assert_refused(world.source(scope(&ann), &ids[0]).await, gone().0, gone().1);
    assert_refused(delete(&world, scope(&ann)).await, gone().0, gone().1);
    assert_eq!(find(&world, "ann@mayfly.test").await, None);
    assert_refused(
        resolve(&world, "ann@mayfly.test", 0).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    assert_refused(
        world.activate(&ann).await,
        ErrorCode::FailedPrecondition,
        Reason::ReservationExpired,
    );

    world
        .clock
        .advance(Duration::days(30) - Duration::milliseconds(1));
    world.mailbox.sweep().await;
    let refused = world.reserve("ann@mayfly.test", Some(&user())).await;
    assert_refused(refused, ErrorCode::AlreadyExists, Reason::AddressTaken);
    world.clock.advance(Duration::milliseconds(1));
    let again = world.create("ann@mayfly.test").await;
    assert!(world.list(scope(&again), 1).await.unwrap().is_empty());
    assert_refused(world.get(scope(&ann)).await, gone().0, gone().1);
}

async fn reserve_mailbox_concurrent_calls_respect_limit(db: Db) {
    let config = Config {
        max_accounts: 50,
        ..Config::default()
    };
    let world = std::sync::Arc::new(World::with(db, config).await);
    let owner = user();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..100 {
        let (world, owner) = (world.clone(), owner.clone());
        calls.spawn(async move {
            let id = world.reserve(&format!("a{n}@mayfly.test"), Some(&owner)).await?;
            world.activate(&id).await
        });
    }
    let outcomes = calls.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 50);
    for failure in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(
            (failure.code, failure.reason),
            (ErrorCode::PermissionDenied, Reason::AccountLimitReached)
        );
    }
    let request = GetUsageRequest {
        owner_user_id: owner.clone(),
    };
    let usage = world
        .client
        .clone()
        .get_usage(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((usage.account_count, usage.max_accounts), (50, 50));
    assert_eq!((usage.domain_count, usage.max_domains), (0, 10));
    // Others are not affected, and a deletion makes room for one.
    world.create_for("b@mayfly.test", Some(&user())).await;
    let request = ListMailboxesRequest {
        owner_user_id: owner.clone(),
        ..ListMailboxesRequest::default()
    };
    let listed = world
        .client
        .clone()
        .list_mailboxes(request)
        .await
        .unwrap()
        .into_inner()
        .mailboxes;
    assert_eq!(listed.len(), 50);
    assert!(listed.is_sorted_by_key(|mailbox| mailbox.account_id.clone()));
    assert!(listed.iter().all(|mailbox| mailbox.quota_bytes == 52_428_800));
    delete(&world, owned(&listed[0].account_id, &owner))
        .await
        .unwrap();
    world.create_for("c@mayfly.test", Some(&owner)).await;
    let refused = world.reserve("d@mayfly.test", Some(&owner)).await;
    assert_refused(refused, ErrorCode::PermissionDenied, Reason::AccountLimitReached);
}

async fn reserve_mailbox_concurrent_same_address_has_one_winner(db: Db) {
    let world = std::sync::Arc::new(World::new(db).await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let world = world.clone();
        calls.spawn(async move { world.reserve("ann@mayfly.test", None).await });
    }
    let outcomes = calls.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

async fn mailbox_calls_other_owner_returns_not_found(db: Db) {
    let world = World::new(db).await;
    let (owner, other) = (user(), user());
    let ann = world.create_for("ann@mayfly.test", Some(&owner)).await;
    let free = world.create("bob@mayfly.test").await;
    let ids = world.deliver(&[&ann, &free], &mail("a")).await.unwrap();
    assert_eq!(
        world.get(owned(&ann, &owner)).await.unwrap().owner_user_id,
        Some(owner.clone())
    );
    assert_eq!(world.list(owned(&ann, &owner), 1).await.unwrap().len(), 1);
    assert_eq!(world.list(scope(&ann), 1).await.unwrap().len(), 1);
    let stranger = user();
    for (scope, id) in [
        (owned(&ann, &other), &ids[0]),
        (owned(&free, &owner), &ids[1]),
        (owned(&stranger, &owner), &ids[0]),
        (owned("x", &owner), &ids[0]),
        (owned(&ann, "x"), &ids[0]),
    ] {
        let refused =
            |outcome: Result<(), Failure>| assert_refused(outcome, ErrorCode::NotFound, Reason::NotFound);
        refused(world.get(scope.clone()).await.map(drop));
        refused(world.list(scope.clone(), 1).await.map(drop));
        refused(world.message(scope.clone(), id).await.map(drop));
        refused(world.check(scope.clone(), id).await);
        refused(world.source(scope.clone(), id).await.map(drop));
        refused(world.attachment(scope.clone(), id, 0).await.map(drop));
        refused(crate::messages::mark_read(&world, scope.clone(), id).await);
        refused(crate::messages::delete(&world, scope.clone(), id).await);
        refused(delete(&world, scope.clone()).await);
    }
    // Without a mailbox in the scope: the message is found in any mailbox of its owner, and nothing else is.
    let found = world.message(any_owned_by(&owner), &ids[0]).await.unwrap();
    assert_eq!(found.address, "ann@mayfly.test");
    for (owner, id) in [(other.as_str(), &ids[0]), (&owner, &ids[1]), ("x", &ids[0])] {
        let outcome = world.message(any_owned_by(owner), id).await.map(drop);
        assert_refused(outcome, ErrorCode::NotFound, Reason::NotFound);
    }
    let outcome = world.get(any_owned_by(&owner)).await.map(drop);
    assert_refused(outcome, ErrorCode::NotFound, Reason::NotFound);
    // A mailbox's own scope does not reach into another mailbox either.
    let refused = world.message(scope(&free), &ids[0]).await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    assert_eq!(world.list(scope(&ann), 1).await.unwrap().len(), 1);
}

async fn list_domains_ids_are_stable_over_restarts(db: Db) {
    async fn domains(world: &World) -> Vec<(String, String, bool, i32)> {
        let answer = world
            .client
            .clone()
            .list_domains(ListDomainsRequest {})
            .await
            .unwrap();
        let domains = answer.into_inner().domains.into_iter();
        domains
            .map(|d| (d.domain, d.domain_id, d.is_default, d.sort_order))
            .collect()
    }
    let world = World::new(db).await;
    let before = domains(&world).await;
    assert_eq!(
        before.iter().map(|d| (&*d.0, d.2, d.3)).collect::<Vec<_>>(),
        [("mayfly.test", true, 0), ("other.test", false, 1)]
    );
    let ann = world.create("ann@mayfly.test").await;
    let (dir, clock) = world.stop().await;
    let world = World::open(
        dir,
        clock,
        Config::default(),
        no_auth(),
        &["third.test", "other.test"],
    )
    .await;
    let after = domains(&world).await;
    assert_eq!(
        after.iter().map(|d| (&*d.0, d.2, d.3)).collect::<Vec<_>>(),
        [("third.test", true, 0), ("other.test", false, 1)]
    );
    assert_eq!(after[1].1, before[1].1);
    // A mailbox outlives its domain, and new ones are not made there.
    assert_eq!(world.get(scope(&ann)).await.unwrap().address, "ann@mayfly.test");
    let refused = world.reserve("bob@mayfly.test", None).await;
    assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidDomain);
    let (dir, clock) = world.stop().await;
    let world = World::open(dir, clock, Config::default(), no_auth(), &["mayfly.test"]).await;
    assert_eq!(domains(&world).await, [before[0].clone()]);
}
