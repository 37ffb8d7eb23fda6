//! Search over many mails of one owner, on both databases, compared with notmuch over the same mails; and, as a bench of its own,
//! what the indexer takes from deliveries.

mod corpus;
mod fill;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use mayfly_testkit::MailSender;
use serde_json::Value;

use self::{
    corpus::{
        COMMON_WORDS, MAILBOXES, RARE_MAILS, SHARE, TEMPLATES, address_of, mail, rare_word_of, template,
    },
    fill::Existing,
};
use crate::{
    client::Mailbox,
    ingest::{MAILS, SESSIONS},
    lab::{Lab, pids},
    programs::{cpu_seconds, find, run},
    push::percentiles,
    rounds::{self, Contender, Sample, Series},
    table::{Table, Target},
    world::{Kind, World},
};

/// Bound of the time in which mails become searchable.
const INDEXING: Duration = Duration::from_secs(120);
/// Messages of a page.
const PAGE: usize = 30;
const QUOTA: u64 = 8 << 30;

/// Whose mails are searched, for which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    RareWords,
    CommonWords,
    /// Common words in the first mailbox.
    OneMailbox,
}

impl Scope {
    const ALL: [Self; 3] = [Self::RareWords, Self::CommonWords, Self::OneMailbox];

    /// The words of the query with a number.
    fn query(self, number: usize, mails: usize) -> String {
        match self {
            // Spread over all mails, and rarely the same twice.
            Self::RareWords => rare_word_of(number * 7919 % mails),
            Self::CommonWords | Self::OneMailbox => COMMON_WORDS[number % COMMON_WORDS.len()].to_owned(),
        }
    }

    /// Messages of the first page.
    fn found(self) -> usize {
        match self {
            Self::RareWords => RARE_MAILS,
            Self::CommonWords | Self::OneMailbox => PAGE,
        }
    }
}

/// A filled Mayfly.
#[derive(Debug)]
struct Store {
    world: World,
    /// The owner's token.
    pro: String,
    first: Mailbox,
    indexed: String,
    unindexed: String,
}

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let mails = mails(lab);
    let [sqlite, postgres] = [Kind::AllInOne, Kind::Split].map(|kind| Store::filled(lab, kind, mails));
    let (sqlite, postgres) = (sqlite?, postgres?);
    let notmuch = Notmuch::filled(&lab.dir.path().join("notmuch"), mails)?;
    for scope in Scope::ALL {
        let contenders = [
            Contender::new("Mayfly on SQLite", || sqlite.search(lab, scope, mails)),
            Contender::new("Mayfly on PostgreSQL", || postgres.search(lab, scope, mails)),
            Contender::new("notmuch, a process a query", || notmuch.search(lab, scope, mails)),
        ];
        let [on_sqlite, on_postgres, by_notmuch] = rounds::run(lab.rounds, contenders)?;
        let (what, limits) = match scope {
            Scope::RareWords => (
                format!("a rare word, {mails} mails in {MAILBOXES} mailboxes"),
                [50.0, 80.0],
            ),
            Scope::CommonWords => (
                format!("a common word, {mails} mails in {MAILBOXES} mailboxes"),
                [50.0, 80.0],
            ),
            Scope::OneMailbox => (
                format!("a common word, a mailbox of {} mails", mails / SHARE),
                [10.0, 10.0],
            ),
        };
        for (series, limit) in [(&on_sqlite, limits[0]), (&on_postgres, limits[1])] {
            table.rate(&what, series, &by_notmuch, Target::None);
            let p99 = series.median(|sample| sample.p99_ms);
            table.limit(
                &format!("{what}: p99, {}", series.name),
                p99,
                "ms",
                Target::AtMost(limit),
            );
        }
    }
    Ok(())
}

fn mails(lab: &Lab) -> usize {
    if lab.is_quick { 20_000 } else { 1_000_000 }
}

/// What the indexer takes from deliveries.
pub(crate) fn bench_indexing(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let mails = mails(lab);
    for kind in [Kind::AllInOne, Kind::Split] {
        let store = Store::filled(lab, kind, mails)?;
        let [indexed, unindexed] = store.deliveries(lab)?;
        let what = format!("delivery while {mails} mails are stored, {}", store.name());
        table.rate(&what, &indexed, &unindexed, Target::AtLeast(0.95));
    }
    Ok(())
}

/// Searches of one round.
fn queries(lab: &Lab) -> usize {
    if lab.is_quick { 50 } else { 400 }
}

