//! Fills the database of a stopped Mayfly with the mails of the corpus: rows that the service wrote for the templates, copied with
//! their placeholders replaced. Only usage figures are not written.

use std::fmt::Write;

use mayfly_database::Database;
use mayfly_types::{Clock, SystemClock};
use sea_orm::{ConnectionTrait, DbErr};

use super::corpus::{MAILBOX_SQL, MAILBOXES, TEMPLATES, VARIABLES};
use crate::world::World;

/// Mails of one transaction.
const CHUNK: usize = 100_000;
/// The distance of two mails in milliseconds. All of them are within the retention.
const STEP_MS: usize = 20;

/// Mailboxes that exist already, by their ids without hyphens.
#[derive(Debug)]
pub(crate) struct Existing<'a> {
    /// It has received the templates.
    pub(crate) template: &'a str,
    /// It becomes the first of the corpus.
    pub(crate) first: &'a str,
    /// It is marked as indexed for ever.
    pub(crate) unindexed: &'a str,
}

/// How a database writes what differs.
#[derive(Debug, Clone, Copy)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn uuid(self, hex: &str) -> String {
        match self {
            Self::Sqlite => format!("unhex({hex})"),
            Self::Postgres => format!("CAST({hex} AS uuid)"),
        }
    }

    /// A UUID without hyphens.
    fn hex(self, uuid: &str) -> String {
        match self {
            Self::Sqlite => format!("lower(hex({uuid}))"),
            Self::Postgres => format!("replace(CAST({uuid} AS text), '-', '')"),
        }
    }

    fn hex_number(self, number: &str) -> String {
        match self {
            Self::Sqlite => format!("printf('%012x', {number})"),
            Self::Postgres => format!("lpad(to_hex(CAST({number} AS bigint)), 12, '0')"),
        }
    }

    fn padded(self, number: &str, digits: usize) -> String {
        match self {
            Self::Sqlite => format!("printf('%0{digits}d', {number})"),
            Self::Postgres => format!("lpad(CAST({number} AS text), {digits}, '0')"),
        }
    }

    /// A text with the placeholders replaced by what the mail `i` has.
    fn replaced(self, text: &str) -> String {
        VARIABLES.iter().fold(text.to_owned(), |text, variable| {
            let value = self.padded(&format!("({})", variable.sql), variable.digits);
            format!(
                "replace({text}, '{}', '{}' || {value})",
                variable.placeholder, variable.prefix
            )
        })
    }

    fn replaced_bytes(self, bytes: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "CAST({} AS BLOB)",
                self.replaced(&format!("CAST({bytes} AS TEXT)"))
            ),
            Self::Postgres => {
                let text = self.replaced(&format!("convert_from({bytes}, 'UTF8')"));
                format!("convert_to({text}, 'UTF8')")
            }
        }
    }

    /// A UUID of version 7 with a time in milliseconds and a number.
    fn id(self, millis: &str, number: &str) -> String {
        let hex = format!(
            "{} || '70008000' || {}",
            self.hex_number(millis),
            self.hex_number(number)
        );
        self.uuid(&hex)
    }
}

/// The statements that fill one database.
#[derive(Debug)]
struct Fill<'a> {
    dialect: Dialect,
    existing: &'a Existing<'a>,
    mails: usize,
    /// The time of the first mail.
    begin_ms: usize,
}

