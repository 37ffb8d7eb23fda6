//! What operators do with system domains and webhooks.

use mayfly_proto::mailbox::{
    GetStatisticsRequest, GetStatisticsResponse, ListDomainsRequest, ListMailboxAuditRequest,
    ListOperatedWebhooksRequest, OperatedWebhook, SetDomainRequest, SetSuspendedRequest,
    SetWebhookPausedRequest, WebhookStatus, mailbox_admin_client::MailboxAdminClient,
    set_suspended_request::Target,
};
use mayfly_rpc::{Failure, Transport, local};
use mayfly_testkit::{Db, db_test, eventually};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;

use crate::{
    mailboxes::resolve,
    webhooks::{Receiver, create, list, rotate, with_webhook},
    world::{World, assert_refused, mail, user},
};

db_test!(
    set_domain_pro_only_rejects_mailboxes_without_owner,
    retired_domain_keeps_receiving_mail,
    paused_webhook_keeps_events_until_resumed,
    suspended_mailbox_keeps_related_addresses,
    suspended_user_creates_nothing,
    suspended_user_keeps_events_until_resumed,
    resume_mailbox_of_suspended_user_is_refused,
);

fn admin(world: &World) -> MailboxAdminClient<Transport> {
    MailboxAdminClient::new(local(world.mailbox.admin_server()))
}

async fn set_domain(
    world: &World,
    domain: &str,
    accepting: Option<bool>,
    pro_only: Option<bool>,
) -> Result<(), Failure> {
    let request = SetDomainRequest {
        domain: domain.to_owned(),
        accepting,
        pro_only,
        operator: "ann".to_owned(),
    };
    let answer = admin(world).set_domain(request).await;
    answer.map(drop).map_err(Failure::from)
}

/// The listed domains: name, default, and for Pro users only.
async fn domains(world: &World) -> Vec<(String, bool, bool)> {
    let listed = world.client.clone().list_domains(ListDomainsRequest {}).await;
    let domains = listed.unwrap().into_inner().domains.into_iter();
    domains
        .map(|domain| (domain.domain, domain.is_default, domain.pro_only))
        .collect()
}

async fn audit(world: &World) -> Vec<(String, String)> {
    let listed = admin(world)
        .list_mailbox_audit(ListMailboxAuditRequest { limit: 100 })
        .await;
    let entries = listed.unwrap().into_inner().entries.into_iter().rev();
    entries.map(|entry| (entry.action, entry.detail)).collect()
}

async fn statistics(world: &World) -> GetStatisticsResponse {
    let counted = admin(world).get_statistics(GetStatisticsRequest {}).await;
    counted.unwrap().into_inner()
}

fn names(domains: &[(String, bool, bool)]) -> Vec<(&str, bool, bool)> {
    domains
        .iter()
        .map(|(name, is_default, pro_only)| (name.as_str(), *is_default, *pro_only))
        .collect()
}

async fn set_domain_pro_only_rejects_mailboxes_without_owner(db: Db) {
    let world = World::new(db).await;
    set_domain(&world, "Mayfly.test", None, Some(true)).await.unwrap();
    let listed = domains(&world).await;
    assert_eq!(
        names(&listed),
        [("mayfly.test", false, true), ("other.test", true, false)]
    );
    let refused = world.reserve("ann@mayfly.test", None).await;
    assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidDomain);
    world.create_for("ann@mayfly.test", Some(&user())).await;
    world.create("bob@other.test").await;
    set_domain(&world, "mayfly.test", None, Some(false))
        .await
        .unwrap();
    world.create("carol@mayfly.test").await;
    for (refused, reason) in [
        (
            set_domain(&world, "mayfly.test", None, None).await,
            Reason::InvalidRequest,
        ),
        (
            set_domain(&world, "no.test", Some(true), None).await,
            Reason::NotFound,
        ),
    ] {
        assert_eq!(refused.unwrap_err().reason, reason);
    }
    let recorded = ["Pro users only", "everybody"].map(|detail| ("set_domain".to_owned(), detail.to_owned()));
    assert_eq!(audit(&world).await, recorded);
}

