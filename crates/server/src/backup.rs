//! The command `mayfly backup`: copies the embedded databases and keys while Mayfly runs.
//!
//! The copy of `mailbox.db` is made before that of `auth.db`. A mailbox has its credential before it is active, so every active
//! mailbox of the first copy has a credential in the second, unless it was deleted in between. [`reconcile`] completes that
//! deletion in the copies.

mod manifest;
mod postgres;
mod reconcile;
mod restore;

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, bail};
use mayfly_database::{
    Database,
    backup::{copy_sqlite, remove_sqlite_side_files},
};
use mayfly_runtime::config::ConfigError;
use mayfly_types::SecretKey;

use self::manifest::Manifest;
pub(crate) use self::restore::restore;
use crate::{
    config::{Config, Role},
    data_dir::{self, DATA_KEY, SIGNING_KEY},
};

/// Services in the order of their copies.
const SERVICES: [Role; 2] = [Role::Mailbox, Role::Auth];
const KEYS: [&str; 2] = [SIGNING_KEY, DATA_KEY];

/// Runs `mayfly backup DIR`.
pub(crate) fn run(config: &Config, dir: &Path) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        if config.database.is_set() {
            return postgres::advise(config, dir).await;
        }
        backup(config, dir).await
    })?;
    io::stdout().write_all(report.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The name of a service's database.
fn file_of(service: Role) -> String {
    format!("{service}.db")
}

/// Whether a backup has files of this name.
fn is_content(name: &str) -> bool {
    KEYS.contains(&name) || SERVICES.into_iter().any(|service| file_of(service) == name)
}

/// The services whose databases this process has.
fn services(config: &Config) -> impl Iterator<Item = Role> {
    SERVICES.into_iter().filter(|service| config.has(*service))
}

/// Copies, reconciles and checks. The manifest is written last: a directory without one is no backup.
async fn backup(config: &Config, dir: &Path) -> anyhow::Result<String> {
    for service in services(config) {
        let file = config.data_dir.join(file_of(service));
        if !file.is_file() {
            bail!("data_dir: {} does not exist", file.display());
        }
    }
    create_empty(dir)?;
    for key in KEYS {
        let from = config.data_dir.join(key);
        if from.exists() {
            let source = File::open(&from).with_context(|| from.display().to_string())?;
            copy_file(source, &dir.join(key))?;
        }
    }
    for service in services(config) {
        let file = file_of(service);
        copy_sqlite(&config.data_dir.join(&file), &dir.join(&file)).await?;
    }
    let blobs = copy_blobs(config, dir).await?;
    if services(config).count() == SERVICES.len() {
        reconcile::reconcile(dir).await?;
    }
    let schema = check_contents(config, dir).await?;
    let manifest = Manifest::of(dir, schema)?;
    manifest.write(dir)?;
    let mut report = format!("backed up to {}\n", dir.display());
    report.push_str(&manifest.summary());
    report.push_str(&blobs);
    for key in configured_keys(config)? {
        let _ = writeln!(report, "  keep {key} with it: it is in your configuration");
    }
    Ok(report)
}

/// Returns the keys that are in the configuration, not in the data directory.
fn configured_keys(config: &Config) -> Result<Vec<&'static str>, ConfigError> {
    let keys = [
        ("auth.signing_key", config.auth.signing_keys()?),
        ("mailbox.data_key", config.mailbox.data_keys()?),
    ];
    let configured = keys.into_iter().filter(|(_, keys)| !keys.is_empty());
    Ok(configured.map(|(name, _)| name).collect())
}

/// Checks the databases in a directory, and that the keys there or in the configuration open what is sealed. Returns the newest
/// migration of each database.
async fn check_contents(config: &Config, dir: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut schema = Vec::new();
    for service in SERVICES {
        let file = dir.join(file_of(service));
        if !file.exists() {
            continue;
        }
        let database = Database::open_sqlite_copy(&file).await?;
        let newest = match service {
            Role::Auth => mayfly_auth::backup::check(&database).await,
            _ => mayfly_mailbox::backup::check(&database).await,
        };
        if service == Role::Mailbox {
            let keys = keys(config.mailbox.data_keys()?, dir, DATA_KEY)?;
            check_sealed(&database, &keys, DATA_KEY).await?;
            check_blobs(config, &database).await?;
        } else {
            let has_keys = !keys(config.auth.signing_keys()?, dir, SIGNING_KEY)?.is_empty();
            let has_credentials = !mayfly_auth::backup::list_accounts(&database, None, 1)
                .await?
                .is_empty();
            if has_credentials && !has_keys {
                bail!("{SIGNING_KEY} is missing: no token of the mailboxes would be valid");
            }
        }
        database.close().await;
        schema.push((service.to_string(), newest?));
    }
    if schema.is_empty() {
        bail!("{}: has no database", dir.display());
    }
    Ok(schema)
}

