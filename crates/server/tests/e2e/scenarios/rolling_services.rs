//! Every process of two of each role is replaced under load, one after the other and without a pause: no request fails, no
//! mail is refused or lost. (Two versions side by side cannot be shown while there is one.)

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_testkit::{MailSender, eventually_within};
use tokio::task::JoinSet;

use super::rolling::Balancer;
use crate::{
    asks::{ASKS, Ask},
    client::{Client, Mailbox},
    ledger::{Ledger, mail},
    world::{Kind, World},
};

/// What the manifests give a process before it is killed.
const GRACE: Duration = Duration::from_secs(45);
const SESSIONS: usize = 3;

/// Sends mails on sessions that last. A server may only say that it goes between two mails.
async fn send(balancer: Balancer, ledger: Ledger, name: String, done: Arc<AtomicBool>) {
    let mut session: Option<MailSender> = None;
    for n in 0.. {
        let name = format!("{name}-{n}");
        ledger.begin(&name);
        let mut sender = loop {
            if done.load(Ordering::Relaxed) {
                return;
            }
            let mut sender = match session.take() {
                Some(sender) => sender,
                None => MailSender::ready(balancer.choose().parse().unwrap())
                    .await
                    .expect("one that is ready takes sessions"),
            };
            match sender.command("MAIL FROM:<load@example.com>").await {
                Ok(reply) if reply.code == 250 => break sender,
                Ok(reply) => assert_eq!(reply.code, 421, "{reply:?}"),
                // It said so, and went, before this was sent.
                Err(_) => {}
            }
        };
        let reply = sender.command("RCPT TO:<roll@mayfly.test>").await;
        assert_eq!(reply.expect("a reply").code, 250, "{name}");
        assert_eq!(sender.command("DATA").await.expect("a reply").code, 354, "{name}");
        let mut bytes = mail(&name);
        bytes.extend_from_slice(b".\r\n");
        sender.write(&bytes).await.expect("a mail that is begun is read");
        let reply = sender.read_reply().await.expect("a reply");
        assert_eq!(reply.code, 250, "{name}: {reply:?}");
        ledger.accept(&name);
        session = Some(sender);
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
}

async fn ask(
    ask: Ask,
    balancer: Balancer,
    mailbox: Mailbox,
    asked: Arc<[AtomicUsize; ASKS.len()]>,
    done: Arc<AtomicBool>,
) {
    let mut clients = BTreeMap::new();
    for n in 0.. {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let client = clients
            .entry(balancer.choose())
            .or_insert_with_key(|base| Client::new(base));
        let answer = ask.ask(client, &mailbox, &format!("roll-{n}")).await;
        assert!(matches!(answer.status, 200 | 201), "{ask:?} {n}: {answer:?}");
        asked[ask as usize].fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
}

async fn replace(roles: [&str; 2], drain_delay: &str) {
    let mut world = World::start_with(Kind::Replicas, &[("MAYFLY_DRAIN_DELAY", drain_delay)]);
    let mailbox = world.client().create_mailbox("roll@mayfly.test", None).await;
    let (gateways, servers) = (Balancer::default(), Balancer::default());
    let mut tasks = JoinSet::new();
    for (role, protocol, balancer) in [("gateway", "HTTP", &gateways), ("smtp", "SMTP", &servers)] {
        for index in world.replicas(role) {
            balancer.add(&world.processes[index], protocol);
        }
        tasks.spawn(balancer.clone().watch());
        balancer.until_ready(2).await;
    }
    let (ledger, asked, done) = (
        Ledger::default(),
        Arc::default(),
        Arc::new(AtomicBool::new(false)),
    );
    let mut load = JoinSet::new();
    for which in ASKS {
        let (asked, done) = (Arc::clone(&asked), Arc::clone(&done));
        load.spawn(ask(which, gateways.clone(), mailbox.clone(), asked, done));
    }
    for n in 0..SESSIONS {
        let (ledger, name) = (ledger.clone(), format!("roll-{n}"));
        load.spawn(send(servers.clone(), ledger, name, Arc::clone(&done)));
    }
    for role in roles {
        for index in world.replicas(role) {
            // The other one has just begun: those who call it may not have noticed yet.
            let told = Instant::now();
            assert_eq!(world.processes[index].terminate(), Some(0), "{role}");
            let took = told.elapsed();
            assert!(took < GRACE, "{role}: {took:?}");
            let mails = ledger.accepted() + 10;
            let before = ASKS.map(|ask| asked[ask as usize].load(Ordering::Relaxed));
            world.start_again(index);
            for balancer in [&gateways, &servers] {
                balancer.until_ready(2).await;
            }
            eventually_within("the load goes on", Duration::from_secs(15), async || {
                while let Some(ended) = load.try_join_next() {
                    ended.expect("nothing fails");
                }
                let mut asks = ASKS.into_iter().zip(before);
                let is_asked = asks.all(|(ask, before)| asked[ask as usize].load(Ordering::Relaxed) > before);
                is_asked && ledger.accepted() >= mails
            })
            .await;
            println!(
                "{role}: ended after {took:?}; {} mails, {asked:?}",
                ledger.accepted()
            );
        }
    }
    done.store(true, Ordering::Relaxed);
    while let Some(ended) = load.join_next().await {
        ended.expect("nothing fails");
    }
    ledger.check(&world.client(), &mailbox).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn services_are_replaced_and_nobody_notices() {
    replace(["auth", "mailbox"], "1s").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn edges_are_replaced_where_they_are_and_nobody_notices() {
    replace(["gateway", "smtp"], "3s").await;
}
