//! The index of the words in messages, and how far it has come in each mailbox.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager},
    sea_orm,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// The words are a full-text table without content, which can only forget a row if it is given the words of the row again.
/// `message_search` keeps them, so that a trigger forgets the words of every message that is deleted, on whatever path.
/// The tokenizer `ascii` leaves our words as they are. `secure-delete` overwrites the words that are forgotten.
const SQLITE: &str = "
CREATE TABLE message_search (
    seq INTEGER PRIMARY KEY,
    account_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    tokenizer SMALLINT NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    files TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (message_id, account_id)
);
CREATE VIRTUAL TABLE message_terms USING fts5(
    scope, subject, sender, recipients, files, body,
    content='', detail=column, columnsize=0, tokenize='ascii'
);
INSERT INTO message_terms(message_terms, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER message_search_deleted AFTER DELETE ON message_search BEGIN
    INSERT INTO message_terms(message_terms, rowid, scope, subject, sender, recipients, files, body)
    VALUES ('delete', old.seq, old.scope, old.subject, old.sender, old.recipients, old.files, old.body);
END;
CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
    DELETE FROM message_search WHERE message_id = old.id AND account_id = old.account_id;
END;
CREATE TABLE search_cursors (
    account_id BLOB PRIMARY KEY REFERENCES mailboxes (id) ON DELETE CASCADE,
    indexed_message_id BLOB NOT NULL,
    tokenizer SMALLINT NOT NULL
) WITHOUT ROWID;
";

const POSTGRES: &str = "
CREATE TABLE message_terms (
    account_id UUID NOT NULL,
    message_id UUID NOT NULL,
    owner_user_id UUID NOT NULL,
    tokenizer SMALLINT NOT NULL,
    terms TSVECTOR NOT NULL,
    PRIMARY KEY (account_id, message_id),
    FOREIGN KEY (account_id, message_id) REFERENCES messages (account_id, id) ON DELETE CASCADE
);
CREATE INDEX message_terms_terms ON message_terms USING gin (terms);
CREATE INDEX message_terms_owner ON message_terms (owner_user_id, message_id);
CREATE TABLE search_cursors (
    account_id UUID PRIMARY KEY REFERENCES mailboxes (id) ON DELETE CASCADE,
    indexed_message_id UUID NOT NULL,
    tokenizer SMALLINT NOT NULL
);
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let schema = match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            _ => POSTGRES,
        };
        manager
            .get_connection()
            .execute_unprepared(schema)
            .await
            .map(drop)
    }
}
