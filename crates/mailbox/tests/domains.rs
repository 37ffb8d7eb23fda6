//! Custom domains, with a DNS server of the test's own.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    AddDomainRequest, CustomDomain, DeleteDomainRequest, ResolveRecipientRequest, VerifyDomainRequest,
    VerifyDomainResponse,
};
use mayfly_runtime::{config::List, grpc::Failure};
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, reason};
use tokio::{net::UdpSocket, task::JoinSet};

use crate::world::{World, assert_refused, user};

/// What the zone says: the texts of a domain, of any other name, and the mail server.
#[derive(Debug, Default, Clone)]
struct Zone {
    own: String,
    wildcard: String,
    mx: String,
    is_silent: bool,
}

type SharedZone = Arc<Mutex<Zone>>;

async fn dns() -> (SocketAddr, SharedZone) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, zone) = (socket.local_addr().unwrap(), SharedZone::default());
    let shared = zone.clone();
    tokio::task::spawn_local(async move {
        let mut query = [0; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut query).await {
            let zone = shared.lock().unwrap().clone();
            if !zone.is_silent {
                socket.send_to(&answer(&query, &zone), from).await.unwrap();
            }
        }
    });
    (address, zone)
}

/// Answers a question for `mine.example` or another name under `example`, in the wire format of RFC 1035.
fn answer(query: &[u8], zone: &Zone) -> Vec<u8> {
    let mut end = 12;
    while query[end] != 0 {
        end += usize::from(query[end]) + 1;
    }
    let is_own = query[13..].to_ascii_lowercase().starts_with(b"mine");
    let record_type = query[end + 2];
    let text = if is_own { &zone.own } else { &zone.wildcard };
    let records: Vec<Vec<u8>> = match record_type {
        16 => text.split_whitespace().map(labels).collect(),
        15 if !zone.mx.is_empty() => {
            let host: Vec<u8> = zone.mx.split('.').flat_map(labels).collect();
            vec![[&[0, 10], &host[..], &[0]].concat()]
        }
        _ => Vec::new(),
    };
    let count = u8::try_from(records.len()).unwrap();
    let head = [0x85, 0x80, 0, 1, 0, count, 0, 0, 0, 0];
    let mut reply = [&query[..2], &head, &query[12..end + 5]].concat();
    for data in records {
        reply.extend_from_slice(&[0xc0, 12, 0, record_type, 0, 1, 0, 0, 0, 60]);
        reply.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        reply.extend_from_slice(&data);
    }
    reply
}