impl Store {
    /// Starts Mayfly with so many mails in the mailboxes of one owner.
    fn filled(lab: &Lab, kind: Kind, mails: usize) -> anyhow::Result<Self> {
        let quota = QUOTA.to_string();
        let limits = [
            ("MAYFLY_MAILBOX__PRO_QUOTA_BYTES", quota.as_str()),
            ("MAYFLY_MAILBOX__MAX_ACCOUNTS", "2000"),
        ];
        let world = lab.mayfly_with(kind, &limits);
        let client = world.client();
        let create = async |pro: &str, address: &str| client.create_mailbox(address, Some(pro)).await;
        let (pro, copied, first, indexed, unindexed) = lab.runtime.block_on(async {
            let pro = client.register("ann@example.com").await;
            let copied = create(&pro, "m8305@mayfly.test").await;
            let first = create(&pro, &address_of(0)).await;
            let indexed = create(&pro, "indexed@mayfly.test").await;
            let unindexed = create(&pro, "unindexed@mayfly.test").await;
            (pro, copied, first, indexed, unindexed)
        });
        let templates = (0..TEMPLATES).map(template).collect();
        lab.runtime
            .block_on(deliver(&world, &copied.address, templates, 1))?;
        let mut store = Self {
            pro,
            first,
            indexed: indexed.address,
            unindexed: unindexed.address.clone(),
            world,
        };
        lab.runtime.block_on(store.wait_until_indexed())?;
        let ids = [&copied.id, &store.first.id, &unindexed.id].map(|id| id.replace('-', ""));
        let existing = Existing {
            template: &ids[0],
            first: &ids[1],
            unindexed: &ids[2],
        };
        for role in ["gateway", "smtp", "auth", "mailbox"] {
            if kind != Kind::AllInOne || role == "gateway" {
                store.world.process(role).terminate();
            }
        }
        let started = Instant::now();
        eprint!("  filling {}: ", store.name());
        lab.runtime.block_on(fill::fill(&store.world, &existing, mails))?;
        eprintln!("  {mails} mails in {:.0} s", started.elapsed().as_secs_f64());
        store.world.kill_and_restart();
        lab.runtime.block_on(store.check(mails))?;
        Ok(store)
    }

    fn name(&self) -> &'static str {
        match self.world.kind {
            Kind::AllInOne => "SQLite",
            Kind::Split | Kind::Replicas | Kind::Whole => "PostgreSQL",
        }
    }

    async fn page(&self, token: &str, scope: Scope, query: &str) -> anyhow::Result<Value> {
        let base = if scope == Scope::OneMailbox {
            "/api"
        } else {
            "/pro/api"
        };
        // Words, fields and spaces are all that is in a query here.
        let query = query.replace(' ', "+");
        let client = self.world.client();
        let answer = client
            .get(&format!("{base}/messages/search?q={query}&limit={PAGE}"), token)
            .await;
        ensure!(answer.status == 200, "{query}: {answer:?}");
        Ok(answer.json())
    }

    /// Returns when every mail is indexed.
    async fn wait_until_indexed(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.page(&self.pro, Scope::RareWords, "absent").await?["complete"] != true {
            ensure!(started.elapsed() < INDEXING, "not all mails are indexed");
        }
        Ok(())
    }

    /// Checks that a copied mail has what the service writes for the same mail, and is found by the same words.
    async fn check(&self, mails: usize) -> anyhow::Result<()> {
        // In the first mailbox, and not of the first template.
        let number = mails / 2 / SHARE * SHARE;
        let mail = mail(number);
        deliver(&self.world, &address_of(0), vec![mail.clone()], 1).await?;
        self.wait_until_indexed().await?;
        let same = async |query: &str| -> anyhow::Result<Vec<Value>> {
            let page = self.page(&self.first.token, Scope::OneMailbox, query).await?;
            let found = page["messages"].as_array().context("messages")?.clone();
            ensure!(
                found.len() == 2,
                "{query}: {} messages in place of two",
                found.len()
            );
            Ok(found)
        };
        let order = format!("subject:{number:07}");
        let (_, body) = mail.split_once("\r\n\r\n").context("a body")?;
        let words = body
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        for word in words.chain(["from:riverside", "to:m0000", "to:customer"]) {
            same(&format!("{order} {word}")).await?;
        }
        let mut found = same(&order).await?;
        for message in &mut found {
            for unequal in ["id", "created_at"] {
                message.as_object_mut().context("an object")?.remove(unequal);
            }
        }
        ensure!(found[0] == found[1], "{found:?}");
        Ok(())
    }

    fn search(&self, lab: &Lab, scope: Scope, mails: usize) -> anyhow::Result<Sample> {
        let client = self.world.client();
        let (token, base) = match scope {
            Scope::OneMailbox => (&self.first.token, "/api"),
            _ => (&self.pro, "/pro/api"),
        };
        measure(&pids(&self.world), queries(lab), |number| {
            let query = scope.query(number, mails);
            let path = format!("{base}/messages/search?q={query}&limit={PAGE}");
            let answer = lab.runtime.block_on(client.get(&path, token));
            ensure!(answer.status == 200, "{query}: {answer:?}");
            let page = answer.json();
            let found = page["messages"].as_array().map_or(0, Vec::len);
            // The mail that was checked is there twice.
            ensure!(
                found.abs_diff(scope.found()) <= 1 && page["complete"] == true,
                "{query}: {found} messages, complete: {}",
                page["complete"]
            );
            Ok(())
        })
    }

    /// Delivers to a mailbox that is indexed, and to one that is not.
    fn deliveries(&self, lab: &Lab) -> anyhow::Result<[Series; 2]> {
        let mails = if lab.is_quick { MAILS / 10 } else { MAILS * 2 };
        let measured = |address: &str| -> anyhow::Result<Sample> {
            let sent = (0..mails).map(mail).collect();
            let pids = pids(&self.world);
            let (started, before) = (Instant::now(), cpu_seconds(&pids)?);
            lab.runtime
                .block_on(deliver(&self.world, address, sent, SESSIONS))?;
            let (elapsed, cpu) = (started.elapsed(), cpu_seconds(&pids)? - before);
            // What is not indexed yet does not slow the next contender.
            lab.runtime.block_on(self.wait_until_indexed())?;
            Ok(Sample::of(mails, elapsed, cpu))
        };
        let contenders = [
            Contender::new("with the indexer", || measured(&self.indexed)),
            Contender::new("without the indexer", || measured(&self.unindexed)),
        ];
        // Most of a delivery is the disk, whose speed varies between rounds.
        rounds::run(2 * lab.rounds + 1, contenders)
    }
}

