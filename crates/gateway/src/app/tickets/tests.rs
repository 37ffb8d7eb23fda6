use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::RedisConfig;
use mayfly_testkit::RedisServer;
use mayfly_types::Reason;
use tokio_util::sync::CancellationToken;

use super::*;

const BEARER: &str = "tm_pro_the-bearer-token";

fn message(id: &str) -> Purpose {
    Purpose::Message(id.to_owned())
}

async fn redeem(tickets: &Tickets, ticket: &str, purpose: &Purpose) -> Option<String> {
    let bearer = tickets.redeem(ticket, purpose).await.ok()?;
    Some(bearer.expose_secret().to_owned())
}

async fn assert_ticket_is_valid_once_for_its_purpose(issuer: &Tickets, other: &Tickets) {
    let bearer = Some(BEARER.to_owned());
    for purpose in [Purpose::Events, message("a")] {
        let ticket = issuer.issue(BEARER, &purpose).await.unwrap();
        assert_eq!(redeem(other, &ticket, &purpose).await, bearer);
        for tickets in [other, issuer] {
            assert_eq!(redeem(tickets, &ticket, &purpose).await, None, "a replay");
        }
        for wrong in [Purpose::Events, message("a"), message("b"), message("")] {
            if wrong != purpose {
                let ticket = issuer.issue(BEARER, &purpose).await.unwrap();
                assert_eq!(
                    redeem(other, &ticket, &wrong).await,
                    None,
                    "{purpose:?} {wrong:?}"
                );
                assert_eq!(redeem(other, &ticket, &purpose).await, None, "it is used up");
            }
        }
    }
    let ticket = issuer.issue(BEARER, &Purpose::Events).await.unwrap();
    let longer = format!("{ticket}A");
    for wrong in ["", "A", &ticket[1..], &longer, &"A".repeat(43), &"*".repeat(43)] {
        assert_eq!(redeem(other, wrong, &Purpose::Events).await, None, "{wrong}");
    }
    assert_eq!(redeem(other, &ticket, &Purpose::Events).await, bearer);
}

async fn assert_one_concurrent_redemption_succeeds(tickets: &Tickets) {
    for _ in 0..20 {
        let ticket = tickets.issue(BEARER, &Purpose::Events).await.unwrap();
        let all = (0..16).map(|_| redeem(tickets, &ticket, &Purpose::Events));
        let won = futures_util::future::join_all(all).await;
        assert_eq!(won.iter().flatten().count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn redeem_in_one_process_works_once_until_expiry() {
    let tickets = Tickets::new(None);
    assert_ticket_is_valid_once_for_its_purpose(&tickets, &tickets).await;
    assert_one_concurrent_redemption_succeeds(&tickets).await;
    let ticket = tickets.issue(BEARER, &Purpose::Events).await.unwrap();
    tokio::time::advance(LIFE - Duration::from_millis(1)).await;
    assert!(redeem(&tickets, &ticket, &Purpose::Events).await.is_some());
    let ticket = tickets.issue(BEARER, &Purpose::Events).await.unwrap();
    tokio::time::advance(LIFE).await;
    assert_eq!(redeem(&tickets, &ticket, &Purpose::Events).await, None, "late");
}

async fn connected(server: &RedisServer) -> Redis {
    let tasks = Tasks::new(CancellationToken::new());
    let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
    let redis = Redis::start(&config, &tasks).unwrap().unwrap();
    while redis.connected_for().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    redis
}

#[tokio::test]
async fn redeem_over_redis_works_once_and_redis_holds_no_secret() {
    let server = RedisServer::start();
    let redis = connected(&server).await;
    let (one, two) = (
        Tickets::new(Some(redis.clone())),
        Tickets::new(Some(connected(&server).await)),
    );
    assert_ticket_is_valid_once_for_its_purpose(&one, &two).await;
    assert_one_concurrent_redemption_succeeds(&one).await;

    let ticket = one.issue(BEARER, &Purpose::Events).await.unwrap();
    let mut names = Cmd::new();
    names.arg("KEYS").arg("*");
    let names: Vec<String> = redis.run(&names).await.unwrap();
    assert_eq!(names.len(), 1, "{names:?}");
    let value: Vec<u8> = redis.run(&Cmd::get(&names[0])).await.unwrap();
    let dump = [names[0].as_bytes(), &value].concat();
    for secret in [ticket.as_str(), BEARER] {
        assert!(
            !dump.windows(8).any(|seen| secret.as_bytes()[..8] == *seen),
            "{secret}"
        );
    }
    let left_ms: i64 = redis.run(&Cmd::pttl(&names[0])).await.unwrap();
    assert!((1..=30_000).contains(&left_ms), "{left_ms}");

    let brief = Tickets {
        store: Store::Shared(redis.clone()),
        life: Duration::from_millis(20),
    };
    let late = brief.issue(BEARER, &Purpose::Events).await.unwrap();
    while redis
        .run::<bool>(&Cmd::exists(redis_name(&name_of(&late))))
        .await
        .unwrap()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(redeem(&two, &late, &Purpose::Events).await, None, "late");
}

#[tokio::test]
async fn redeem_after_redis_failure_is_unavailable() {
    let server = RedisServer::start();
    let tickets = Tickets::new(Some(connected(&server).await));
    let ticket = tickets.issue(BEARER, &Purpose::Events).await.unwrap();
    drop(server);
    let redeemed = tickets.redeem(&ticket, &Purpose::Events).await;
    assert_eq!(redeemed.unwrap_err().reason, Reason::Unavailable);
    let issued = tickets.issue(BEARER, &Purpose::Events).await;
    assert_eq!(issued.unwrap_err().reason, Reason::Unavailable);
}
