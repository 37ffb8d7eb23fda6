//! Answers that prove nothing, whatever their shape: a verification ends within five seconds, and says what is wrong.

use futures_util::future::join_all;
use mayfly_mailbox::{Config, Dnssec};
use mayfly_proto::mailbox::{CustomDomain, VerifyDomainResponse};
use mayfly_testkit::{Db, DnsBehavior, DnsServer, RootKeys, Unbound, Zone};
use tokio::time::Instant;

use crate::{
    domains::{NAME, add, asking, proof, verify, with_dns},
    world::{World, no_auth, user},
};

/// As much as one message holds beside the rest of it.
const ALMOST_64_KIB: usize = 65_000;

/// A domain that waits, and who may verify it.
struct Pending {
    world: World,
    user: String,
    domain: CustomDomain,
}

impl Pending {
    async fn on(world: World) -> Self {
        let user = user();
        let domain = add(&world, &user, NAME).await.unwrap();
        Self { world, user, domain }
    }

    fn proof(&self) -> Zone {
        proof(&self.domain)
    }

    /// Verifies the domain; returns what is said of it.
    async fn ask(&self, what: &str) -> VerifyDomainResponse {
        let started = Instant::now();
        let answer = verify(&self.world, &self.user, &self.domain.domain_id)
            .await
            .unwrap();
        assert!(started.elapsed().as_secs() < 5, "{what}: {:?}", started.elapsed());
        let is_verified = answer.domain.as_ref().unwrap().verified_at.is_some();
        assert_eq!(is_verified, answer.txt_record, "{what}");
        answer
    }

    async fn assert_pending(&self, what: &str, message: &str) {
        let answer = self.ask(what).await;
        assert!(!answer.txt_record, "{what}: {answer:?}");
        assert!(answer.message.contains(message), "{what}: {}", answer.message);
    }
}