/// Sends mails over kept sessions; a reply other than 250 is an error.
async fn deliver(world: &World, address: &str, mails: Vec<String>, sessions: usize) -> anyhow::Result<()> {
    let left = std::cell::RefCell::new(mails.into_iter());
    let next = || left.borrow_mut().next();
    let session = async || {
        let mut session = MailSender::ready(world.smtp()).await?;
        while let Some(mail) = next() {
            let reply = session
                .send("bounce@shop.example", &[address], mail.as_bytes())
                .await?;
            ensure!(reply.code == 250, "{reply:?}");
        }
        Ok(())
    };
    try_join_all((0..sessions).map(|_| session())).await.map(drop)
}

/// Measures operations one after the other.
fn measure(
    pids: &[u32],
    operations: usize,
    mut operate: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Sample> {
    let (started, before) = (Instant::now(), cpu_seconds(pids)?);
    let mut took = Vec::with_capacity(operations);
    for number in 0..operations {
        let started = Instant::now();
        operate(number)?;
        took.push(started.elapsed());
    }
    let [(_, p50_ms), (_, p99_ms)] = percentiles(took);
    Ok(Sample {
        p50_ms,
        p99_ms,
        ..Sample::of(operations, started.elapsed(), cpu_seconds(pids)? - before)
    })
}

/// An index of notmuch over the mails as Maildirs.
#[derive(Debug)]
struct Notmuch {
    program: PathBuf,
    config: PathBuf,
}

impl Notmuch {
    fn filled(dir: &Path, mails: usize) -> anyhow::Result<Self> {
        let (maildirs, config) = (dir.join("mails"), dir.join("config"));
        let started = Instant::now();
        corpus::write_maildirs(&maildirs, mails)?;
        // Mayfly's mails have no tags.
        let settings = format!(
            "[database]\npath={}\n[user]\nprimary_email=ann@example.com\n[new]\ntags=\n[search]\nexclude_tags=\n",
            maildirs.display()
        );
        fs::write(&config, settings)?;
        let notmuch = Self {
            program: find("notmuch")?,
            config,
        };
        run(notmuch.command().args(["new", "--quiet"]))?;
        let count = run(notmuch.command().args(["count", "*"]))?;
        ensure!(count.trim() == mails.to_string(), "notmuch has indexed {count}");
        eprintln!(
            "  filling notmuch: {mails} mails in {:.0} s",
            started.elapsed().as_secs_f64()
        );
        Ok(notmuch)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("NOTMUCH_CONFIG", &self.config);
        command
    }

    fn search(&self, lab: &Lab, scope: Scope, mails: usize) -> anyhow::Result<Sample> {
        measure(&[std::process::id()], queries(lab), |number| {
            let mut query = scope.query(number, mails);
            if scope == Scope::OneMailbox {
                query = format!("folder:m0000 and {query}");
            }
            let mut command = self.command();
            command.args(["search", "--format=json", "--sort=newest-first"]);
            let page = run(command.arg(format!("--limit={PAGE}")).arg(&query))?;
            let found = serde_json::from_str::<Vec<Value>>(&page)?.len();
            ensure!(found == scope.found(), "{query}: {found} messages");
            Ok(())
        })
    }
}
