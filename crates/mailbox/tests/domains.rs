//! Custom domains, with a DNS server of the test's own.

use std::{net::SocketAddr, sync::Arc};

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    AddDomainRequest, CustomDomain, DeleteDomainRequest, ListCustomDomainsRequest, ResolveRecipientRequest,
    VerifyDomainRequest, VerifyDomainResponse,
};
use mayfly_rpc::Failure;
use mayfly_runtime::config::List;
use mayfly_testkit::{Db, DnsServer, Zone, db_test};
use mayfly_types::{ErrorCode, Reason};
use tokio::task::JoinSet;

use crate::{
    fleet,
    world::{World, assert_refused, user},
};

pub(crate) const NAME: &str = "mine.example";

/// A service that asks a DNS server of the test's own.
pub(crate) async fn with_dns(db: Db) -> (World, DnsServer) {
    let dns = DnsServer::start();
    (World::with(db, asking(dns.address())).await, dns)
}

pub(crate) fn asking(dns_server: SocketAddr) -> Config {
    Config {
        dns_servers: List(vec![dns_server]),
        ..Config::default()
    }
}

/// What the DNS of `NAME` should say.
pub(crate) fn proof(domain: &CustomDomain) -> Zone {
    Zone::default()
        .txt(NAME, &domain.verify_token)
        .mx(NAME, 10, "mx.mayfly.test")
}

/// Adds `NAME` and proves it.
pub(crate) async fn prove(world: &World, dns: &DnsServer, user: &str) -> CustomDomain {
    let domain = add(world, user, NAME).await.unwrap();
    dns.publish(proof(&domain));
    let answer = verify(world, user, &domain.domain_id).await.unwrap();
    assert!(answer.txt_record, "{answer:?}");
    answer.domain.unwrap()
}

pub(crate) async fn add(world: &World, user: &str, name: &str) -> Result<CustomDomain, Failure> {
    add_once(world, user, name, None).await
}

pub(crate) async fn add_once(
    world: &World,
    user: &str,
    name: &str,
    key: Option<&str>,
) -> Result<CustomDomain, Failure> {
    let request = AddDomainRequest {
        user_id: user.to_owned(),
        domain: name.to_owned(),
        idempotency_key: key.map(str::to_owned),
        ..AddDomainRequest::default()
    };
    let answer = world.client.clone().add_domain(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().domain.unwrap())
}

pub(crate) async fn verify(world: &World, user: &str, id: &str) -> Result<VerifyDomainResponse, Failure> {
    let request = VerifyDomainRequest {
        user_id: user.to_owned(),
        domain_id: id.to_owned(),
        ..VerifyDomainRequest::default()
    };
    let answer = world.client.clone().verify_domain(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner())
}

pub(crate) async fn listed(world: &World, user: &str) -> Vec<CustomDomain> {
    let user_id = user.to_owned();
    let request = ListCustomDomainsRequest {
        user_id,
        ..ListCustomDomainsRequest::default()
    };
    let answer = world.client.clone().list_custom_domains(request).await;
    answer.unwrap().into_inner().domains
}

pub(crate) async fn resolve(world: &World, address: &str) -> Result<String, Failure> {
    let request = ResolveRecipientRequest {
        address: address.to_owned(),
        size_bytes: 0,
        ..ResolveRecipientRequest::default()
    };
    let answer = world.client.clone().resolve_recipient(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().account_id)
}

