//! The files of automatic HTTPS in the data directory: `acme/account.json` and `acme/certificate.pem`, readable by this user
//! only.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use instant_acme::AccountCredentials;

use crate::{account::account_at, certificate::Certificate};

const ACCOUNT: &str = "account.json";
/// The key and the certificate chain, in one file: a crash leaves no certificate with the key of another.
const CERTIFICATE: &str = "certificate.pem";

/// The store of one process.
#[derive(Debug)]
pub(crate) struct Files {
    directory: PathBuf,
}

impl Files {
    /// Creates the directory if it does not exist.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, String> {
        let directory = data_dir.join("acme");
        let created = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
        created.map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Self { directory })
    }

    /// Reads the certificate; `None` if there is none.
    pub(crate) fn certificate(&self) -> Result<Option<Certificate>, String> {
        let Some(pem) = self.read(CERTIFICATE)? else {
            return Ok(None);
        };
        let certificate = Certificate::from_pem(&pem);
        certificate
            .map(Some)
            .map_err(|error| self.problem(CERTIFICATE, &error))
    }

    pub(crate) fn save_certificate(&self, pem: &str) -> Result<(), String> {
        self.write(CERTIFICATE, pem)
    }

    /// Reads the account at the directory of an authority; `None` if there is none, or only one at another authority.
    pub(crate) fn account(&self, directory: &str) -> Result<Option<AccountCredentials>, String> {
        let text = self.read(ACCOUNT)?;
        let account = text.map(|text| account_at(directory, &text)).transpose();
        account
            .map(Option::flatten)
            .map_err(|error| self.problem(ACCOUNT, &error))
    }

    pub(crate) fn save_account(&self, account: &str) -> Result<(), String> {
        self.write(ACCOUNT, account)
    }

    /// Removes an account that the authority does not know any more.
    pub(crate) fn remove_account(&self) -> Result<(), String> {
        fs::remove_file(self.directory.join(ACCOUNT))
            .map_err(|error| self.problem(ACCOUNT, &error.to_string()))
    }

    fn read(&self, name: &str) -> Result<Option<String>, String> {
        match fs::read_to_string(self.directory.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.problem(name, &error.to_string())),
        }
    }

    /// Replaces a file as a whole: written to a temporary file, synced and renamed.
    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let fresh = self.directory.join(format!("{name}.new"));
        let written = || -> io::Result<()> {
            // An old file would keep its mode.
            match fs::remove_file(&fresh) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, self.directory.join(name))?;
            File::open(&self.directory)?.sync_all()
        };
        written().map_err(|error| self.problem(name, &error.to_string()))
    }

    fn problem(&self, name: &str, error: &str) -> String {
        format!("{}: {error}", self.directory.join(name).display())
    }
}