/// Fills a world with so many mails in the mailboxes of one owner.
pub(crate) async fn fill(world: &World, existing: &Existing<'_>, mails: usize) -> anyhow::Result<()> {
    let now_ms = usize::try_from(SystemClock.now().unix_timestamp() * 1000)?;
    let fill = Fill {
        dialect: match world.servers {
            Some(_) => Dialect::Postgres,
            None => Dialect::Sqlite,
        },
        existing,
        mails,
        begin_ms: now_ms - (mails + 10_000) * STEP_MS,
    };
    let Some(servers) = &world.servers else {
        let db = Database::open_sqlite(&world.data_dir().join("mailbox.db")).await?;
        for statements in fill.transactions() {
            db.tx("fill", |tx| {
                let statements = statements.clone();
                Box::pin(async move { tx.execute_unprepared(&statements).await.map(drop) })
            })
            .await
            .map_err(|error: DbErr| error)?;
            eprint!(".");
        }
        db.close().await;
        eprintln!();
        return Ok(());
    };
    // An index of this kind is built faster after its rows.
    let postgres = &servers.postgres;
    let index =
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'mailbox' AND indexname = 'message_terms_terms'";
    let index = postgres.query("mailbox", index);
    let _ = postgres.query("mailbox", "DROP INDEX mailbox.message_terms_terms");
    for statements in fill.transactions() {
        let _ = postgres.query("mailbox", &format!("SET search_path = mailbox; {statements}"));
        eprint!(".");
    }
    let _ = postgres.query("mailbox", &index);
    // As autovacuum does for rows that arrive one by one.
    let _ = postgres.query("mailbox", "VACUUM ANALYZE");
    eprintln!();
    Ok(())
}