/// The list still has exactly one default.
async fn retired_domain_keeps_receiving_mail(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    set_domain(&world, "mayfly.test", Some(false), None)
        .await
        .unwrap();
    let listed = domains(&world).await;
    assert_eq!(names(&listed), [("other.test", true, false)]);
    let refused = world.reserve("bob@mayfly.test", None).await;
    assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidDomain);
    world.deliver(&[&ann], &mail("news")).await.unwrap();
    let counted = statistics(&world).await;
    assert_eq!((counted.system_domains, counted.accepting_domains), (2, 1));
    set_domain(&world, "mayfly.test", Some(true), None).await.unwrap();
    world.create("bob@mayfly.test").await;
}

async fn operated(world: &World, owner: &str) -> OperatedWebhook {
    let request = ListOperatedWebhooksRequest {
        owner_user_id: owner.to_owned(),
    };
    let listed = admin(world).list_operated_webhooks(request).await;
    listed.unwrap().into_inner().webhooks.remove(0)
}

async fn set_paused(world: &World, id: &str, paused: bool) -> Result<(), Failure> {
    let request = SetWebhookPausedRequest {
        webhook_id: id.to_owned(),
        paused,
        reason: if paused { "floods a receiver" } else { "" }.to_owned(),
        operator: "ann".to_owned(),
    };
    let answer = admin(world).set_webhook_paused(request).await;
    answer.map(drop).map_err(Failure::from)
}

async fn paused_webhook_keeps_events_until_resumed(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let id = webhook.webhook.unwrap().webhook_id;
    set_paused(&world, &id, true).await.unwrap();
    for subject in ["one", "two"] {
        world.deliver(&[&account], &mail(subject)).await.unwrap();
    }
    assert_eq!(list(&world, &owner).await[0].status(), WebhookStatus::Paused);
    // Its owner cannot resume it.
    rotate(&world, &owner, &id).await.unwrap();
    let shown = operated(&world, &owner).await;
    assert_eq!((shown.pending_events, shown.paused_at.is_some()), (2, true));
    assert_eq!(shown.webhook.unwrap().status(), WebhookStatus::Paused);
    let counted = statistics(&world).await;
    let counts = (
        counted.webhooks,
        counted.paused_webhooks,
        counted.pending_webhook_events,
    );
    assert_eq!(counts, (1, 1, 2));
    // A webhook of another user is delivered meanwhile, so the dispatcher has had its turn.
    let (other, free) = (user(), Receiver::start().await);
    let bob = world.create_for("bob@mayfly.test", Some(&other)).await;
    create(&world, &other, &free.url()).await.unwrap();
    world.deliver(&[&bob], &mail("three")).await.unwrap();
    free.until_received(1).await;
    assert_eq!(receiver.received().len(), 0);
    set_paused(&world, &id, false).await.unwrap();
    receiver.until_received(2).await;
    eventually("nothing is pending", async || {
        operated(&world, &owner).await.pending_events == 0
    })
    .await;
    assert_eq!(list(&world, &owner).await[0].status(), WebhookStatus::Active);
    let unknown = set_paused(&world, &user(), true).await;
    assert_refused(unknown, ErrorCode::NotFound, Reason::NotFound);
    let recorded = [("pause_webhook", "floods a receiver"), ("resume_webhook", "")];
    let recorded = recorded.map(|(action, detail)| (action.to_owned(), detail.to_owned()));
    assert_eq!(audit(&world).await, recorded);
}

async fn try_set_suspended(world: &World, target: Target, suspended: bool) -> Result<(), Failure> {
    let request = SetSuspendedRequest {
        target: Some(target),
        suspended,
        reason: "a report".to_owned(),
        operator: "ann".to_owned(),
    };
    let answer = admin(world).set_suspended(request).await;
    answer.map(drop).map_err(Failure::from)
}

async fn set_suspended(world: &World, target: Target, suspended: bool) {
    try_set_suspended(world, target, suspended).await.unwrap();
}

