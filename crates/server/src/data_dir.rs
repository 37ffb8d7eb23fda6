//! The directory of embedded databases and keys.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use mayfly_runtime::config::ConfigError;
use mayfly_types::SecretKey;

/// Makes the directory if it is not there, for this user alone.
pub(crate) fn create(path: &Path) -> Result<(), ConfigError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| ConfigError::new("data_dir", format!("{}: {error}", path.display())))
}

/// Reads a key of embedded mode, or makes it (mode 0600) on the first start.
pub(crate) fn key(data_dir: &Path, name: &str) -> Result<SecretKey, ConfigError> {
    let path = data_dir.join(name);
    let problem =
        |error: &dyn std::fmt::Display| ConfigError::new("data_dir", format!("{}: {error}", path.display()));
    match fs::read_to_string(&path) {
        Ok(hex) => return SecretKey::from_hex(&hex).map_err(|error| problem(&error)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(problem(&error)),
    }
    let key = SecretKey::random();
    // Written beside and renamed, so that a crash leaves no half key that would refuse every later start.
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
    written.map_err(|error| problem(&error))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_private_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        create(&data).unwrap();
        let made = key(&data, "signing.key").unwrap();
        assert_eq!(key(&data, "signing.key").unwrap(), made);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(&data.join("signing.key"))), (0o700, 0o600));
        fs::write(data.join("signing.key"), "damaged").unwrap();
        assert!(
            key(&data, "signing.key")
                .unwrap_err()
                .to_string()
                .contains("signing.key")
        );
    }
}