/// Checks that large messages are in the database, or that the configuration names a bucket.
async fn check_blobs(config: &Config, database: &Database) -> anyhow::Result<()> {
    let elsewhere = mayfly_mailbox::backup::count_blobs_elsewhere(database).await?;
    let has_bucket = config.blobs.url.is_some() && config.blobs.directory().is_none();
    if elsewhere > 0 && !has_bucket {
        bail!("blobs.url: {elsewhere} large messages are not in the database; set it as the server has it");
    }
    Ok(())
}

/// Copies large messages from files into the copy of the database, so that a backup needs no other files. Returns what to
/// know about them.
async fn copy_blobs(config: &Config, dir: &Path) -> anyhow::Result<String> {
    if !config.has(Role::Mailbox) {
        return Ok(String::new());
    }
    let database = Database::open_sqlite(&dir.join(file_of(Role::Mailbox))).await?;
    let report = match (config.blobs.directory(), &config.blobs.url) {
        (Some(blobs), _) => {
            let counts = mayfly_mailbox::backup::copy_blobs(&database, &blobs).await?;
            let mut report = format!("  with {} large messages of {}\n", counts.copied, blobs.display());
            if counts.deleted > 0 {
                let _ = writeln!(report, "  without {} that were deleted meanwhile", counts.deleted);
            }
            report
        }
        (None, Some(_)) => "  keep the bucket of blobs.url with it: large messages are there\n".to_owned(),
        (None, None) => String::new(),
    };
    mayfly_mailbox::backup::disown_blobs(&database).await?;
    database.close().await;
    drop(database);
    remove_side_files(dir)?;
    Ok(report)
}

/// Returns the configured keys, or the generated one in a directory.
fn keys(configured: Vec<SecretKey>, dir: &Path, name: &str) -> Result<Vec<SecretKey>, ConfigError> {
    if !configured.is_empty() {
        return Ok(configured);
    }
    Ok(data_dir::existing_key(&dir.join(name))?.into_iter().collect())
}

/// Checks that the keys open every webhook secret.
async fn check_sealed(database: &Database, keys: &[SecretKey], name: &str) -> anyhow::Result<()> {
    let sealed = mayfly_mailbox::backup::count_sealed(database, keys).await?;
    if sealed.unreadable == 0 {
        return Ok(());
    }
    let webhooks = format!("{} of {} webhooks", sealed.unreadable, sealed.total);
    match keys.is_empty() {
        true => bail!("{name} is missing: the secrets of {webhooks} cannot be opened"),
        false => bail!("{name} is not the key that sealed the secrets of {webhooks}"),
    }
}

/// Creates a directory for this user only, or accepts an empty one.
fn create_empty(dir: &Path) -> anyhow::Result<()> {
    let at = || dir.display().to_string();
    match fs::read_dir(dir) {
        Ok(entries) => match entries.count() {
            0 => Ok(()),
            _ => bail!("{}: is not empty", at()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700).create(dir).with_context(at)
        }
        Err(error) => Err(error).with_context(at),
    }
}

/// Copies a file to a new one of mode 0600, and syncs it.
fn copy_file(mut source: File, to: &Path) -> anyhow::Result<()> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .and_then(|mut target| {
            io::copy(&mut source, &mut target)?;
            target.sync_all()
        });
    written.with_context(|| to.display().to_string())
}

/// Removes what is left beside the closed databases of a directory.
fn remove_side_files(dir: &Path) -> anyhow::Result<()> {
    for service in SERVICES {
        let file = dir.join(file_of(service));
        remove_sqlite_side_files(&file).with_context(|| file.display().to_string())?;
    }
    Ok(())
}