/// A text behind its length.
fn labels(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

async fn add(world: &World, user: &str, name: &str) -> Result<CustomDomain, Failure> {
    let request = AddDomainRequest {
        user_id: user.to_owned(),
        domain: name.to_owned(),
    };
    let answer = world.client.clone().add_domain(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().domain.unwrap())
}

async fn verify(world: &World, user: &str, id: &str) -> Result<VerifyDomainResponse, Failure> {
    let request = VerifyDomainRequest {
        user_id: user.to_owned(),
        domain_id: id.to_owned(),
    };
    let answer = world.client.clone().verify_domain(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner())
}

async fn resolve(world: &World, address: &str) -> Result<String, Failure> {
    let request = ResolveRecipientRequest {
        address: address.to_owned(),
        size_bytes: 0,
    };
    let answer = world.client.clone().resolve_recipient(request).await;
    Ok(answer.map_err(Failure::from)?.into_inner().account_id)
}

db_test!(a_proven_domain_takes_mail_until_it_is_given_up);
async fn a_proven_domain_takes_mail_until_it_is_given_up(db: Db) {
    tokio::task::LocalSet::new().run_until(proven(db)).await;
}

async fn proven(db: Db) {
    let (server, zone) = dns().await;
    let config = Config {
        dns_servers: List(vec![server]),
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let (ann, bob) = (user(), user());
    let domain = add(&world, &ann, "Mine.Example.").await.unwrap();
    let bobs = add(&world, &bob, "mine.example").await.unwrap();
    assert_ne!(domain.verify_token, bobs.verify_token);
    assert_eq!(add(&world, &ann, "mine.example").await.unwrap(), domain);
    let reserve = async |name: &str, owner| world.reserve(name, owner).await;
    assert_refused(
        reserve("a@mine.example", Some(&ann)).await,
        ErrorCode::InvalidArgument,
        reason::INVALID_ADDRESS,
    );
    assert_refused(
        reserve("a@mine.example", None).await,
        ErrorCode::InvalidArgument,
        reason::INVALID_DOMAIN,
    );

    let token = domain.verify_token.clone();
    let wrong = [
        Zone::default(),
        Zone {
            own: bobs.verify_token.clone(),
            ..Zone::default()
        },
        Zone {
            own: token.clone(),
            wildcard: token.clone(),
            ..Zone::default()
        },
        Zone {
            is_silent: true,
            ..Zone::default()
        },
    ];
    let told = ["no TXT", "no TXT", "wildcard", "in time"];
    for (wrong, told) in wrong.into_iter().zip(told) {
        *zone.lock().unwrap() = wrong;
        let started = tokio::time::Instant::now();
        let answer = verify(&world, &ann, &domain.domain_id).await.unwrap();
        assert!(started.elapsed().as_secs() < 5);
        assert!(answer.message.contains(told), "{}", answer.message);
        assert!(!answer.txt_record && answer.domain.unwrap().verified_at.is_none());
    }

    let mx = "mx.mayfly.test".to_owned();
    *zone.lock().unwrap() = Zone {
        own: token,
        mx,
        ..Zone::default()
    };
    let answer = verify(&world, &ann, &domain.domain_id).await.unwrap();
    assert!(answer.txt_record && answer.mx_record, "{answer:?}");
    let verified = answer.domain.unwrap();
    assert!(verified.verified_at.is_some() && verified.mx_configured);
    // Whoever proves it second is too late.
    zone.lock().unwrap().own = bobs.verify_token;
    let (exists, taken) = (ErrorCode::AlreadyExists, reason::DOMAIN_ALREADY_EXISTS);
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
    };
    world.client.clone().delete_domain(request).await.unwrap();
    let refused = resolve(&world, "a@mine.example").await;
    assert_refused(refused, ErrorCode::NotFound, reason::NOT_FOUND);
    assert!(world.get(crate::world::scope(&mailbox)).await.is_ok());
}

db_test!(of_two_who_prove_a_name_one_has_it);
async fn of_two_who_prove_a_name_one_has_it(db: Db) {
    tokio::task::LocalSet::new().run_until(raced(db)).await;
}

async fn raced(db: Db) {
    let (server, zone) = dns().await;
    let dns_servers = List(vec![server]);
    let world = World::with(
        db,
        Config {
            dns_servers,
            ..Config::default()
        },
    )
    .await;
    for _ in 0..5 {
        let (ann, bob) = (user(), user());
        let anns = add(&world, &ann, "mine.example").await.unwrap();
        let bobs = add(&world, &bob, "mine.example").await.unwrap();
        zone.lock().unwrap().own = format!("{} {}", anns.verify_token, bobs.verify_token);
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
        assert_refused(lost, ErrorCode::AlreadyExists, reason::DOMAIN_ALREADY_EXISTS);
        let request = DeleteDomainRequest {
            user_id: won.0,
            domain_id: won.1.domain_id,
        };
        world.client.clone().delete_domain(request).await.unwrap();
    }
}

db_test!(the_limit_is_exact);
async fn the_limit_is_exact(db: Db) {
    let world = Arc::new(
        World::with(
            db,
            Config {
                max_domains: 5,
                ..Config::default()
            },
        )
        .await,
    );
    let ann = user();
    let mut calls = JoinSet::new();
    for n in 0..55 {
        let (world, ann) = (world.clone(), ann.clone());
        calls.spawn(async move { add(&world, &ann, &format!("n{n}.example")).await });
    }
    let outcomes = calls.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    for failure in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(failure.reason, reason::DOMAIN_LIMIT_REACHED);
    }
}

db_test!(a_domain_waits_seven_days);
async fn a_domain_waits_seven_days(db: Db) {
    let world = World::with(db, Config::default()).await;
    let ann = user();
    let domain = add(&world, &ann, "mine.example").await.unwrap();
    world.clock.advance(time::Duration::days(7));
    assert_refused(
        verify(&world, &ann, &domain.domain_id).await,
        ErrorCode::FailedPrecondition,
        reason::DOMAIN_EXPIRED,
    );
    let again = add(&world, &ann, "mine.example").await.unwrap();
    assert_ne!(again.verify_token, domain.verify_token);
}
