//! What a custom domain has no mailbox for.

use mayfly_proto::mailbox::{
    CustomDomain, DeleteDomainRequest, ListCustomDomainsRequest, SetCatchAllRequest,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};

use crate::{
    domains::{prove, resolve, with_dns},
    mailboxes,
    world::{World, assert_refused, mail, owned, scope, user},
};

db_test!(
    resolve_recipient_unknown_name_goes_to_catch_all,
    set_catch_all_foreign_mailbox_is_rejected,
    delete_mailbox_clears_catch_all,
);

pub(crate) async fn set(
    world: &World,
    user: &str,
    domain: &CustomDomain,
    account: Option<&str>,
) -> Result<CustomDomain, Failure> {
    let request = SetCatchAllRequest {
        user_id: user.to_owned(),
        domain_id: domain.domain_id.clone(),
        account_id: account.map(str::to_owned),
        ..SetCatchAllRequest::default()
    };
    let answer = world.client.clone().set_catch_all(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().domain.unwrap())
}

async fn listed(world: &World, user: &str) -> CustomDomain {
    let user_id = user.to_owned();
    let request = ListCustomDomainsRequest {
        user_id,
        ..ListCustomDomainsRequest::default()
    };
    let answer = world.client.clone().list_custom_domains(request).await;
    answer.unwrap().into_inner().domains.remove(0)
}

async fn assert_unknown(world: &World, address: &str) {
    let refused = resolve(world, address).await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
}

async fn resolve_recipient_unknown_name_goes_to_catch_all(db: Db) {
    let (world, dns) = with_dns(db).await;
    let ann = user();
    let domain = prove(&world, &dns, &ann).await;
    let all = world.create_for("all@mine.example", Some(&ann)).await;
    let bob = world.create_for("bob@mine.example", Some(&ann)).await;
    let gone = world.create_for("gone@mine.example", Some(&ann)).await;
    mailboxes::delete(&world, scope(&gone)).await.unwrap();
    world.reserve("soon@mine.example", Some(&ann)).await.unwrap();
    assert_unknown(&world, "any@mine.example").await;

    let changed = set(&world, &ann, &domain, Some(&all)).await.unwrap();
    assert_eq!(changed.catch_all_account_id.as_ref(), Some(&all));
    assert_eq!(listed(&world, &ann).await, changed);
    for (address, mailbox) in [
        ("any@mine.example", &all),
        ("any+shop@mine.example", &all),
        ("all+shop@mine.example", &all),
        ("bob@mine.example", &bob),
        ("bob+shop@mine.example", &bob),
    ] {
        assert_eq!(resolve(&world, address).await.unwrap(), *mailbox, "{address}");
    }
    // Mail for a deleted or reserved address goes to no other mailbox.
    for address in [
        "gone@mine.example",
        "gone+shop@mine.example",
        "soon@mine.example",
        "soon+shop@mine.example",
        "any@mayfly.test",
        "any@other.example",
    ] {
        assert_unknown(&world, address).await;
    }
    // Two names, one mailbox, one copy.
    let (one, other) = (
        resolve(&world, "x@mine.example").await.unwrap(),
        resolve(&world, "y@mine.example").await.unwrap(),
    );
    world.deliver(&[&one, &other], &mail("a")).await.unwrap();
    assert_eq!(world.list(scope(&all), 1).await.unwrap().len(), 1);

    let changed = set(&world, &ann, &domain, None).await.unwrap();
    assert_eq!(changed.catch_all_account_id, None);
    assert_unknown(&world, "any@mine.example").await;
}

async fn set_catch_all_foreign_mailbox_is_rejected(db: Db) {
    let (world, dns) = with_dns(db).await;
    let (ann, bob) = (user(), user());
    // Bob had the name before.
    let former = prove(&world, &dns, &bob).await;
    let bobs = world.create_for("bob@mine.example", Some(&bob)).await;
    let request = DeleteDomainRequest {
        user_id: bob.clone(),
        domain_id: former.domain_id,
        ..DeleteDomainRequest::default()
    };
    world.client.clone().delete_domain(request).await.unwrap();
    let domain = prove(&world, &dns, &ann).await;
    let all = world.create_for("all@mine.example", Some(&ann)).await;
    let gone = world.create_for("gone@mine.example", Some(&ann)).await;
    mailboxes::delete(&world, owned(&gone, &ann)).await.unwrap();
    for wrong in [
        &world.create_for("elsewhere@mayfly.test", Some(&ann)).await,
        &world.create_for("bob@mayfly.test", Some(&bob)).await,
        &world.create("anon@mayfly.test").await,
        &world.reserve("soon@mine.example", Some(&ann)).await.unwrap(),
        &gone,
        &bobs,
        &user(),
        "all@mine.example",
        "",
    ] {
        assert_refused(
            set(&world, &ann, &domain, Some(wrong)).await,
            ErrorCode::InvalidArgument,
            Reason::InvalidRequest,
        );
    }
    set(&world, &ann, &domain, Some(&all)).await.unwrap();
    // Bob's former mailbox blocks no name of the new owner.
    for address in ["bob@mine.example", "bob+shop@mine.example"] {
        assert_eq!(resolve(&world, address).await.unwrap(), all, "{address}");
    }
    let of_others = set(&world, &bob, &domain, Some(&all)).await;
    assert_refused(of_others, ErrorCode::NotFound, Reason::NotFound);
    assert_eq!(listed(&world, &ann).await.catch_all_account_id, Some(all));
}

async fn delete_mailbox_clears_catch_all(db: Db) {
    let (world, dns) = with_dns(db).await;
    let ann = user();
    let domain = prove(&world, &dns, &ann).await;
    let first = world.create_for("first@mine.example", Some(&ann)).await;
    set(&world, &ann, &domain, Some(&first)).await.unwrap();
    assert_eq!(resolve(&world, "any@mine.example").await.unwrap(), first);
    mailboxes::delete(&world, scope(&first)).await.unwrap();
    assert_eq!(listed(&world, &ann).await.catch_all_account_id, None);
    assert_unknown(&world, "any@mine.example").await;

    let idle = world.create_for("idle@mine.example", Some(&ann)).await;
    set(&world, &ann, &domain, Some(&idle)).await.unwrap();
    world.clock.advance(time::Duration::days(91));
    world.mailbox.sweep().await;
    assert_eq!(listed(&world, &ann).await.catch_all_account_id, None);
    assert_unknown(&world, "any@mine.example").await;
}