/// An address whose mail a suspended mailbox receives once it is resumed stays taken.
async fn suspended_mailbox_keeps_related_addresses(db: Db) {
    let world = World::new(db).await;
    let (ann, tag) = (
        world.create("ann@mayfly.test").await,
        world.create("bob+shop@mayfly.test").await,
    );
    let owner = user();
    world.create_for("carol@mayfly.test", Some(&owner)).await;
    for id in [ann, tag] {
        set_suspended(&world, Target::AccountId(id), true).await;
    }
    set_suspended(&world, Target::OwnerUserId(owner), true).await;
    for address in [
        "ann+bank@mayfly.test",
        "bob@mayfly.test",
        "carol+bank@mayfly.test",
    ] {
        let taken = world.reserve(address, None).await;
        assert_refused(taken, ErrorCode::AlreadyExists, Reason::AddressTaken);
    }
}

/// A creation that began before the suspension ends with it, and none begins until the user is resumed.
async fn suspended_user_creates_nothing(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let begun = world.reserve("ann@mayfly.test", Some(&owner)).await.unwrap();
    set_suspended(&world, Target::OwnerUserId(owner.clone()), true).await;
    assert!(world.activate(&begun).await.is_err());
    let refused = world.reserve("bob@mayfly.test", Some(&owner)).await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    set_suspended(&world, Target::OwnerUserId(owner.clone()), false).await;
    world.create_for("bob@mayfly.test", Some(&owner)).await;
}

/// Retries pause with their user, and go on afterwards: none is lost, none is made meanwhile.
async fn suspended_user_keeps_events_until_resumed(db: Db) {
    let (world, receiver, owner, account, _) = with_webhook(db).await;
    receiver.answers("503 Later");
    world.deliver(&[&account], &mail("one")).await.unwrap();
    receiver.until_received(1).await;
    eventually("noted", async || list(&world, &owner).await[0].failure_count == 1).await;
    set_suspended(&world, Target::OwnerUserId(owner.clone()), true).await;
    receiver.answers("200 OK");
    world.clock.advance(Duration::seconds(7));
    // A webhook of another user is delivered meanwhile, so the dispatcher has had its turn.
    let (other, free) = (user(), Receiver::start().await);
    let bob = world.create_for("bob@mayfly.test", Some(&other)).await;
    create(&world, &other, &free.url()).await.unwrap();
    world.deliver(&[&bob], &mail("two")).await.unwrap();
    free.until_received(1).await;
    assert_eq!(receiver.received().len(), 1);
    let shown = operated(&world, &owner).await;
    assert_eq!(shown.pending_events, 1);
    assert_eq!(shown.webhook.unwrap().status(), WebhookStatus::Paused);
    set_suspended(&world, Target::OwnerUserId(owner.clone()), false).await;
    receiver.until_received(2).await;
    eventually("nothing is pending", async || {
        operated(&world, &owner).await.pending_events == 0
    })
    .await;
}

/// Resuming one mailbox does not undo the suspension of its user.
async fn resume_mailbox_of_suspended_user_is_refused(db: Db) {
    let world = World::new(db).await;
    let owner = user();
    let [ann, bob] = ["ann@mayfly.test", "bob@mayfly.test"];
    let ids = [
        world.create_for(ann, Some(&owner)).await,
        world.create_for(bob, Some(&owner)).await,
    ];
    set_suspended(&world, Target::AccountId(ids[0].clone()), true).await;
    set_suspended(&world, Target::OwnerUserId(owner.clone()), true).await;
    for id in &ids {
        let refused = try_set_suspended(&world, Target::AccountId(id.clone()), false).await;
        assert_refused(refused, ErrorCode::FailedPrecondition, Reason::AccountSuspended);
    }
    set_suspended(&world, Target::OwnerUserId(owner), false).await;
    assert_refused(
        resolve(&world, ann, 0).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    resolve(&world, bob, 0).await.unwrap();
    set_suspended(&world, Target::AccountId(ids[0].clone()), false).await;
    resolve(&world, ann, 0).await.unwrap();
}
