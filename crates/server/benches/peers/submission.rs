//! Submission with a login into a sandbox, compared with reception, and with Postfix and aiosmtpd that require a login.
//! `smtp-source` cannot log in, so one client of this process sends to all of them.

use std::{
    cell::Cell,
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::try_join_all;
use mayfly_testkit::MailSender;
use serde_json::json;

use crate::{
    client::Client,
    ingest::{BYTES, MAILS, SESSIONS},
    lab::{Lab, pids},
    postfix::Postfix,
    programs::{Server, cpu_seconds, free_address},
    rounds::{self, Contender, Sample},
    table::{Table, Target},
    world::{Kind, World},
};

const RECIPIENT: &str = "box@mayfly.test";
/// The login of the peers.
const PEER: (&str, &str) = ("app", "a-password-of-32-random-letters");
/// Bound of the time in which Postfix empties its queue.
const DELIVERY: Duration = Duration::from_secs(60);
/// It keeps no mail.
const AIOSMTPD: &str = r"
import asyncio, sys
from aiosmtpd.smtp import SMTP, AuthResult
_, port, username, password = sys.argv
class Handler:
    async def handle_DATA(self, server, session, envelope): return '250 OK'
def check(server, session, envelope, mechanism, login):
    return AuthResult(success=(login.login, login.password) == (username.encode(), password.encode()))
async def main():
    smtp = lambda: SMTP(Handler(), authenticator=check, auth_required=True, auth_require_tls=False)
    server = await asyncio.get_running_loop().create_server(smtp, '127.0.0.1', int(port))
    await server.serve_forever()
asyncio.run(main())
";

/// A stream of mails over several sessions.
#[derive(Debug, Clone, Copy)]
struct Stream {
    mails: usize,
    /// Whether a session is used for the next mail.
    is_kept: bool,
}

/// Where mails go.
#[derive(Debug)]
struct To<'a> {
    address: SocketAddr,
    recipient: &'a str,
    /// The initial response of AUTH PLAIN.
    login: Option<String>,
}

impl<'a> To<'a> {
    fn with_login(address: SocketAddr, recipient: &'a str, (username, password): (&str, &str)) -> Self {
        let login = STANDARD.encode(format!("\0{username}\0{password}"));
        Self {
            address,
            recipient,
            login: Some(login),
        }
    }

    async fn connect(&self) -> anyhow::Result<MailSender> {
        let mut session = MailSender::ready(self.address).await?;
        if let Some(login) = &self.login {
            let reply = session.command(&format!("AUTH PLAIN {login}")).await?;
            ensure!(reply.code == 235, "{reply:?}");
        }
        Ok(session)
    }
}

impl Stream {
    /// Sends all mails; a reply other than 250 is an error.
    async fn send(self, to: &To<'_>) -> anyhow::Result<()> {
        let line = "x".repeat(62) + "\r\n";
        let mail = format!("Subject: sent\r\n\r\n{}", line.repeat(BYTES / line.len()));
        let left = Cell::new(self.mails);
        let session = async || {
            let mut kept = None;
            while let Some(next) = left.get().checked_sub(1) {
                left.set(next);
                let mut session = match kept.take() {
                    Some(session) => session,
                    None => to.connect().await?,
                };
                let reply = session
                    .send("app@example.com", &[to.recipient], mail.as_bytes())
                    .await?;
                ensure!(reply.code == 250, "{reply:?}");
                if self.is_kept {
                    kept = Some(session);
                } else {
                    session.command("QUIT").await?;
                }
            }
            Ok(())
        };
        try_join_all((0..SESSIONS).map(|_| session())).await.map(drop)
    }

    /// Measures a server until `is_done`.
    fn timed(
        self,
        lab: &Lab,
        pids: &[u32],
        to: &To<'_>,
        is_done: impl Fn() -> bool,
    ) -> anyhow::Result<Sample> {
        let (started, before) = (Instant::now(), cpu_seconds(pids)?);
        lab.runtime.block_on(self.send(to))?;
        while !is_done() {
            ensure!(started.elapsed() < DELIVERY, "not all mails are delivered");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Sample::of(
            self.mails,
            started.elapsed(),
            cpu_seconds(pids)? - before,
        ))
    }

    /// Sends to a new mailbox without a login; with a Pro user's token, to one of theirs.
    fn to_mailbox(self, lab: &Lab, world: &World, pro: Option<&str>, name: usize) -> anyhow::Result<Sample> {
        let (client, address) = (world.client(), format!("received{name}@mayfly.test"));
        let mailbox = lab.runtime.block_on(client.create_mailbox(&address, pro));
        let to = To {
            address: world.smtp(),
            recipient: &address,
            login: None,
        };
        let sample = self.timed(lab, &pids(world), &to, || true)?;
        self.all_are_stored(lab, &client, "/api/messages", &mailbox.token)?;
        Ok(sample)
    }

