//! The directory of embedded databases and generated keys.

use std::{
    fmt,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use mayfly_runtime::config::ConfigError;
use mayfly_types::SecretKey;

/// The key that signs session tokens.
pub(crate) const SIGNING_KEY: &str = "signing.key";
/// The key that seals data of the mailbox service.
pub(crate) const DATA_KEY: &str = "data.key";

/// The token of the operator.
pub(crate) const ADMIN_TOKEN: &str = "admin.token";

/// Checks what exists already: the directory must be one that others cannot write to, and its keys must be readable.
pub(crate) fn validate(path: &Path) -> Result<(), ConfigError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => refuse_public(path, &metadata)?,
        Ok(_) => return Err(problem(path, &"is not a directory")),
        // A start creates it.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(problem(path, &error)),
    }
    for name in [SIGNING_KEY, DATA_KEY] {
        private_key(&path.join(name))?;
    }
    refuse_loose(&path.join(ADMIN_TOKEN))
}

/// Who can write to the directory can replace keys and databases, whatever their own modes.
fn refuse_public(path: &Path, metadata: &fs::Metadata) -> Result<(), ConfigError> {
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o002 == 0 {
        return Ok(());
    }
    let public = format!("every user can write to this directory (mode {mode:04o}); set its mode to 0700");
    Err(problem(path, &public))
}

/// Refuses a secret that other users can use. One that does not exist is none.
fn refuse_loose(path: &Path) -> Result<(), ConfigError> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(problem(path, &error)),
    };
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let loose = format!("other users can use this key (mode {mode:04o}); set its mode to 0600");
    Err(problem(path, &loose))
}

/// Creates the directory if it does not exist, for this user only. One that every user can write to is refused.
pub(crate) fn create(path: &Path) -> Result<(), ConfigError> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
    match created.and_then(|()| probe(path)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            // The owner of the process's own directory in /proc.
            let uid = fs::metadata("/proc/self").map_or_else(|_| "?".to_owned(), |own| own.uid().to_string());
            let text = format!(
                "is not writable for uid {uid}; run `chown -R {uid}:{uid}` on it (in a container, on the directory of the \
                 host that is mounted there)"
            );
            Err(problem(path, &text))
        }
        outcome => {
            let metadata = outcome.and_then(|()| fs::metadata(path));
            refuse_public(path, &metadata.map_err(|error| problem(path, &error))?)
        }
    }
}

