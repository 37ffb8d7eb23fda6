//! Authenticated reads in one process on SQLite and in fleets over PostgreSQL and Redis (four and eight processes with a role
//! each, two with all roles), compared with nginx `auth_request` over static upstreams.

use anyhow::ensure;
use mayfly_testkit::MailSender;

use crate::{
    lab::{Lab, pids},
    nginx,
    rounds::{self, Contender},
    table::{Table, Target},
    world::{Kind, World},
    wrk::{self, Load},
};

const MAILS: usize = 30;
/// The response size of the peer, about that of `GET /api/me`.
const SMALL_BYTES: usize = 499;

/// A Mayfly with one mailbox that has a full page of mail.
struct Subject {
    world: World,
    token: String,
    list_bytes: usize,
}

impl Subject {
    fn start(lab: &Lab, kind: Kind) -> anyhow::Result<Self> {
        let world = lab.mayfly(kind);
        let (token, list) = lab.runtime.block_on(async {
            let client = world.client();
            let mailbox = client.create_mailbox("reader@mayfly.test", None).await;
            let mut sender = MailSender::ready(world.smtp()).await?;
            for number in 0..MAILS {
                let text = "Your order has left our warehouse and will be with you in two days.\r\n".repeat(56);
                let mail = format!(
                    "From: A Shop <shop@example.com>\r\nTo: reader@mayfly.test\r\nSubject: Order {number}\r\n\r\n{text}"
                );
                let reply = sender
                    .send("bounce@example.com", &["reader@mayfly.test"], mail.as_bytes())
                    .await?;
                ensure!(reply.code == 250, "{reply:?}");
            }
            ensure!(client.messages(&mailbox.token).await.len() == MAILS, "the page is not full");
            let list = client.get("/api/messages", &mailbox.token).await;
            Ok((mailbox.token, list))
        })?;
        Ok(Self {
            world,
            token,
            list_bytes: list.body.len(),
        })
    }

    fn asked<'a>(&'a self, lab: &'a Lab, name: &'static str, path: &str, connections: u32) -> Contender<'a> {
        let load = Load {
            url: format!("{}{path}", self.world.http()),
            token: Some(self.token.clone()),
            connections,
            ..Load::default()
        };
        Contender::new(name, move || wrk::measure(lab, &load, &pids(&self.world)))
    }
}

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let one = Subject::start(lab, Kind::AllInOne)?;
    let four = Subject::start(lab, Kind::Split)?;
    // wrk takes one address, so it calls one gateway of each.
    let eight = Subject::start(lab, Kind::Replicas)?;
    let whole = Subject::start(lab, Kind::Whole)?;
    let nginx = nginx::start(lab, &[("small", SMALL_BYTES), ("list", one.list_bytes)])?;
    let nginx_pids = [nginx.server.pid()];
    for connections in [32, 256] {
        let peer = |name, path| {
            let load = Load {
                url: format!("{}{path}", nginx.url),
                // nginx forwards the Authorization header, as the gateway does.
                token: Some(one.token.clone()),
                connections,
                ..Load::default()
            };
            Contender::new(name, move || wrk::measure(lab, &load, &nginx_pids))
        };
        let contenders = [
            one.asked(lab, "list, one process", "/api/messages", connections),
            peer("nginx, same bytes", "/list"),
            four.asked(lab, "list, four processes", "/api/messages", connections),
            one.asked(lab, "me, one process", "/api/me", connections),
            peer("nginx, 499 bytes", "/small"),
            four.asked(lab, "me, four processes", "/api/me", connections),
            eight.asked(lab, "list, eight processes", "/api/messages", connections),
            eight.asked(lab, "me, eight processes", "/api/me", connections),
            whole.asked(lab, "list, two with all roles", "/api/messages", connections),
            whole.asked(lab, "me, two with all roles", "/api/me", connections),
        ];
        let [
            list_one,
            big,
            list_four,
            me_one,
            small,
            me_four,
            list_eight,
            me_eight,
            list_whole,
            me_whole,
        ] = rounds::run(lab.rounds, contenders)?;
        // The target is for 32 connections; 256 are shown without one.
        let aim = |target| if connections == 32 { target } else { Target::None };
        let label = |what: &str| format!("{what}, {connections} connections");
        let list = format!("`GET /api/messages` ({} bytes)", one.list_bytes);
        let (one_process, four_processes) = (
            label(&format!("{list}, one process")),
            label(&format!("{list}, four")),
        );
        table.rate(&one_process, &list_one, &big, aim(Target::AtLeast(1.0)));
        table.rate(&one_process, &list_one, &small, aim(Target::AtLeast(1.0)));
        table.rate(&four_processes, &list_four, &big, aim(Target::AtLeast(0.5)));
        table.rate(&four_processes, &list_four, &small, aim(Target::AtLeast(0.5)));
        table.time(
            &format!("its p99, {connections} connections"),
            &list_four,
            &big,
            |s| s.p99_ms,
            aim(Target::AtMost(1.5)),
        );
        table.rate(
            &label("`GET /api/me`, one process"),
            &me_one,
            &small,
            aim(Target::AtLeast(1.5)),
        );
        table.rate(&label("`GET /api/me`, four"), &me_four, &small, Target::None);
        let eight_processes = label(&format!("{list}, two of each role"));
        table.rate(&eight_processes, &list_eight, &list_one, Target::None);
        table.rate(&eight_processes, &list_eight, &big, Target::None);
        let eight_processes = label("`GET /api/me`, two of each role");
        table.rate(&eight_processes, &me_eight, &me_one, Target::None);
        let two_processes = label(&format!("{list}, two processes with all roles"));
        table.rate(&two_processes, &list_whole, &big, aim(Target::AtLeast(0.8)));
        let two_processes = label("`GET /api/me`, two processes with all roles");
        table.rate(&two_processes, &me_whole, &small, Target::None);
    }
    Ok(())
}
