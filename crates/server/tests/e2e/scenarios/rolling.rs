//! Rolling replacement of edges under load: behind a balancer that follows readiness no request fails and no mail is lost.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_testkit::{MailSender, eventually};

use crate::{
    client::{Client, Mailbox},
    process::Process,
    world::{ALL_ROLES, Kind, World},
};

const MAIL: &[u8] = b"Subject: x\r\n\r\nx\r\n";

/// A load balancer that probes the readiness of each process a few times a second.
#[derive(Clone, Default)]
pub(super) struct Balancer {
    /// Admin and public addresses, and the result of the last probe.
    members: Arc<Mutex<Vec<(String, String, bool)>>>,
    round_robin: Arc<AtomicUsize>,
}

impl Balancer {
    pub(super) fn add(&self, process: &Process, protocol: &str) {
        let (admin, public) = (process.banner["admin"].clone(), process.banner[protocol].clone());
        self.members.lock().unwrap().push((admin, public, false));
    }

    pub(super) async fn watch(self) {
        loop {
            let members = self.members.lock().unwrap().clone();
            for (admin, ..) in members {
                let http = reqwest::Client::builder()
                    .no_proxy()
                    .tls_certs_only([])
                    .build()
                    .unwrap();
                let answer = http.get(format!("{admin}/readyz")).send().await;
                let is_ready = answer.is_ok_and(|answer| answer.status() == 200);
                for member in self.members.lock().unwrap().iter_mut() {
                    if member.0 == admin {
                        member.2 = is_ready;
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(super) fn choose(&self) -> String {
        let members = self.members.lock().unwrap();
        let ready: Vec<_> = members.iter().filter(|(.., is_ready)| *is_ready).collect();
        assert!(!ready.is_empty(), "no process is ready");
        ready[self.round_robin.fetch_add(1, Ordering::Relaxed) % ready.len()]
            .1
            .clone()
    }

    pub(super) async fn until_ready(&self, count: usize) {
        eventually("the members are ready", async || {
            let members = self.members.lock().unwrap();
            let ready = members.iter().filter(|(.., is_ready)| *is_ready).count();
            if ready == count { Ok(()) } else { Err(ready) }
        })
        .await;
    }
}

/// Sends one mail. If a server closes with 421 before it receives the mail, the next one is used.
async fn deliver(balancer: &Balancer) {
    for _ in 0..5 {
        let address: SocketAddr = balancer.choose().parse().unwrap();
        let Ok(mut sender) = MailSender::ready(address).await else {
            continue;
        };
        let reply = sender.send("a@example.com", &["roll@mayfly.test"], MAIL).await;
        match reply.expect("a started mail gets a reply").code {
            250 => return,
            421 => {}
            code => panic!("{code}"),
        }
    }
    panic!("no server accepts the mail");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_of_edges_fails_no_request() {
    let mut world = World::start_with(Kind::Split, &[("MAYFLY_DRAIN_DELAY", "3s")]);
    let mailbox = world.client().create_mailbox("roll@mayfly.test", None).await;
    let (gateways, servers) = (Balancer::default(), Balancer::default());
    let mut running = vec![world.start_process("gateway"), world.start_process("smtp")];
    for (process, balancer, protocol) in [
        (world.process("gateway"), &gateways, "HTTP"),
        (&mut running[0], &gateways, "HTTP"),
    ] {
        balancer.add(process, protocol);
    }
    servers.add(world.process("smtp"), "SMTP");
    servers.add(&running[1], "SMTP");
    let mut watching = tokio::task::JoinSet::new();
    watching.spawn(gateways.clone().watch());
    watching.spawn(servers.clone().watch());
    gateways.until_ready(2).await;
    servers.until_ready(2).await;

    let load = Load::start(&gateways, &servers, &mailbox);
    for (role, balancer, protocol) in [("gateway", &gateways, "HTTP"), ("smtp", &servers, "SMTP")] {
        load.more().await;
        let fresh = world.start_process(role);
        balancer.add(&fresh, protocol);
        running.push(fresh);
        balancer.until_ready(3).await;
        assert_eq!(world.process(role).terminate(), Some(0));
        balancer.until_ready(2).await;
        load.more().await;
    }
    load.end(&running[0].banner["HTTP"]).await;
}

/// Each replica has every role: services and edges leave together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_of_whole_replicas_fails_no_request() {
    let mut world = World::start_with(Kind::Whole, &[("MAYFLY_DRAIN_DELAY", "3s")]);
    let mailbox = world.client().create_mailbox("roll@mayfly.test", None).await;
    let (gateways, servers) = (Balancer::default(), Balancer::default());
    let add = |process: &Process| {
        gateways.add(process, "HTTP");
        servers.add(process, "SMTP");
    };
    world.processes.iter().for_each(add);
    let mut watching = tokio::task::JoinSet::new();
    watching.spawn(gateways.clone().watch());
    watching.spawn(servers.clone().watch());
    gateways.until_ready(2).await;
    servers.until_ready(2).await;

    let load = Load::start(&gateways, &servers, &mailbox);
    for index in 0..2 {
        load.more().await;
        let fresh = world.start_process(ALL_ROLES);
        add(&fresh);
        gateways.until_ready(3).await;
        servers.until_ready(3).await;
        assert_eq!(world.processes[index].terminate(), Some(0));
        gateways.until_ready(2).await;
        servers.until_ready(2).await;
        world.processes[index] = fresh;
        load.more().await;
    }
    load.end(&world.processes[0].banner["HTTP"]).await;
}

/// Requests and mails of a mailbox, which must all succeed.
struct Load {
    token: String,
    is_over: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    clients: tokio::task::JoinSet<()>,
}

impl Load {
    fn start(gateways: &Balancer, servers: &Balancer, mailbox: &Mailbox) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (asked, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (balancer, done, asked) = (gateways.clone(), Arc::clone(&is_over), Arc::clone(&asked));
            let token = mailbox.token.clone();
            clients.spawn(async move {
                let mut clients = std::collections::BTreeMap::new();
                while !done.load(Ordering::Relaxed) {
                    let base = balancer.choose();
                    let client = clients.entry(base).or_insert_with_key(|base| Client::new(base));
                    let answer = client.get("/api/me", &token).await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
            let (balancer, done, sent) = (servers.clone(), Arc::clone(&is_over), Arc::clone(&sent));
            clients.spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    deliver(&balancer).await;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self {
            token: mailbox.token.clone(),
            is_over,
            asked,
            sent,
            clients,
        }
    }

    /// Waits until more requests and mails have succeeded.
    async fn more(&self) {
        let goals = (
            self.asked.load(Ordering::Relaxed) + 50,
            self.sent.load(Ordering::Relaxed) + 20,
        );
        let started = Instant::now();
        while self.asked.load(Ordering::Relaxed) < goals.0 || self.sent.load(Ordering::Relaxed) < goals.1 {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the load makes no progress"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it, and compares what is stored with what was acknowledged.
    async fn end(mut self, base: &str) {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("no call fails");
        }
        let used = Client::new(base).get("/api/me", &self.token).await.json();
        let stored = used["used"].as_u64().unwrap() / MAIL.len() as u64;
        assert_eq!(
            stored,
            self.sent.load(Ordering::Relaxed) as u64,
            "every mail answered 250 is stored once"
        );
    }
}
