//! The index in PostgreSQL: a `tsvector` of our words with a GIN index. A letter before each word says where it stands; the words
//! of the text have the letter of words anywhere.

use mayfly_search::{Column, Lookup, TOKENIZER_VERSION};
use mayfly_types::{AccountId, MessageId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::{Entry, Followed, Range, Sql};

/// The first messages among which words are looked for without the index: few, in some milliseconds, and then as many as an
/// answer needs of words that are not rare.
const FIRST: [u64; 2] = [2_000, 40_000];
/// Words are rare when fewer than one in so many messages has them: the index lists these sooner than reading finds them.
const RARE: u64 = 100;
/// The letter of words in any column.
const ANYWHERE: char = 'w';

/// Returns the letter of a column.
const fn letter_of(column: Column) -> char {
    match column {
        Column::Subject => 's',
        Column::Sender => 'f',
        Column::Recipients => 't',
        Column::Files => 'n',
        Column::Body => ANYWHERE,
    }
}

fn terms_of(entry: &Entry) -> Vec<String> {
    let mut terms = vec![
        format!("a{}", entry.account.as_uuid().simple()),
        format!("o{}", entry.owner.as_uuid().simple()),
    ];
    for (column, words) in Column::ALL.into_iter().zip(&entry.words) {
        for word in words {
            terms.push(format!("{ANYWHERE}{word}"));
            if letter_of(column) != ANYWHERE {
                terms.push(format!("{}{word}", letter_of(column)));
            }
        }
    }
    terms
}

/// Adds the words of a message, if it still exists.
pub(super) async fn insert(c: &impl ConnectionTrait, entry: &Entry) -> Result<(), DbErr> {
    let mut sql = Sql::new(
        DbBackend::Postgres,
        "INSERT INTO message_terms (account_id, message_id, owner_user_id, tokenizer, terms)
         SELECT account_id, id, CAST(",
    );
    sql.bind(entry.owner)
        .push(" AS uuid), CAST(")
        .bind(TOKENIZER_VERSION);
    // Words hold no separator, so one text carries them.
    sql.push(" AS smallint), array_to_tsvector(string_to_array(CAST(")
        .bind(terms_of(entry).join(" "));
    sql.push(" AS text), ' ')) FROM messages WHERE account_id = ")
        .bind(entry.account);
    sql.push(" AND id = ").bind(entry.message);
    sql.push(
        " FOR KEY SHARE
         ON CONFLICT (account_id, message_id) DO UPDATE
         SET terms = excluded.terms, tokenizer = excluded.tokenizer
         WHERE message_terms.tokenizer < excluded.tokenizer",
    );
    c.execute_raw(sql.build()).await.map(drop)
}

/// Lists the messages that have all words, in the order of the range.
///
/// The planner does not know how often a word occurs: it would look for a rare one among all messages in their order, or sort
/// every message that has a common one. So a common word is looked for among the first messages, and a rare one in the index.
pub(super) async fn list(
    c: &impl ConnectionTrait,
    whose: &Followed,
    lookups: &[Lookup],
    range: Range,
) -> Result<Vec<(AccountId, MessageId)>, DbErr> {
    if lookups.is_empty() {
        let mut sql = Sql::new(
            DbBackend::Postgres,
            "SELECT account_id, message_id FROM message_terms WHERE ",
        );
        push_whose(&mut sql, whose);
        sql.push_limits("account_id", whose);
        push_range(&mut sql, range, range.limit);
        return ids(c, sql).await;
    }
    for count in FIRST {
        let found = ids(c, among_first(count, whose, lookups, range)).await?;
        if found.len() as u64 == range.limit {
            return Ok(found);
        }
        if found.len() as u64 * RARE < count {
            break;
        }
    }
    ids(c, in_index(whose, lookups, range)).await
}

/// A statement that looks for words among the first messages of a range. The inner limit bounds what it reads.
fn among_first(count: u64, whose: &Followed, lookups: &[Lookup], range: Range) -> Sql {
    let mut sql = Sql::new(
        DbBackend::Postgres,
        "SELECT account_id, message_id FROM (SELECT account_id, message_id, terms FROM message_terms WHERE ",
    );
    push_whose(&mut sql, whose);
    push_range(&mut sql, range, count);
    sql.push(") first WHERE ");
    push_words(&mut sql, whose, lookups);
    sql.push_limits("account_id", whose);
    sql.push(" LIMIT ").bind(range.limit);
    sql
}

/// A statement that finds all messages with the words in the index, and sorts them.
fn in_index(whose: &Followed, lookups: &[Lookup], range: Range) -> Sql {
    let mut sql = Sql::new(
        DbBackend::Postgres,
        "WITH found AS MATERIALIZED (SELECT account_id, message_id FROM message_terms WHERE ",
    );
    push_whose(&mut sql, whose);
    sql.push(" AND ");
    push_words(&mut sql, whose, lookups);
    sql.push_limits("account_id", whose);
    sql.push(") SELECT account_id, message_id FROM found WHERE true");
    push_range(&mut sql, range, range.limit);
    sql
}

fn push_whose(sql: &mut Sql, whose: &Followed) {
    match whose {
        Followed::Mailbox(account) => sql.push("account_id = ").bind(*account),
        Followed::Owner(owner) => sql.push("owner_user_id = ").bind(owner.user),
    };
}

fn push_words(sql: &mut Sql, whose: &Followed, lookups: &[Lookup]) {
    sql.push("terms @@ CAST(")
        .bind(query_text(whose, lookups))
        .push(" AS tsquery)");
}

/// Appends where a range begins, its order, and a limit.
fn push_range(sql: &mut Sql, range: Range, limit: u64) {
    let (comparison, order) = match range.is_oldest_first {
        true => (" > ", "ASC"),
        false => (" < ", "DESC"),
    };
    if let Some(after) = range.after {
        sql.push(" AND message_id").push(comparison).bind(after);
    }
    sql.push(" ORDER BY message_id ").push(order);
    sql.push(" LIMIT ").bind(limit);
}

async fn ids(c: &impl ConnectionTrait, sql: Sql) -> Result<Vec<(AccountId, MessageId)>, DbErr> {
    let rows = c.query_all_raw(sql.build()).await?;
    let ids = |row: sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    rows.into_iter().map(ids).collect()
}

/// Returns the full-text query: quoted words, all of which must be there.
fn query_text(whose: &Followed, lookups: &[Lookup]) -> String {
    let scope = match whose {
        Followed::Mailbox(account) => format!("'a{}'", account.as_uuid().simple()),
        Followed::Owner(owner) => format!("'o{}'", owner.user.as_uuid().simple()),
    };
    let words = lookups.iter().map(|lookup| {
        let word = lookup.word.replace('\\', "\\\\").replace('\'', "''");
        let letter = lookup.column.map_or(ANYWHERE, letter_of);
        let star = if lookup.is_prefix { ":*" } else { "" };
        format!("'{letter}{word}'{star}")
    });
    std::iter::once(scope)
        .chain(words)
        .collect::<Vec<_>>()
        .join(" & ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_text_of_any_word_is_quoted() {
        let account = AccountId::from_uuid(uuid::Uuid::from_u128(1));
        let lookup = |column, word: &str, is_prefix| Lookup {
            column,
            word: word.to_owned(),
            is_prefix,
        };
        let lookups = [
            lookup(None, "a' | 'b\\", false),
            lookup(Some(Column::Sender), "ann", true),
        ];
        assert_eq!(
            query_text(&Followed::Mailbox(account), &lookups),
            "'a00000000000000000000000000000001' & 'wa'' | ''b\\\\' & 'fann':*"
        );
    }
}