#[tokio::test]
async fn verify_domain_rejects_other_records() {
    let (world, dns) = with_dns(Db::Sqlite).await;
    let pending = Pending::on(world).await;
    let of_another = add(&pending.world, &user(), NAME).await.unwrap().verify_token;
    let token = &pending.domain.verify_token;
    let filling = "x".repeat(ALMOST_64_KIB - token.len());
    let zone = Zone::default;
    let other = "no TXT record is exactly the verify_token";
    for (what, answers, message) in [
        ("no such domain", zone(), "no such domain"),
        (
            "no text",
            zone().mx(NAME, 10, "mx.mayfly.test"),
            "has no TXT record",
        ),
        ("another's token", zone().txt(NAME, &of_another), other),
        ("a longer text", zone().txt(NAME, &format!("{token}x")), other),
        (
            "a shorter text",
            zone().txt(NAME, &token[..token.len() - 1]),
            other,
        ),
        ("another case", zone().txt(NAME, &token.to_uppercase()), other),
        (
            "64 KiB that begin with it",
            zone().txt(NAME, &format!("{token}{filling}")),
            other,
        ),
        (
            "64 KiB that end with it",
            zone().txt(NAME, &format!("{filling}{token}")),
            other,
        ),
        (
            "a name under it",
            zone().txt("_mayfly.mine.example", token).txt(NAME, "v=spf1 -all"),
            other,
        ),
        (
            "a wildcard beside it",
            zone().txt(NAME, token).txt("*.example", token),
            "is a wildcard",
        ),
        (
            "a wildcard for it",
            zone().txt("*.example", token),
            "is a wildcard",
        ),
        (
            "a wildcard of another name",
            zone().txt(NAME, token).cname("*.example", NAME),
            "is a wildcard",
        ),
        ("a name that is itself", zone().cname(NAME, NAME), "in a circle"),
        (
            "two names that are each other",
            zone().cname(NAME, "loop.example").cname("loop.example", NAME),
            "in a circle",
        ),
        (
            "a name of nothing",
            zone().cname(NAME, "gone.example"),
            "no such domain",
        ),
    ] {
        dns.publish(answers);
        pending.assert_pending(what, message).await;
    }
    // Neither size nor company nor another name takes anything from a proof.
    for (what, answers) in [
        ("beside 64 KiB", zone().txt(NAME, &filling).txt(NAME, token)),
        (
            "behind another name",
            zone().cname(NAME, "proof.example").txt("proof.example", token),
        ),
        (
            "a wildcard of something else",
            zone().txt(NAME, token).txt("*.example", "v=spf1 -all"),
        ),
    ] {
        dns.publish(answers);
        let answer = pending.ask(what).await;
        assert!(answer.txt_record, "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn verify_domain_broken_dns_fails_within_five_seconds() {
    let cut = DnsBehavior::Truncated;
    let rows = [
        ("cut short for ever", cut, None, "cut short"),
        (
            "cut short, and SERVFAIL over TCP",
            cut,
            Some(DnsBehavior::ServFail),
            "SERVFAIL",
        ),
        (
            "cut short, and nothing over TCP",
            cut,
            Some(DnsBehavior::Silent),
            "in time",
        ),
        (
            "cut short, and no message over TCP",
            cut,
            Some(DnsBehavior::Malformed),
            "in time",
        ),
        (
            "SERVFAIL",
            DnsBehavior::ServFail,
            None,
            "DNSSEC signatures are wrong",
        ),
        ("REFUSED", DnsBehavior::Refused, None, "refuses"),
        ("a lame server", DnsBehavior::Referral, None, "points to others"),
        ("no message", DnsBehavior::Malformed, None, "malformed"),
        (
            "an answer to something else",
            DnsBehavior::WrongId,
            None,
            "in time",
        ),
        ("nothing", DnsBehavior::Silent, None, "in time"),
    ];
    // At the same time, since the slow ones take as long as may be.
    let rows = rows.map(async |(what, manner, over_tcp, message)| {
        let (world, dns) = with_dns(Db::Sqlite).await;
        let pending = Pending::on(world).await;
        let zone = pending.proof().behavior(manner);
        dns.publish(match over_tcp {
            Some(manner) => zone.over_tcp(manner),
            None => zone,
        });
        pending.assert_pending(what, message).await;
        // Nothing of it stays.
        dns.publish(pending.proof().behavior(cut).over_tcp(DnsBehavior::Answer));
        assert!(pending.ask("cut short over UDP alone").await.txt_record);
    });
    join_all(rows).await;
}

#[tokio::test]
async fn verify_domain_rejects_truncated_answer_without_tcp() {
    let dns = DnsServer::start_without_tcp();
    let pending = Pending::on(World::with(Db::Sqlite, asking(dns.address())).await).await;
    dns.publish(pending.proof().behavior(DnsBehavior::Truncated));
    pending.assert_pending("no TCP", "not to be had over TCP").await;
}

/// Domains that wait, each under a name, and what they wait for.
async fn add_all(world: &World, user: &str, names: &[&str]) -> Vec<CustomDomain> {
    let mut domains = Vec::new();
    for name in names {
        domains.push(add(world, user, name).await.unwrap());
    }
    domains
}

/// Records of a zone file that prove domains.
fn texts(domains: &[CustomDomain]) -> String {
    let text = |domain: &CustomDomain| format!("{}. 60 TXT {}", domain.domain, domain.verify_token);
    domains.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn verify_domain_rejects_bogus_signatures() {
    let world = World::with(Db::Sqlite, Config::default()).await;
    let ann = user();
    let names = [
        "signed.example",
        "spoilt.example",
        "bare.example",
        "unsigned.example",
    ];
    let domains = add_all(&world, &ann, &names).await;
    let (keys, strangers) = (RootKeys::default(), RootKeys::default());
    let (unsigned, in_root) = (texts(&domains[3..]), texts(&domains[..3]));
    // One text is not what was signed, another has lost its signature.
    let signed = keys.sign(&in_root.replace(&domains[1].verify_token, "something-else"));
    let spoilt = signed.replace("something-else", &domains[1].verify_token);
    let is_kept = |line: &&str| !(line.starts_with("bare.example.") && line.contains("RRSIG\tTXT"));
    let bogus: String = spoilt
        .lines()
        .filter(is_kept)
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(bogus.len() < spoilt.len() && spoilt != signed, "{bogus}");

    let anchor = keys.anchor();
    let believing: Dnssec = anchor.parse().unwrap();
    let own = Unbound::serving(&bogus, &unsigned);
    let of_strangers = Unbound::serving(&strangers.sign(&in_root), &unsigned);
    let resolver = Unbound::validating(&anchor, &bogus, &unsigned);
    let nothing_signed = Unbound::serving(&format!("{}\n{in_root}", RootKeys::BEGINNING), &unsigned);
    let (mut database, mut clock) = world.stop().await;
    for (what, server, dnssec, are_found) in [
        (
            "signatures are validated here",
            &own,
            &believing,
            [true, false, false, true],
        ),
        (
            "they are of strangers' keys",
            &of_strangers,
            &believing,
            [false; 4],
        ),
        (
            "a resolver validates them",
            &resolver,
            &Dnssec::Off,
            [true, false, false, true],
        ),
        ("both do", &resolver, &believing, [true, false, false, true]),
        ("no resolver returns them", &nothing_signed, &believing, [true; 4]),
        ("they do not matter", &own, &Dnssec::Off, [true; 4]),
    ] {
        let config = Config {
            dnssec: dnssec.clone(),
            ..asking(server.address())
        };
        let world = World::open(database, clock, config, no_auth(), &["mayfly.test"]).await;
        for (domain, is_found) in domains.iter().zip(are_found) {
            let answer = verify(&world, &ann, &domain.domain_id).await.unwrap();
            let message = match domain.domain.as_str() {
                _ if is_found => "the domain is verified",
                "spoilt.example" => "the DNSSEC signatures of the domain are wrong",
                // A resolver may have no more to say of a text without a signature than that it has no answer.
                _ => "DNSSEC signatures",
            };
            assert_eq!(answer.txt_record, is_found, "{what}: {answer:?}");
            assert!(answer.message.contains(message), "{what}: {answer:?}");
        }
        (database, clock) = world.stop().await;
    }
}
