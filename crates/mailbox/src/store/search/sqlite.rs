//! The index in SQLite: a full-text table. Its rows are numbered in the order of message ids, so the newest come first without
//! sorting.

use mayfly_search::{Column, Lookup, TOKENIZER_VERSION};
use mayfly_types::{AccountId, MessageId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use super::{Entry, Followed, Range, Sql};

/// 2020-01-01, in milliseconds: a number of a row has 41 bits for the time since then.
const EPOCH_MS: u128 = 1_577_836_800_000;
/// The distance of the numbers of two messages of one millisecond.
const GAP: i64 = 1 << 16;
/// The columns that the full-text table has too.
const TEXTS: &str = "scope, subject, sender, recipients, files, body";

fn scope_of(kind: char, id: uuid::Uuid) -> String {
    format!("{kind}{}", id.simple())
}

/// Returns the number of a row by the time of its message, unless its neighbours require another.
fn number_of(id: MessageId) -> i64 {
    let millis = (id.as_uuid().as_u128() >> 80).saturating_sub(EPOCH_MS);
    i64::try_from(millis.min((1 << 41) - 1) << 22).unwrap_or(i64::MAX)
}

/// Chooses a number between those of the messages before and after a message. Messages of one millisecond are as far apart as
/// [`GAP`], so that messages of mailboxes that are indexed later fit between them.
fn number_between(id: MessageId, before: Option<i64>, after: Option<i64>) -> i64 {
    let before = before.unwrap_or(-1);
    let wanted = number_of(id).max(before.saturating_add(if before < number_of(id) { 1 } else { GAP }));
    match after {
        Some(after) if wanted >= after => before + (after - before) / 2,
        _ => wanted,
    }
}

/// What is stored of a message and of its neighbours.
#[derive(Debug, FromQueryResult)]
struct Place {
    is_stored: bool,
    /// The version of its words, if there are any.
    tokenizer: Option<i16>,
    /// The numbers of the messages before and after it.
    before: Option<i64>,
    after: Option<i64>,
}

async fn place_of(c: &impl ConnectionTrait, entry: &Entry) -> Result<Place, DbErr> {
    let mut sql = Sql::new(
        DbBackend::Sqlite,
        "SELECT EXISTS (SELECT 1 FROM messages WHERE account_id = ",
    );
    sql.bind(entry.account).push(" AND id = ").bind(entry.message);
    sql.push(") AS is_stored, (SELECT tokenizer FROM message_search WHERE message_id = ")
        .bind(entry.message);
    sql.push(" AND account_id = ").bind(entry.account);
    sql.push(") AS tokenizer, (SELECT seq FROM message_search WHERE message_id < ")
        .bind(entry.message);
    sql.push(
        " ORDER BY message_id DESC LIMIT 1) AS before, (SELECT seq FROM message_search WHERE message_id > ",
    )
    .bind(entry.message);
    sql.push(" ORDER BY message_id LIMIT 1) AS after");
    let place = Place::find_by_statement(sql.build()).one(c).await?;
    place.ok_or_else(|| DbErr::RecordNotFound("a row without a table".to_owned()))
}

/// Returns a free number that keeps the order of messages.
async fn free_number(
    c: &impl ConnectionTrait,
    id: MessageId,
    before: Option<i64>,
    after: Option<i64>,
) -> Result<i64, DbErr> {
    let number = number_between(id, before, after);
    if !is_taken(c, number).await? {
        return Ok(number);
    }
    // No number is left between the neighbours.
    let number = before.unwrap_or(-1) + 1;
    let mut end = number;
    while is_taken(c, end).await? {
        end += 1;
    }
    for taken in (number..end).rev() {
        renumber(c, taken, taken + 1).await?;
    }
    Ok(number)
}

async fn is_taken(c: &impl ConnectionTrait, number: i64) -> Result<bool, DbErr> {
    let mut taken = Sql::new(DbBackend::Sqlite, "SELECT seq FROM message_search WHERE seq = ");
    taken.bind(number);
    Ok(c.query_one_raw(taken.build()).await?.is_some())
}

/// Gives a row another number, in both tables.
async fn renumber(c: &impl ConnectionTrait, from: i64, to: i64) -> Result<(), DbErr> {
    let remove = format!(
        "INSERT INTO message_terms (message_terms, rowid, {TEXTS})
         SELECT 'delete', seq, {TEXTS} FROM message_search WHERE seq = "
    );
    let mut remove = Sql::new(DbBackend::Sqlite, &remove);
    remove.bind(from);
    let mut update = Sql::new(DbBackend::Sqlite, "UPDATE message_search SET seq = ");
    update.bind(to).push(" WHERE seq = ").bind(from);
    let add = format!(
        "INSERT INTO message_terms (rowid, {TEXTS}) SELECT seq, {TEXTS} FROM message_search WHERE seq = "
    );
    let mut add = Sql::new(DbBackend::Sqlite, &add);
    add.bind(to);
    for statement in [remove, update, add] {
        c.execute_raw(statement.build()).await?;
    }
    Ok(())
}

/// Adds the words of a message, if it still exists and they are not there.
pub(super) async fn insert(c: &impl ConnectionTrait, entry: &Entry) -> Result<(), DbErr> {
    let place = place_of(c, entry).await?;
    if !place.is_stored {
        return Ok(());
    }
    match place.tokenizer {
        Some(version) if version >= TOKENIZER_VERSION => return Ok(()),
        Some(_) => {
            let mut outdated = Sql::new(
                DbBackend::Sqlite,
                "DELETE FROM message_search WHERE message_id = ",
            );
            outdated
                .bind(entry.message)
                .push(" AND account_id = ")
                .bind(entry.account);
            c.execute_raw(outdated.build()).await?;
        }
        None => {}
    }
    let number = free_number(c, entry.message, place.before, place.after).await?;
    let scope = [
        scope_of('a', entry.account.as_uuid()),
        scope_of('o', entry.owner.as_uuid()),
    ];
    let texts: Vec<String> = std::iter::once(scope.join(" "))
        .chain(entry.words.iter().map(|words| words.join(" ")))
        .collect();
    let mut row = Sql::new(
        DbBackend::Sqlite,
        &format!("INSERT INTO message_search (seq, account_id, message_id, tokenizer, {TEXTS}) VALUES ("),
    );
    row.bind(number)
        .push(", ")
        .bind(entry.account)
        .push(", ")
        .bind(entry.message);
    row.push(", ").bind(TOKENIZER_VERSION);
    let mut terms = Sql::new(
        DbBackend::Sqlite,
        &format!("INSERT INTO message_terms (rowid, {TEXTS}) VALUES ("),
    );
    terms.bind(number);
    for text in &texts {
        row.push(", ").bind(text.as_str());
        terms.push(", ").bind(text.as_str());
    }
    row.push(")");
    terms.push(")");
    c.execute_raw(row.build()).await?;
    c.execute_raw(terms.build()).await.map(drop)
}

/// Lists the messages that have all words, in the order of the range.
pub(super) async fn list(
    c: &impl ConnectionTrait,
    whose: &Followed,
    lookups: &[Lookup],
    range: Range,
) -> Result<Vec<(AccountId, MessageId)>, DbErr> {
    let mut sql = Sql::new(
        DbBackend::Sqlite,
        "SELECT s.account_id, s.message_id FROM message_terms t JOIN message_search s ON s.seq = t.rowid
         WHERE message_terms MATCH ",
    );
    sql.bind(match_text(whose, lookups));
    sql.push_limits("s.account_id", whose);
    if let Some(after) = range.after {
        // The message itself can be deleted by now.
        match range.is_oldest_first {
            true => sql
                .push(" AND t.rowid > (SELECT coalesce(max(seq), -1) FROM (SELECT seq FROM message_search WHERE message_id <= ")
                .bind(after)
                .push(" ORDER BY message_id DESC LIMIT 1))"),
            false => sql
                .push(" AND t.rowid <= (SELECT coalesce(max(seq), -1) FROM (SELECT seq FROM message_search WHERE message_id < ")
                .bind(after)
                .push(" ORDER BY message_id DESC LIMIT 1))"),
        };
    }
    let order = if range.is_oldest_first { "ASC" } else { "DESC" };
    sql.push(" ORDER BY t.rowid ")
        .push(order)
        .push(" LIMIT ")
        .bind(range.limit);
    let rows = c.query_all_raw(sql.build()).await?;
    let ids = |row: sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    rows.into_iter().map(ids).collect()
}

/// Returns the full-text query. Words of users are quoted, and the scope is ours.
fn match_text(whose: &Followed, lookups: &[Lookup]) -> String {
    let scope = match whose {
        Followed::Mailbox(account) => scope_of('a', account.as_uuid()),
        Followed::Owner(owner) => scope_of('o', owner.user.as_uuid()),
    };
    let mut text = format!("scope : \"{scope}\"");
    for lookup in lookups {
        let columns = match lookup.column {
            None => "{subject sender recipients files body}",
            Some(Column::Subject) => "subject",
            Some(Column::Sender) => "sender",
            Some(Column::Recipients) => "recipients",
            Some(Column::Files) => "files",
            Some(Column::Body) => "body",
        };
        let word = lookup.word.replace('"', "\"\"");
        let star = if lookup.is_prefix { " *" } else { "" };
        text.push_str(&format!(" AND {columns} : \"{word}\"{star}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn number_between_neighbours_keeps_order() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let mut ids: Vec<MessageId> = (0..1000)
            .map(|n| MessageId::new(at(1_800_000_000 + n / 300)))
            .collect();
        ids.sort_unstable();
        // Every third message is indexed first, then the others.
        let mut numbers = std::collections::BTreeMap::new();
        let order = (0..1000).step_by(3).chain((0..1000).filter(|n| n % 3 != 0));
        for n in order {
            let before = numbers.range(..n).next_back().map(|(_, number)| *number);
            let after = numbers.range(n..).next().map(|(_, number)| *number);
            let number = number_between(ids[n], before, after);
            numbers.insert(n, number);
        }
        let numbers: Vec<i64> = numbers.into_values().collect();
        assert!(
            numbers.is_sorted_by(|a, b| a < b) && numbers[0] > 0,
            "{numbers:?}"
        );
    }

    #[test]
    fn match_text_of_any_word_is_quoted() {
        let account = AccountId::from_uuid(uuid::Uuid::from_u128(1));
        let lookup = Lookup {
            column: Some(Column::Body),
            word: "x\"y NEAR(".to_owned(),
            is_prefix: true,
        };
        assert_eq!(
            match_text(&Followed::Mailbox(account), &[lookup]),
            "scope : \"a00000000000000000000000000000001\" AND body : \"x\"\"y NEAR(\" *"
        );
    }
}