db_test!(verified_domain_receives_mail_until_deleted);
async fn verified_domain_receives_mail_until_deleted(db: Db) {
    let (world, dns) = with_dns(db).await;
    let (ann, bob) = (user(), user());
    let domain = add(&world, &ann, "Mine.Example.").await.unwrap();
    let bobs = add(&world, &bob, "mine.example").await.unwrap();
    assert_ne!(domain.verify_token, bobs.verify_token);
    assert_eq!(add(&world, &ann, "mine.example").await.unwrap(), domain);
    let reserve = async |name: &str, owner| world.reserve(name, owner).await;
    assert_refused(
        reserve("a@mine.example", Some(&ann)).await,
        ErrorCode::InvalidArgument,
        Reason::InvalidAddress,
    );
    assert_refused(
        reserve("a@mine.example", None).await,
        ErrorCode::InvalidArgument,
        Reason::InvalidDomain,
    );

    dns.publish(proof(&bobs));
    let answer = verify(&world, &ann, &domain.domain_id).await.unwrap();
    assert!(!answer.txt_record && answer.domain.unwrap().verified_at.is_none());

    // A domain that is known to receive nothing receives from its verification on.
    let refused = resolve(&world, "a@mine.example").await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    dns.publish(proof(&domain));
    let answer = verify(&world, &ann, &domain.domain_id).await.unwrap();
    assert!(answer.txt_record && answer.mx_record, "{answer:?}");
    let verified = answer.domain.unwrap();
    assert!(verified.verified_at.is_some() && verified.mx_configured);
    // The second user to prove it is too late, as long as the proof of the first stands.
    dns.publish(proof(&domain).txt(NAME, &bobs.verify_token));
    let (exists, taken) = (ErrorCode::AlreadyExists, Reason::DomainAlreadyExists);
    assert_refused(verify(&world, &bob, &bobs.domain_id).await, exists, taken);
    assert_refused(add(&world, &user(), "mine.example").await, exists, taken);

    let mailbox = world.create_for("a@mine.example", Some(&ann)).await;
    assert_eq!(resolve(&world, "a@mine.example").await.unwrap(), mailbox);
    assert_eq!(resolve(&world, "a+shop@mine.example").await.unwrap(), mailbox);
    let own = world.create_for("a+own@mine.example", Some(&ann)).await;
    assert_eq!(resolve(&world, "a+own@mine.example").await.unwrap(), own);

    let request = DeleteDomainRequest {
        user_id: ann.clone(),
        domain_id: domain.domain_id,
        ..DeleteDomainRequest::default()
    };
    world.client.clone().delete_domain(request).await.unwrap();
    let refused = resolve(&world, "a@mine.example").await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    assert!(world.get(crate::world::scope(&mailbox)).await.is_ok());
}

db_test!(verify_domain_of_new_owner_takes_it_over);
async fn verify_domain_of_new_owner_takes_it_over(db: Db) {
    let (world, dns) = with_dns(db).await;
    let (ann, bob) = (user(), user());
    let anns = prove(&world, &dns, &ann).await;
    let mailbox = world.create_for("a@mine.example", Some(&ann)).await;
    let taken = add(&world, &bob, NAME).await;
    assert_refused(taken, ErrorCode::AlreadyExists, Reason::DomainAlreadyExists);
    // Bob buys the domain and removes the record of ann.
    dns.publish(Zone::default().mx(NAME, 10, "mx.mayfly.test"));
    let bobs = add(&world, &bob, NAME).await.unwrap();
    assert_eq!(
        resolve(&world, "a@mine.example").await.unwrap(),
        mailbox,
        "not proven yet"
    );
    assert!(!verify(&world, &bob, &bobs.domain_id).await.unwrap().txt_record);
    dns.publish(proof(&bobs));
    let answer = verify(&world, &bob, &bobs.domain_id).await.unwrap();
    assert!(answer.domain.unwrap().verified_at.is_some());
    // Ann's mailbox keeps its mail, receives no more, and blocks no address of bob.
    let refused = resolve(&world, "a@mine.example").await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    assert!(world.get(crate::world::owned(&mailbox, &ann)).await.is_ok());
    assert!(world.get(crate::world::owned(&mailbox, &bob)).await.is_err());
    let new = world.create_for("a@mine.example", Some(&bob)).await;
    assert_eq!(resolve(&world, "a@mine.example").await.unwrap(), new);
    // Her old record proves nothing.
    let lost = listed(&world, &ann).await.remove(0);
    assert!(lost.verified_at.is_none() && lost.verify_token != anns.verify_token);
    dns.publish(proof(&anns));
    assert!(!verify(&world, &ann, &anns.domain_id).await.unwrap().txt_record);
    assert_eq!(resolve(&world, "a@mine.example").await.unwrap(), new);
}