    /// Sends to a new sandbox with its login.
    fn to_sandbox(self, lab: &Lab, world: &World, pro: &str, name: usize) -> anyhow::Result<Sample> {
        let client = world.client();
        // As many as it can keep: by default each mail after the first thousand would also remove one.
        let body = json!({"name": format!("{name}"), "max_messages": 10_000});
        let created = client.call("POST", "/pro/api/sandboxes", Some(pro), Some(body));
        let created = lab.runtime.block_on(created);
        ensure!(created.status == 201, "{created:?}");
        let sandbox = created.json();
        let text = |field: &str| sandbox[field].as_str().context("no such field");
        let login = (text("username")?, text("password")?);
        let to = To::with_login(world.smtp(), "ann@foreign.example", login);
        let sample = self.timed(lab, &pids(world), &to, || true)?;
        let path = format!("/pro/api/accounts/{}/messages", text("account_id")?);
        self.all_are_stored(lab, &client, &path, pro)?;
        Ok(sample)
    }

    /// Counts the stored mails: an answered mail that is missing is an error.
    fn all_are_stored(self, lab: &Lab, client: &Client, path: &str, token: &str) -> anyhow::Result<()> {
        let stored = lab.runtime.block_on(async {
            let mut stored = 0;
            for page in 1.. {
                let answer = client.get(&format!("{path}?page={page}"), token).await;
                ensure!(answer.status == 200, "{answer:?}");
                match answer.json()["messages"].as_array().map_or(0, Vec::len) {
                    0 => break,
                    more => stored += more,
                }
            }
            Ok(stored)
        })?;
        ensure!(
            stored == self.mails,
            "{stored} of {} mails answered 250 are there",
            self.mails
        );
        Ok(())
    }
}

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let quota = (4_u64 << 30).to_string();
    let world = lab.mayfly_with(Kind::AllInOne, &[("MAYFLY_MAILBOX__PRO_QUOTA_BYTES", &quota)]);
    let pro = lab.runtime.block_on(world.client().register("ann@example.com"));
    let postfix = Postfix::start_with_login(lab, PEER.0, PEER.1)?;
    let (aiosmtpd, aiosmtpd_address) = aiosmtpd()?;
    let boxes = Cell::new(0);
    let next = || boxes.replace(boxes.get() + 1);
    for is_kept in [true, false] {
        let stream = Stream {
            mails: if lab.is_quick { MAILS / 10 } else { MAILS },
            is_kept,
        };
        let contenders = [
            Contender::new("Mayfly, submission", || {
                stream.to_sandbox(lab, &world, &pro, next())
            }),
            // A sandbox belongs to a Pro user, so it is compared with a mailbox that does.
            Contender::new("Mayfly, reception for a Pro user", || {
                stream.to_mailbox(lab, &world, Some(&pro), next())
            }),
            Contender::new("Mayfly, reception without an owner", || {
                stream.to_mailbox(lab, &world, None, next())
            }),
            Contender::new("Postfix with SASL to a Maildir", || {
                let to = To::with_login(postfix.address, RECIPIENT, PEER);
                let is_done = || postfix.delivered() >= stream.mails;
                let sample = stream.timed(lab, &[postfix.server.pid()], &to, is_done)?;
                postfix.forget()?;
                Ok(sample)
            }),
            Contender::new("aiosmtpd that keeps nothing", || {
                let to = To::with_login(aiosmtpd_address, RECIPIENT, PEER);
                stream.timed(lab, &[aiosmtpd.pid()], &to, || true)
            }),
        ];
        let [submission, reception, unowned, postfix, aiosmtpd] = rounds::run(lab.rounds, contenders)?;
        let (how, against_reception) = if is_kept {
            ("connections kept", 0.95)
        } else {
            ("a connection and a login a mail", 0.6)
        };
        let what = format!("submission of {} × 4 KiB, {how}", stream.mails);
        for (peer, least) in [(&reception, against_reception), (&postfix, 5.0), (&aiosmtpd, 2.0)] {
            table.rate(&what, &submission, peer, Target::AtLeast(least));
        }
        table.rate(&what, &submission, &unowned, Target::None);
    }
    Ok(())
}

fn aiosmtpd() -> anyhow::Result<(Server, SocketAddr)> {
    let address = free_address()?;
    let python = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/tools/clients/bin/python"
    );
    let mut command = Command::new(python);
    command.args(["-c", AIOSMTPD, &address.port().to_string(), PEER.0, PEER.1]);
    // It warns of each login without TLS.
    command.stderr(Stdio::null());
    Ok((Server::start(&mut command, address)?, address))
}