impl Fill<'_> {
    fn transactions(&self) -> Vec<String> {
        let mut all = vec![self.templates() + &self.mailboxes()];
        for from in (0..self.mails).step_by(CHUNK) {
            let to = (from + CHUNK).min(self.mails);
            all.push(self.raw_messages(from, to) + &self.messages(from, to) + &self.words(from, to));
        }
        all.push(self.totals() + &self.cursors() + "DROP TABLE bench_templates;");
        all
    }

    /// The rows of the templates together, numbered in the order in which they were sent.
    fn templates(&self) -> String {
        let index = match self.dialect {
            Dialect::Sqlite => {
                "s.seq, s.tokenizer, s.scope, s.subject AS subject_words, s.sender AS sender_words, s.recipients, s.files, s.body
                 FROM message_search s"
            }
            Dialect::Postgres => "s.owner_user_id, s.tokenizer, CAST(s.terms AS text) AS terms FROM message_terms s",
        };
        format!(
            "CREATE TABLE bench_templates AS
             SELECT row_number() OVER (ORDER BY m.id) - 1 AS number, m.*, r.extracted_version, r.extracted, r.bytes, {index}
             JOIN messages m ON m.account_id = s.account_id AND m.id = s.message_id
             JOIN raw_messages r ON r.id = m.raw_id
             WHERE m.account_id = {};",
            self.literal(self.existing.template)
        )
    }

    fn literal(&self, uuid: &str) -> String {
        self.dialect.uuid(&format!("'{uuid}'"))
    }

    /// The id of a mailbox by its number.
    fn mailbox_id(&self, number: &str) -> String {
        format!(
            "CASE WHEN {number} = 0 THEN {} ELSE {} END",
            self.literal(self.existing.first),
            self.dialect.id(&self.begin_ms.to_string(), number)
        )
    }

    fn mailboxes(&self) -> String {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
             INSERT INTO mailboxes (id, address, untagged_address, owner_user_id, state, quota_bytes, used_bytes, message_count,
               created_at_ms, last_active_at_ms, received_day, received_bytes)
             SELECT {}, 'm' || {} || '@mayfly.test', untagged_address, owner_user_id, state, quota_bytes, 0, 0,
               created_at_ms, last_active_at_ms, received_day, received_bytes
             FROM n CROSS JOIN mailboxes WHERE id = {};",
            MAILBOXES - 1,
            self.mailbox_id("i"),
            self.dialect.padded("i", 4),
            self.literal(self.existing.template),
        )
    }

    /// The time of a mail by its number.
    fn time(&self, number: &str) -> String {
        format!("({} + {number} * {STEP_MS})", self.begin_ms)
    }

    /// The id of a mail by its number.
    fn id(&self, number: &str) -> String {
        self.dialect.id(&self.time(number), number)
    }

    fn account(&self) -> String {
        self.mailbox_id(&format!("({MAILBOX_SQL})"))
    }

    fn numbers(from: usize, to: usize) -> String {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {})",
            to - 1
        )
    }

    fn source() -> String {
        format!("FROM n JOIN bench_templates t ON t.number = i % {TEMPLATES}")
    }

    fn raw_messages(&self, from: usize, to: usize) -> String {
        format!(
            "{} INSERT INTO raw_messages (id, extracted_version, extracted, bytes)
             SELECT {}, extracted_version, {}, {} {};",
            Self::numbers(from, to),
            self.id("i"),
            self.dialect.replaced("extracted"),
            self.dialect.replaced_bytes("bytes"),
            Self::source()
        )
    }

    fn messages(&self, from: usize, to: usize) -> String {
        let text = |column| self.dialect.replaced(column);
        format!(
            "{} INSERT INTO messages (account_id, id, raw_id, sender, from_header, subject, preview_text, size_bytes, is_read,
               created_at_ms, parse_status, has_attachments, addresses)
             SELECT {}, {id}, {id}, {}, {}, {}, {}, size_bytes, is_read, {}, parse_status, has_attachments, {} {};",
            Self::numbers(from, to),
            self.account(),
            text("sender"),
            text("from_header"),
            text("subject"),
            text("preview_text"),
            self.time("i"),
            text("addresses"),
            Self::source(),
            id = self.id("i"),
        )
    }

    /// The index.
    fn words(&self, from: usize, to: usize) -> String {
        let text = |column| self.dialect.replaced(column);
        let account = self.dialect.hex(&self.account());
        let with_account = |text: &str| format!("replace({text}, '{}', {account})", self.existing.template);
        let mut sql = Self::numbers(from, to);
        let _ = match self.dialect {
            // The number of a row is by the milliseconds of its message.
            Dialect::Sqlite => write!(
                sql,
                " INSERT INTO message_search
                    (seq, account_id, message_id, tokenizer, scope, subject, sender, recipients, files, body)
                  SELECT seq + (({} - created_at_ms) << 22), {}, {}, tokenizer, {}, {}, {}, {}, {}, {} {};
                  INSERT INTO message_terms (rowid, scope, subject, sender, recipients, files, body)
                  SELECT seq, scope, subject, sender, recipients, files, body FROM message_search
                  WHERE message_id BETWEEN {} AND {} ORDER BY seq;",
                self.time("i"),
                self.account(),
                self.id("i"),
                with_account("scope"),
                text("subject_words"),
                text("sender_words"),
                text("recipients"),
                text("files"),
                text("body"),
                Self::source(),
                self.id(&from.to_string()),
                self.id(&(to - 1).to_string()),
            ),
            Dialect::Postgres => write!(
                sql,
                " INSERT INTO message_terms (account_id, message_id, owner_user_id, tokenizer, terms)
                  SELECT {}, {}, owner_user_id, tokenizer, CAST({} AS tsvector) {};",
                self.account(),
                self.id("i"),
                with_account(&text("terms")),
                Self::source()
            ),
        };
        sql
    }

    /// What mailboxes count, and how far they are indexed.
    fn totals(&self) -> String {
        format!(
            "UPDATE mailboxes SET
               used_bytes = (SELECT coalesce(sum(size_bytes), 0) FROM messages WHERE account_id = mailboxes.id),
               message_count = (SELECT count(*) FROM messages WHERE account_id = mailboxes.id),
               last_message_id = (SELECT id FROM messages WHERE account_id = mailboxes.id ORDER BY id DESC LIMIT 1)
             WHERE owner_user_id = (SELECT owner_user_id FROM mailboxes WHERE id = {});",
            self.literal(self.existing.template)
        )
    }

    fn cursors(&self) -> String {
        format!(
            "INSERT INTO search_cursors (account_id, indexed_message_id, tokenizer)
             SELECT m.id, CASE WHEN m.id = {} THEN {} ELSE m.last_message_id END, t.tokenizer
             FROM mailboxes m JOIN (SELECT tokenizer FROM bench_templates LIMIT 1) t ON true
             WHERE m.owner_user_id = (SELECT owner_user_id FROM mailboxes WHERE id = {})
               AND (m.last_message_id IS NOT NULL OR m.id = {})
             ON CONFLICT (account_id) DO UPDATE SET indexed_message_id = excluded.indexed_message_id;",
            self.literal(self.existing.unindexed),
            self.literal(&"f".repeat(32)),
            self.literal(self.existing.template),
            self.literal(self.existing.unindexed),
        )
    }
}
