//! The directory of embedded databases and generated keys.

use std::{
    fmt,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
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

/// Checks what exists already: the directory must be one, and its keys must be readable.
pub(crate) fn validate(path: &Path) -> Result<(), ConfigError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(problem(path, &"is not a directory")),
        // A start creates it.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(problem(path, &error)),
    }
    for name in [SIGNING_KEY, DATA_KEY] {
        existing_key(&path.join(name))?;
    }
    Ok(())
}

/// Creates the directory if it does not exist, for this user only.
pub(crate) fn create(path: &Path) -> Result<(), ConfigError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| problem(path, &error))
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

fn problem(path: &Path, error: &dyn fmt::Display) -> ConfigError {
    ConfigError::new("data_dir", format!("{}: {error}", path.display()))
}

/// Reads a key of embedded mode, or generates it (mode 0600) on the first start.
pub(crate) fn key(data_dir: &Path, name: &str) -> Result<SecretKey, ConfigError> {
    let path = data_dir.join(name);
    if let Some(key) = existing_key(&path)? {
        return Ok(key);
    }
    let key = SecretKey::random();
    // Written to a temporary file and renamed: a crash leaves no partial key, which would fail every later start.
    let fresh = data_dir.join(format!("{name}.new"));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| {
            writeln!(file, "{}", key.to_hex())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            fs::File::open(data_dir)?.sync_all()
        });
    written.map_err(|error| problem(&path, &error))?;
    Ok(key)
}

/// Returns the file of the operator's token, generated (mode 0600) on the first start.
pub(crate) fn admin_token(data_dir: &Path) -> Result<PathBuf, ConfigError> {
    let path = data_dir.join(ADMIN_TOKEN);
    let token = format!("operator {}\n", SecretKey::random().to_hex());
    let fresh = data_dir.join(format!("{ADMIN_TOKEN}.new"));
    let written = if path.exists() {
        Ok(())
    } else {
        create_private(&fresh, &token).and_then(|()| fs::rename(&fresh, &path))
    };
    written.map_err(|error| problem(&path, &error))?;
    Ok(path)
}

/// Writes a new file that only this user can read. What a start before left half written is replaced.
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn key_is_private_and_persistent() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        create(&data).unwrap();
        let generated = key(&data, "signing.key").unwrap();
        assert_eq!(key(&data, "signing.key").unwrap(), generated);
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
            key(&data, "signing.key")
                .unwrap_err()
                .to_string()
                .contains("signing.key")
        );
    }
}