db_test!(verify_domain_first_of_two_users_wins);
async fn verify_domain_first_of_two_users_wins(db: Db) {
    let (world, dns) = with_dns(db).await;
    for _ in 0..5 {
        let (ann, bob) = (user(), user());
        let anns = add(&world, &ann, "mine.example").await.unwrap();
        let bobs = add(&world, &bob, "mine.example").await.unwrap();
        dns.publish(proof(&anns).txt(NAME, &bobs.verify_token));
        let outcomes: [_; 2] = tokio::join!(
            verify(&world, &ann, &anns.domain_id),
            verify(&world, &bob, &bobs.domain_id)
        )
        .into();
        let winner = outcomes.iter().position(Result::is_ok).unwrap();
        let [ann_outcome, bob_outcome] = outcomes;
        let (won, lost) = if winner == 0 {
            ((ann, anns), bob_outcome)
        } else {
            ((bob, bobs), ann_outcome)
        };
        assert_refused(lost, ErrorCode::AlreadyExists, Reason::DomainAlreadyExists);
        let request = DeleteDomainRequest {
            user_id: won.0,
            domain_id: won.1.domain_id,
            ..DeleteDomainRequest::default()
        };
        world.client.clone().delete_domain(request).await.unwrap();
    }
}

/// Times that a user adds more domains at once than they may have.
const ROUNDS: usize = 5;
const LIMIT: u32 = 5;

/// Adds fifty domains too many at once, at these processes in turn, for one user after another.
async fn assert_limit_is_exact(worlds: &[Arc<World>]) {
    for _ in 0..ROUNDS {
        let ann = user();
        let calls: JoinSet<_> = (0..LIMIT + 50)
            .zip(worlds.iter().cycle())
            .map(|(n, world)| {
                let (world, ann) = (world.clone(), ann.clone());
                async move { add(&world, &ann, &format!("n{n}.example")).await }
            })
            .collect();
        let outcomes = calls.join_all().await;
        let added = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(added, LIMIT as usize);
        assert_eq!(listed(&worlds[0], &ann).await.len(), added);
        for failure in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(failure.reason, Reason::DomainLimitReached);
        }
    }
}

fn limited() -> Config {
    Config {
        max_domains: LIMIT,
        ..Config::default()
    }
}

db_test!(add_domain_limit_is_exact);
async fn add_domain_limit_is_exact(db: Db) {
    assert_limit_is_exact(&[Arc::new(World::with(db, limited()).await)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn add_domain_limit_is_exact_over_two_processes() {
    assert_limit_is_exact(&fleet::two(limited()).await).await;
}

db_test!(add_domain_pending_expires_after_seven_days);
async fn add_domain_pending_expires_after_seven_days(db: Db) {
    let world = World::with(db, Config::default()).await;
    let ann = user();
    let domain = add(&world, &ann, "mine.example").await.unwrap();
    world.clock.advance(time::Duration::days(7));
    assert_refused(
        verify(&world, &ann, &domain.domain_id).await,
        ErrorCode::FailedPrecondition,
        Reason::DomainExpired,
    );
    // Nor is it counted any more, or kept from being added anew.
    for n in 0..Config::default().max_domains - 1 {
        add(&world, &ann, &format!("n{n}.example")).await.unwrap();
    }
    let again = add(&world, &ann, NAME).await.unwrap();
    assert_ne!(again.verify_token, domain.verify_token);
    assert_refused(
        add(&world, &ann, "more.example").await,
        ErrorCode::PermissionDenied,
        Reason::DomainLimitReached,
    );
}
