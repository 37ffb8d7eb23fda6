//! A verified domain is looked up each day: what its DNS says no more is lost after three days, and not before.

use mayfly_proto::mailbox::{CustomDomain, GetUsageRequest};
use mayfly_testkit::{Db, DnsBehavior, DnsServer, Zone, db_test, eventually};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;

use crate::{
    catch_all,
    domains::{NAME, add, asking, listed, proof, prove, resolve, verify, with_dns},
    fleet,
    world::{World, assert_refused, no_auth, user},
};

db_test!(
    check_domain_without_proof_is_lost_after_three_days,
    check_domain_restored_proof_resets_grace,
    check_domain_unreachable_dns_changes_nothing,
    verify_domain_lost_name_needs_new_token,
    start_checks_due_domains,
    verify_domain_after_seven_days_expires,
);

/// Lets a day pass, and has done what is done then.
async fn next_day(world: &World) {
    world.clock.advance(Duration::days(1));
    world.mailbox.check_domains().await;
}

async fn takes_mail(world: &World) -> bool {
    match resolve(world, "a@mine.example").await {
        Ok(_) => true,
        Err(failure) => {
            assert_eq!(failure.reason, Reason::NotFound);
            false
        }
    }
}

/// A verified domain with a mailbox.
async fn with_domain(db: Db) -> (World, DnsServer, String, CustomDomain) {
    let (world, dns) = with_dns(db).await;
    let ann = user();
    let domain = prove(&world, &dns, &ann).await;
    world.create_for("a@mine.example", Some(&ann)).await;
    (world, dns, ann, domain)
}

async fn check_domain_without_proof_is_lost_after_three_days(db: Db) {
    let (world, dns, ann, domain) = with_domain(db).await;
    for _ in 0..10 {
        next_day(&world).await;
        assert!(takes_mail(&world).await);
    }
    dns.publish(Zone::default().mx(NAME, 10, "mx.elsewhere.example"));
    // What is not due yet is not looked up.
    world.clock.advance(Duration::hours(23));
    world.mailbox.check_domains().await;
    assert!(listed(&world, &ann).await[0].mx_configured);
    world.clock.advance(Duration::hours(1));
    world.mailbox.check_domains().await;
    assert!(!listed(&world, &ann).await[0].mx_configured);
    for _ in 0..2 {
        assert!(takes_mail(&world).await);
        next_day(&world).await;
    }
    assert!(takes_mail(&world).await);
    assert_eq!(listed(&world, &ann).await[0].verified_at, domain.verified_at);
    next_day(&world).await;
    assert!(!takes_mail(&world).await);
    let lost = listed(&world, &ann).await.remove(0);
    assert_eq!(lost.verified_at, None);
    assert_ne!(lost.verify_token, domain.verify_token);
    // It is a matter of the domain alone.
    assert_refused(
        world.reserve("b@mine.example", Some(&ann)).await,
        ErrorCode::InvalidArgument,
        Reason::InvalidAddress,
    );
    world.reserve("b@mayfly.test", Some(&ann)).await.unwrap();
}

async fn check_domain_restored_proof_resets_grace(db: Db) {
    let (world, dns, ann, domain) = with_domain(db).await;
    for by_hand in [false, true] {
        dns.publish(Zone::default());
        for _ in 0..3 {
            next_day(&world).await;
        }
        dns.publish(proof(&domain));
        if by_hand {
            assert!(verify(&world, &ann, &domain.domain_id).await.unwrap().txt_record);
        } else {
            next_day(&world).await;
        }
    }
    dns.publish(Zone::default());
    for _ in 0..3 {
        next_day(&world).await;
        assert!(takes_mail(&world).await, "the days from before do not count");
    }
    assert_eq!(listed(&world, &ann).await[0].verify_token, domain.verify_token);
}

async fn check_domain_unreachable_dns_changes_nothing(db: Db) {
    let (world, dns, ann, domain) = with_domain(db).await;
    dns.publish(Zone::default().behavior(DnsBehavior::ServFail));
    for _ in 0..30 {
        next_day(&world).await;
    }
    assert!(takes_mail(&world).await);
    assert!(!verify(&world, &ann, &domain.domain_id).await.unwrap().txt_record);
    assert!(
        listed(&world, &ann).await[0].mx_configured,
        "no answer contradicts it"
    );
    // Nor does it end the days that count.
    dns.publish(Zone::default());
    next_day(&world).await;
    dns.publish(Zone::default().behavior(DnsBehavior::ServFail));
    for _ in 0..5 {
        next_day(&world).await;
    }
    assert!(takes_mail(&world).await);
    dns.publish(Zone::default());
    next_day(&world).await;
    assert!(!takes_mail(&world).await);
}