/// Fails if this user can create no file. Other problems, such as a full disk, are left to the databases.
fn probe(path: &Path) -> io::Result<()> {
    let file = path.join(".writable");
    // An exclusively created file follows no symbolic link. One that is there was left by a start that crashed.
    let created = match OpenOptions::new().write(true).create_new(true).open(&file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    };
    match created.and_then(|()| fs::remove_file(&file)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}

/// Reads a generated key; `None` if it does not exist.
pub(crate) fn existing_key(path: &Path) -> Result<Option<SecretKey>, ConfigError> {
    match fs::read_to_string(path) {
        Ok(hex) => SecretKey::from_hex(&hex)
            .map(Some)
            .map_err(|error| problem(path, &error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(problem(path, &error)),
    }
}

/// Reads a generated key that other users cannot read: who may have read it can sign tokens.
fn private_key(path: &Path) -> Result<Option<SecretKey>, ConfigError> {
    let key = existing_key(path)?;
    refuse_loose(path)?;
    Ok(key)
}

fn problem(path: &Path, error: &dyn fmt::Display) -> ConfigError {
    ConfigError::new("data_dir", format!("{}: {error}", path.display()))
}

/// Reads a key of embedded mode, or generates it (mode 0600) on the first start, before the database that needs it is
/// created. A key that is missing beside its database is not replaced: what it sealed or signed would be lost.
pub(crate) fn key(data_dir: &Path, name: &str, database: &str) -> Result<SecretKey, ConfigError> {
    create(data_dir)?;
    let path = data_dir.join(name);
    if let Some(key) = private_key(&path)? {
        return Ok(key);
    }
    if data_dir.join(database).exists() {
        let missing = format!(
            "is missing beside {database}, whose data needs it: restore it from the backup, or write 64 hex digits to it \
             and so give up what the old key signed or sealed"
        );
        return Err(problem(&path, &missing));
    }
    let key = SecretKey::random();
    // Written to a temporary file and renamed: a crash leaves no partial key, which would fail every later start.
    let fresh = data_dir.join(format!("{name}.new"));
    let written = create_private(&fresh, &format!("{}\n", key.to_hex())).and_then(|()| {
        fs::rename(&fresh, &path)?;
        fs::File::open(data_dir)?.sync_all()
    });
    written.map_err(|error| problem(&path, &error))?;
    Ok(key)
}

/// Returns the file of the operator's token, generated (mode 0600) on the first start. Other users cannot read it.
pub(crate) fn admin_token(data_dir: &Path) -> Result<PathBuf, ConfigError> {
    let path = data_dir.join(ADMIN_TOKEN);
    let token = format!("operator {}\n", SecretKey::random().to_hex());
    let fresh = data_dir.join(format!("{ADMIN_TOKEN}.new"));
    if path.exists() {
        refuse_loose(&path)?;
        return Ok(path);
    }
    let written = create_private(&fresh, &token).and_then(|()| fs::rename(&fresh, &path));
    written.map_err(|error| problem(&path, &error))?;
    Ok(path)
}

/// Writes a new file that only this user can read, and replaces what a crashed start left. Removing and exclusively
/// creating the file follows no symbolic link.
fn create_private(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Refuses a start on mailboxes whose credentials are missing: no client could sign in to them.
pub(crate) fn require_database(data_dir: &Path, name: &str, dependent: &str) -> Result<(), ConfigError> {
    let path = data_dir.join(name);
    if !path.exists() && data_dir.join(dependent).exists() {
        let missing =
            format!("is missing beside {dependent}, whose data needs it: restore it from the backup");
        return Err(problem(&path, &missing));
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn key_is_private_and_persistent() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        create(&data).unwrap();
        let generated = key(&data, "signing.key", "auth.db").unwrap();
        assert_eq!(key(&data, "signing.key", "auth.db").unwrap(), generated);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(&data.join("signing.key"))), (0o700, 0o600));
        validate(&data).unwrap();
        fs::write(data.join("signing.key"), "damaged").unwrap();
        assert!(validate(&data).unwrap_err().to_string().contains("signing.key"));
        let file = data.join("signing.key");
        assert!(
            validate(&file)
                .unwrap_err()
                .to_string()
                .contains("not a directory")
        );
        validate(&dir.path().join("missing")).unwrap();
        assert!(
            key(&data, "signing.key", "auth.db")
                .unwrap_err()
                .to_string()
                .contains("signing.key")
        );
    }

    #[test]
    fn key_missing_beside_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("mailbox.db"), "rows").unwrap();
        for (name, refused) in [
            ("data.key", key(dir.path(), "data.key", "mailbox.db").map(drop)),
            ("auth.db", require_database(dir.path(), "auth.db", "mailbox.db")),
        ] {
            let error = refused.unwrap_err().to_string();
            assert!(
                error.contains(name) && error.contains("is missing beside mailbox.db"),
                "{error}"
            );
            assert!(!path(name).exists());
        }
    }

    #[test]
    fn key_readable_by_others_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        key(dir.path(), "signing.key", "auth.db").unwrap();
        let path = dir.path().join("signing.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        for refused in [
            validate(dir.path()),
            key(dir.path(), "signing.key", "auth.db").map(drop),
        ] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("0640"), "{error}");
        }
    }

    #[test]
    fn admin_token_readable_by_others_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = admin_token(dir.path()).unwrap();
        assert_eq!(admin_token(dir.path()).unwrap(), path);
        validate(dir.path()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        for refused in [validate(dir.path()), admin_token(dir.path()).map(drop)] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("admin.token") && error.contains("0604"), "{error}");
        }
    }

    #[test]
    fn directory_writable_by_others_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o777, 0o1777, 0o702] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            for refused in [
                validate(dir.path()),
                create(dir.path()),
                key(dir.path(), "signing.key", "auth.db").map(drop),
            ] {
                let error = refused.unwrap_err().to_string();
                assert!(error.contains(&format!("(mode {mode:04o})")), "{error}");
            }
        }
        // A group is the administrator's choice.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o2775)).unwrap();
        create(dir.path()).unwrap();
        validate(dir.path()).unwrap();
    }

    #[test]
    fn create_beside_symbolic_link_writes_nothing_through_it() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        fs::write(&target, "untouched").unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join(".writable")).unwrap();
        create(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        assert!(!dir.path().join(".writable").is_symlink());
    }

    #[test]
    fn key_beside_symbolic_link_writes_nothing_through_it() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        fs::write(&target, "untouched").unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join("signing.key.new")).unwrap();
        key(dir.path(), "signing.key", "auth.db").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        let written = fs::symlink_metadata(dir.path().join("signing.key")).unwrap();
        assert!(written.is_file());
    }
}
