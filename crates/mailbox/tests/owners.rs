//! Deleting everything of a Pro user.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    AddDomainRequest, CreateWebhookRequest, DeleteOwnerRequest, ListCustomDomainsRequest, ListWebhooksRequest,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason, UserId};

use crate::{
    mailboxes::resolve,
    world::{World, assert_refused, mail, owned, scope},
};

db_test!(
    delete_owner_removes_all_and_keeps_others,
    delete_owner_concurrent_with_creation_leaves_nothing,
);

fn new_user(world: &World) -> String {
    UserId::new(mayfly_types::Clock::now(&world.clock)).to_string()
}

async fn delete(world: &World, owner: &str) -> Result<(), Failure> {
    let owner_user_id = owner.to_owned();
    let request = DeleteOwnerRequest { owner_user_id };
    world.client.clone().delete_owner(request).await?;
    Ok(())
}

async fn add_domain(world: &World, owner: &str) -> Result<(), Failure> {
    let request = AddDomainRequest {
        user_id: owner.to_owned(),
        domain: "mine.example".to_owned(),
        idempotency_key: None,
        ..AddDomainRequest::default()
    };
    world.client.clone().add_domain(request).await?;
    Ok(())
}

async fn create_webhook(world: &World, owner: &str) -> Result<(), Failure> {
    let request = CreateWebhookRequest {
        owner_user_id: owner.to_owned(),
        url: "https://127.0.0.1:8443/hook".to_owned(),
        ..CreateWebhookRequest::default()
    };
    world.client.clone().create_webhook(request).await?;
    Ok(())
}

/// Returns how many domains and webhooks a user has.
async fn objects(world: &World, owner: &str) -> (usize, usize) {
    let request = ListCustomDomainsRequest {
        user_id: owner.to_owned(),
        ..ListCustomDomainsRequest::default()
    };
    let domains = world.client.clone().list_custom_domains(request).await.unwrap();
    let request = ListWebhooksRequest {
        owner_user_id: owner.to_owned(),
        ..ListWebhooksRequest::default()
    };
    let webhooks = world.client.clone().list_webhooks(request).await.unwrap();
    (
        domains.into_inner().domains.len(),
        webhooks.into_inner().webhooks.len(),
    )
}

async fn delete_owner_removes_all_and_keeps_others(db: Db) {
    let world = World::new(db).await;
    let (user, other) = (new_user(&world), new_user(&world));
    let mut ids = Vec::new();
    for (owner, name) in [(&user, "ann"), (&other, "bob")] {
        let id = world
            .create_for(&format!("{name}@mayfly.test"), Some(owner))
            .await;
        world.deliver(&[&id], &mail("kept")).await.unwrap();
        add_domain(&world, owner).await.unwrap();
        create_webhook(&world, owner).await.unwrap();
        ids.push(id);
    }
    let reserved = world.reserve("late@mayfly.test", Some(&user)).await.unwrap();
    delete(&world, &user).await.unwrap();
    assert_refused(
        world.get(scope(&ids[0])).await,
        ErrorCode::NotFound,
        Reason::MailboxGone,
    );
    assert_refused(
        world.list(owned(&ids[0], &user), 1).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    assert!(resolve(&world, "ann@mayfly.test", 0).await.is_err());
    assert!(world.deliver(&[&ids[0]], &mail("late")).await.is_err());
    assert!(world.activate(&reserved).await.is_err());
    assert_eq!(objects(&world, &user).await, (0, 0));
    // The address stays a tombstone, and the user can create nothing any more.
    let taken = world.reserve("ann@mayfly.test", Some(&other)).await;
    assert_refused(taken, ErrorCode::AlreadyExists, Reason::AddressTaken);
    let again = world.reserve("new@mayfly.test", Some(&user)).await;
    assert_refused(again, ErrorCode::NotFound, Reason::NotFound);
    assert_refused(
        add_domain(&world, &user).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    assert_refused(
        create_webhook(&world, &user).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    assert_eq!(world.list(owned(&ids[1], &other), 1).await.unwrap().len(), 1);
    assert_eq!(objects(&world, &other).await, (1, 1));
    delete(&world, &user).await.unwrap();
}

/// Mailboxes are created while their owner is deleted: none is left that anybody could use.
async fn delete_owner_concurrent_with_creation_leaves_nothing(db: Db) {
    let world = World::with(db, Config::default()).await;
    let user = new_user(&world);
    let create = async |n: usize| {
        let id = world.reserve(&format!("m{n}@mayfly.test"), Some(&user)).await?;
        world.activate(&id).await.map(|()| id)
    };
    let creations = futures_util::future::join_all((0..20).map(create));
    let deletion = async {
        tokio::task::yield_now().await;
        delete(&world, &user).await
    };
    let (created, deleted) = tokio::join!(creations, deletion);
    deleted.unwrap();
    for id in created.into_iter().flatten() {
        assert!(world.get(owned(&id, &user)).await.is_err());
    }
    assert!(create(20).await.is_err());
}