async fn verify_domain_lost_name_needs_new_token(db: Db) {
    let (world, dns, ann, domain) = with_domain(db).await;
    let bob = user();
    let taken = add(&world, &bob, NAME).await;
    assert_refused(taken, ErrorCode::AlreadyExists, Reason::DomainAlreadyExists);
    dns.publish(Zone::default());
    for _ in 0..4 {
        next_day(&world).await;
    }
    // What stands in the DNS from before proves nothing.
    dns.publish(proof(&domain));
    let answer = verify(&world, &ann, &domain.domain_id).await.unwrap();
    assert!(!answer.txt_record && answer.domain.unwrap().verified_at.is_none());

    let bobs = prove(&world, &dns, &bob).await;
    assert!(!takes_mail(&world).await, "ann's mailbox is not bob's");
    let lost = listed(&world, &ann).await.remove(0);
    dns.publish(proof(&lost).txt(NAME, &bobs.verify_token));
    assert_refused(
        verify(&world, &ann, &domain.domain_id).await,
        ErrorCode::AlreadyExists,
        Reason::DomainAlreadyExists,
    );
    // Bob's proof is gone in turn.
    dns.publish(proof(&lost));
    for _ in 0..4 {
        next_day(&world).await;
    }
    assert_ne!(listed(&world, &bob).await[0].verify_token, bobs.verify_token);
    let answer = verify(&world, &ann, &domain.domain_id).await.unwrap();
    assert!(answer.domain.unwrap().verified_at.is_some());
    assert!(takes_mail(&world).await);
}

async fn start_checks_due_domains(db: Db) {
    let (world, dns, ann, domain) = with_domain(db).await;
    dns.publish(Zone::default().txt(NAME, &domain.verify_token));
    let (database, clock) = world.stop().await;
    clock.advance(Duration::days(1));
    let world = World::open(
        database,
        clock,
        asking(dns.address()),
        no_auth(),
        &["mayfly.test"],
    )
    .await;
    eventually("looked up", async || !listed(&world, &ann).await[0].mx_configured).await;
    assert!(takes_mail(&world).await);
}

async fn verify_domain_after_seven_days_expires(db: Db) {
    let (world, dns, ann, domain) = with_domain(db).await;
    let bob = user();
    let waiting = add(&world, &bob, "bobs.example").await.unwrap();
    dns.publish(Zone::default());
    for day in 1..=17 {
        next_day(&world).await;
        world.mailbox.sweep().await;
        let (of_bob, of_ann) = (
            verify(&world, &bob, &waiting.domain_id).await,
            verify(&world, &ann, &domain.domain_id).await,
        );
        for (outcome, days_waiting) in [(of_bob, day), (of_ann, day - 4)] {
            match days_waiting {
                ..7 => assert!(!outcome.unwrap().txt_record),
                7..14 => {
                    let (code, reason) = (ErrorCode::FailedPrecondition, Reason::DomainExpired);
                    assert_refused(outcome, code, reason);
                }
                _ => assert_refused(outcome, ErrorCode::NotFound, Reason::NotFound),
            }
        }
        let owner_user_id = bob.clone();
        let usage = world
            .client
            .clone()
            .get_usage(GetUsageRequest { owner_user_id })
            .await;
        assert_eq!(usage.unwrap().into_inner().domain_count, i64::from(day < 7));
    }
    assert_eq!(listed(&world, &bob).await, []);
    assert_eq!(listed(&world, &ann).await.len(), 1);
    world.clock.advance(Duration::days(1));
    world.mailbox.sweep().await;
    assert_eq!(listed(&world, &ann).await, []);
}

#[tokio::test]
async fn check_domain_loss_applies_to_all_processes() {
    let dns = DnsServer::start();
    let worlds = fleet::two(asking(dns.address())).await;
    let [one, other] = &worlds;
    let ann = user();
    let domain = prove(one, &dns, &ann).await;
    let own = one.create_for("a@mine.example", Some(&ann)).await;
    let all = one.create_for("all@mine.example", Some(&ann)).await;
    catch_all::set(one, &ann, &domain, Some(&all)).await.unwrap();
    let taken = async |world: &World| {
        let mut taken = Vec::new();
        for address in [
            "a@mine.example",
            "a+tag@mine.example",
            "any@mine.example",
            "any+tag@mine.example",
        ] {
            match resolve(world, address).await {
                Ok(mailbox) => taken.push(mailbox),
                Err(failure) => assert_eq!(failure.reason, Reason::NotFound),
            }
        }
        taken
    };
    let everything = [&own, &own, &all, &all];

    dns.publish(Zone::default());
    for day in 0..3 {
        next_day(&worlds[day % 2]).await;
        for world in &worlds {
            assert_eq!(taken(world).await.iter().collect::<Vec<_>>(), everything);
        }
    }
    next_day(one).await;
    for world in &worlds {
        assert_eq!(taken(world).await, [""; 0]);
    }
    // Proven by the new token at the other process, it is all as it was.
    dns.publish(proof(&listed(other, &ann).await[0]));
    assert!(verify(other, &ann, &domain.domain_id).await.unwrap().txt_record);
    for world in &worlds {
        assert_eq!(taken(world).await.iter().collect::<Vec<_>>(), everything);
    }
}
