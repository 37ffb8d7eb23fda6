//! A self-signed certificate in the data directory, for STARTTLS and implicit TLS in tests.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use mayfly_runtime::config::ConfigError;

/// The files of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Creates a certificate for a host name and `localhost`, unless an earlier start did: clients that pinned it go on trusting it.
///
/// # Errors
/// When the files cannot be written.
pub(crate) fn create(data_dir: &Path, host_name: &str) -> Result<Files, ConfigError> {
    let files = Files {
        certificate: data_dir.join("smtp-self-signed.pem"),
        key: data_dir.join("smtp-self-signed.key"),
    };
    if files.certificate.exists() && files.key.exists() {
        return Ok(files);
    }
    let problem = |error: &dyn std::fmt::Display| {
        let problem = format!("cannot make a certificate in {}: {error}", data_dir.display());
        ConfigError::new("smtp.tls_self_signed", problem)
    };
    let names = vec![host_name.to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).map_err(|error| problem(&error))?;
    write(&files.key, &made.signing_key.serialize_pem(), 0o600)
        .and_then(|()| write(&files.certificate, &made.cert.pem(), 0o644))
        .map_err(|error| problem(&error))?;
    Ok(files)
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn create_keeps_the_certificate_of_an_earlier_start() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        let files = create(&data_dir, "mx.mayfly.test").unwrap();
        let read = || {
            (
                fs::read(&files.certificate).unwrap(),
                fs::read(&files.key).unwrap(),
            )
        };
        let first = read();
        assert_eq!(
            fs::metadata(&files.key).unwrap().permissions().mode() & 0o777,
            0o600
        );
        mayfly_runtime::tls::validate("smtp", Some(&files.certificate), Some(&files.key)).unwrap();
        assert_eq!(create(&data_dir, "other.test").unwrap(), files);
        assert_eq!(read(), first);
    }
}
