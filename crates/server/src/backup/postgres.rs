//! Backups of PostgreSQL: its own programs make them. Mayfly says how, and checks the databases and keys.

use std::{fmt::Write as _, path::Path};

use anyhow::bail;
use mayfly_database::Database;

use super::{Role, SERVICES, check_sealed, services};
use crate::config::Config;

/// Checks the databases of the roles here, and returns the commands that back them up.
pub(super) async fn advise(config: &Config, dir: &Path) -> anyhow::Result<String> {
    check_databases(config).await?;
    let dir = dir.display();
    let mut text = format!(
        "# the data is in PostgreSQL, whose own program makes a backup while Mayfly runs\n\
         mkdir -m 700 '{dir}'\n"
    );
    if services(config).count() == SERVICES.len() {
        // One dump is one snapshot.
        let _ = writeln!(
            text,
            "pg_dump --format=custom --schema=mailbox --schema=auth --file='{dir}/mayfly.dump' \
             \"$MAYFLY_DATABASE__URL\""
        );
    } else {
        text.push_str("# mailbox before auth: a mailbox without a credential cannot be used\n");
        for service in services(config) {
            let _ = writeln!(
                text,
                "pg_dump --format=custom --schema={service} --file='{dir}/{service}.dump' \
                 \"$MAYFLY_DATABASE__URL\""
            );
        }
    }
    if config.blobs.url.is_some() {
        text.push_str("# then copy blobs.url: a message that is there and not in the dump does no harm\n");
    }
    text.push_str("# keep auth.signing_key and mailbox.data_key with it; Redis needs no backup\n");
    Ok(text)
}

/// Checks restored databases.
pub(super) async fn check(config: &Config, is_check: bool) -> anyhow::Result<String> {
    if !is_check {
        bail!(
            "the data is in PostgreSQL: restore it with pg_restore, as docs/OPERATING.md says, then run `mayfly restore --check`"
        );
    }
    check_databases(config).await?;
    Ok("the databases can be used with these keys\n".to_owned())
}

async fn check_databases(config: &Config) -> anyhow::Result<()> {
    if services(config).next().is_none() {
        bail!("roles: name auth, mailbox or both");
    }
    for service in services(config) {
        let database = Database::open_postgres(&config.database, service.as_str()).await?;
        match service {
            Role::Auth => mayfly_auth::backup::check(&database).await?,
            _ => mayfly_mailbox::backup::check(&database).await?,
        };
        if service == Role::Mailbox {
            check_sealed(&database, &config.mailbox.data_keys()?, "mailbox.data_key").await?;
        }
        database.close().await;
    }
    Ok(())
}
