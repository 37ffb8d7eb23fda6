use std::{sync::Arc, time::Duration};

use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::RedisConfig;
use mayfly_testkit::{ManualClock, RedisServer};
use tokio_util::sync::CancellationToken;

use super::*;

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn proof(time: i64, nonce: &str, bits: u32) -> Proof {
    Proof {
        time,
        nonce: nonce.to_owned(),
        bits,
    }
}

/// Searches a proof, as a client does.
fn solve(address: &Address, time: i64, bits: u32) -> Proof {
    let tried = (0..u32::MAX).map(|nonce| proof(time, &nonce.to_string(), bits));
    let mut good = tried.filter(|proof| verify(address.as_str(), proof, time).is_ok());
    good.next().unwrap()
}

fn of(bits: u32, redis: Option<Redis>) -> (ProofOfWork, i64) {
    let clock: SharedClock = Arc::new(ManualClock::default());
    let now = clock.now().unix_timestamp();
    (ProofOfWork::new(bits, clock, redis), now)
}

/// The vector of the published clients of this form.
#[test]
fn verify_known_vector_succeeds() {
    let (address, now) = ("user@box.test", 1_767_323_045);
    verify(address, &proof(now, "1437", 15), now).unwrap();
    for (wrong, at) in [
        (proof(now, "1437", 25), now),
        (proof(now, "1438", 15), now),
        (proof(now + 1, "1437", 15), now),
        (proof(now, "1437", 15), now + 301),
        (proof(now, "1437", 15), now - 301),
        (proof(now, &"1".repeat(129), 0), now),
        (proof(i64::MIN, "1437", 0), now),
    ] {
        let refused = verify(address, &wrong, at).unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidPow, "{wrong:?}");
    }
    verify(address, &proof(now, "1437", 15), now + 300).unwrap();
}

#[tokio::test]
async fn check_requires_more_bits_after_each_20_creations() {
    let (pow, now) = of(2, None);
    let required = async |n: u32| {
        let address: Address = format!("a{n}@box.test").parse().unwrap();
        let easy = pow
            .check(&address, CLIENT, Some(Ok(solve(&address, now, 0))))
            .await;
        let Worth::TooEasy(bits) = easy.unwrap() else {
            panic!("no bits are enough")
        };
        let proof = Some(Ok(solve(&address, now, bits)));
        let worth = pow.check(&address, CLIENT, proof).await.unwrap();
        pow.spend(CLIENT, worth).await;
        bits
    };
    for (n, expected) in (0..60).map(|n| (n, 2 + n / 20)) {
        assert_eq!(required(n).await, expected, "{n}");
    }
    let other: Address = "b@box.test".parse().unwrap();
    let other_client = [192, 0, 2, 2].into();
    let worth = pow
        .check(&other, other_client, Some(Ok(solve(&other, now, 2))))
        .await;
    assert!(matches!(worth, Ok(Worth::Enough(_))), "{worth:?}");
}

/// A provider gives a customer a /48, which has 65,536 of the networks that count as clients.
#[tokio::test]
async fn check_requires_more_bits_of_busy_network() {
    for (client, same, other) in [
        ("2001:db8:1", "2001:db8:1:ffff::", "2001:db8:2::"),
        ("192.0.2", "192.0.2.255", "192.0.3.1"),
    ] {
        let pow = of(2, None).0;
        for n in 0..200_u8 {
            let creator = match client.contains(':') {
                true => format!("{client}:{n:x}::"),
                false => format!("{client}.{n}"),
            };
            let creator: IpAddr = creator.parse().unwrap();
            assert_eq!(pow.required_bits(creator).await, 2, "{creator}");
            pow.spend(creator, Worth::Enough(ProofHash([n; 16]))).await;
        }
        assert_eq!(pow.required_bits(same.parse().unwrap()).await, 3);
        assert_eq!(pow.required_bits(other.parse().unwrap()).await, 2);
    }
}

#[tokio::test]
async fn check_without_proof_is_refused_unless_off() {
    let address: Address = "a@box.test".parse().unwrap();
    let refused = of(1, None).0.check(&address, CLIENT, None).await.unwrap_err();
    assert_eq!(refused.reason, Reason::PowRequired);
    let malformed = || Some(Err(invalid("pow: is no object")));
    let refused = of(1, None).0.check(&address, CLIENT, malformed()).await;
    assert_eq!(refused.unwrap_err().reason, Reason::InvalidPow);
    for ignored in [None, malformed()] {
        let free = of(0, None).0.check(&address, CLIENT, ignored).await;
        assert_eq!(free.unwrap(), Worth::Free);
    }
}

#[tokio::test]
async fn check_of_spent_proof_fails_on_every_gateway() {
    let server = RedisServer::start();
    let tasks = Tasks::new(CancellationToken::new());
    let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
    let gateways = [(); 2].map(|()| {
        let redis = Redis::start(&config, &tasks).unwrap().unwrap();
        of(1, Some(redis))
    });
    for (gateway, _) in &gateways {
        while gateway.redis.as_ref().unwrap().connected_for().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let [(first, now), (second, _)] = gateways;
    let address: Address = "a@box.test".parse().unwrap();
    let proof = || Some(Ok(solve(&address, now, 3)));
    let worth = first.check(&address, CLIENT, proof()).await.unwrap();
    first.spend(CLIENT, worth).await;
    for gateway in [&first, &second] {
        let refused = gateway.check(&address, CLIENT, proof()).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidPow);
    }
    // The creations of both count.
    for n in 1..40 {
        let address: Address = format!("a{n}@box.test").parse().unwrap();
        let gateway = [&first, &second][n % 2];
        let worth = gateway
            .check(&address, CLIENT, Some(Ok(solve(&address, now, 6))))
            .await;
        gateway.spend(CLIENT, worth.unwrap()).await;
    }
    assert_eq!(second.required_bits(CLIENT).await, 3);
    // So do those of their network.
    for n in 40..200_u8 {
        let gateway = [&first, &second][usize::from(n % 2)];
        let client = [192, 0, 2, n].into();
        gateway.spend(client, Worth::Enough(ProofHash([n; 16]))).await;
    }
    for gateway in [&first, &second] {
        assert_eq!(gateway.required_bits([192, 0, 2, 250].into()).await, 2);
    }
}
