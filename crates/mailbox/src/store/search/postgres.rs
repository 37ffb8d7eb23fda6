//! The index in PostgreSQL: a `tsvector` of our words with a GIN index. A letter before each word says where it stands; the words
//! of the text have the letter of words anywhere.

use mayfly_search::{Column, Lookup, TOKENIZER_VERSION};
use mayfly_types::{AccountId, MessageId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::{Entry, Followed, Range, Sql};

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
pub(super) async fn list(
    c: &impl ConnectionTrait,
    whose: &Followed,
    lookups: &[Lookup],
    range: Range,
) -> Result<Vec<(AccountId, MessageId)>, DbErr> {
    let mut sql = Sql::new(
        DbBackend::Postgres,
        "SELECT account_id, message_id FROM message_terms WHERE ",
    );
    match whose {
        Followed::Mailbox(account) => sql.push("account_id = ").bind(*account),
        Followed::Owner(owner) => sql.push("owner_user_id = ").bind(owner.user),
    };
    sql.push_limits("account_id", whose);
    if !lookups.is_empty() {
        sql.push(" AND terms @@ CAST(")
            .bind(query_text(whose, lookups))
            .push(" AS tsquery)");
    }
    if let Some(after) = range.after {
        let comparison = if range.is_oldest_first { " > " } else { " < " };
        sql.push(" AND message_id").push(comparison).bind(after);
    }
    let order = if range.is_oldest_first { "ASC" } else { "DESC" };
    sql.push(" ORDER BY message_id ")
        .push(order)
        .push(" LIMIT ")
        .bind(range.limit);
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
