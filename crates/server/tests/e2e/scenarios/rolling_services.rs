//! Rolling replacement of every process, with two replicas per role, under load and without a pause: no request fails, no
//! mail is rejected or lost. (Two versions side by side cannot be tested while there is only one.)

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
    client::{Client, Mailbox},
    delivery_log::{DeliveryLog, mail},
    operations::{OPERATIONS, Operation},
    world::{Kind, World},
};

/// The termination grace period of the manifests.
const GRACE: Duration = Duration::from_secs(45);
const SESSIONS: usize = 3;

/// Sends mails over kept sessions. A server may close a session only between two mails.
async fn send(balancer: Balancer, deliveries: DeliveryLog, name: String, done: Arc<AtomicBool>) {
    let mut session: Option<MailSender> = None;
    for n in 0.. {
        let name = format!("{name}-{n}");
        deliveries.begin(&name);
        let mut sender = loop {
            if done.load(Ordering::Relaxed) {
                return;
            }
            let mut sender = match session.take() {
                Some(sender) => sender,
                None => MailSender::ready(balancer.choose().parse().unwrap())
                    .await
                    .expect("a ready server accepts sessions"),
            };
            match sender.command("MAIL FROM:<load@example.com>").await {
                Ok(reply) if reply.code == 250 => break sender,
                Ok(reply) => assert_eq!(reply.code, 421, "{reply:?}"),
                // The server sent 421 and closed before it received this command.
                Err(_) => {}
            }
        };
        let reply = sender.command("RCPT TO:<roll@mayfly.test>").await;
        assert_eq!(reply.expect("a reply").code, 250, "{name}");
        assert_eq!(sender.command("DATA").await.expect("a reply").code, 354, "{name}");
        let mut bytes = mail(&name);
        bytes.extend_from_slice(b".\r\n");
        sender.write(&bytes).await.expect("a started mail is read");
        let reply = sender.read_reply().await.expect("a reply");
        assert_eq!(reply.code, 250, "{name}: {reply:?}");
        deliveries.accept(&name);
        session = Some(sender);
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
}

async fn call_repeatedly(
    operation: Operation,
    balancer: Balancer,
    mailbox: Mailbox,
    counts: Arc<[AtomicUsize; OPERATIONS.len()]>,
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
        let answer = operation.call(client, &mailbox, &format!("roll-{n}")).await;
        assert!(
            matches!(answer.status, 200 | 201),
            "{operation:?} {n}: {answer:?}"
        );
        counts[operation as usize].fetch_add(1, Ordering::Relaxed);
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
    let (deliveries, counts, done) = (
        DeliveryLog::default(),
        Arc::default(),
        Arc::new(AtomicBool::new(false)),
    );
    let mut load = JoinSet::new();
    for operation in OPERATIONS {
        let (counts, done) = (Arc::clone(&counts), Arc::clone(&done));
        load.spawn(call_repeatedly(
            operation,
            gateways.clone(),
            mailbox.clone(),
            counts,
            done,
        ));
    }
    for n in 0..SESSIONS {
        let (deliveries, name) = (deliveries.clone(), format!("roll-{n}"));
        load.spawn(send(servers.clone(), deliveries, name, Arc::clone(&done)));
    }
    for role in roles {
        for index in world.replicas(role) {
            // The other replica has just started; its callers may not have connected yet.
            let signalled = Instant::now();
            assert_eq!(world.processes[index].terminate(), Some(0), "{role}");
            let took = signalled.elapsed();
            assert!(took < GRACE, "{role}: {took:?}");
            let mails = deliveries.accepted() + 10;
            let before = OPERATIONS.map(|operation| counts[operation as usize].load(Ordering::Relaxed));
            world.restart_process(index);
            for balancer in [&gateways, &servers] {
                balancer.until_ready(2).await;
            }
            eventually_within("the load makes progress", Duration::from_secs(15), async || {
                while let Some(ended) = load.try_join_next() {
                    ended.expect("no request fails");
                }
                let mut operations = OPERATIONS.into_iter().zip(before);
                let is_called = operations
                    .all(|(operation, before)| counts[operation as usize].load(Ordering::Relaxed) > before);
                is_called && deliveries.accepted() >= mails
            })
            .await;
            println!(
                "{role}: ended after {took:?}; {} mails, {counts:?}",
                deliveries.accepted()
            );
        }
    }
    done.store(true, Ordering::Relaxed);
    while let Some(ended) = load.join_next().await {
        ended.expect("no request fails");
    }
    deliveries.check(&world.client(), &mailbox).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn rolling_restart_of_services_fails_no_request() {
    replace(["auth", "mailbox"], "1s").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn rolling_restart_of_edges_in_place_fails_no_request() {
    replace(["gateway", "smtp"], "3s").await;
}
