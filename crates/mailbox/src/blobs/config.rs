//! The `[blobs]` section.

use std::path::PathBuf;

use mayfly_runtime::{
    config::{ConfigError, Secret, secret_text},
    config_section,
};
use url::Url;

use crate::store::MAX_ROW_BYTES;

config_section! {
    /// The `[blobs]` section: where the bytes of large messages are stored.
    pub struct Config {
        /// `file:///var/lib/mayfly/blobs`, a directory that all replicas share, or
        /// `s3://bucket/prefix?region=eu-central-1`, with `endpoint=https://…` for a server that is not AWS. Unset, the
        /// bytes are in the database.
        pub url: Option<String> = None,
        /// With `url`, larger messages are stored there. Smaller ones stay in the database, which commits many at once. At
        /// most 131072.
        pub min_bytes: u64 = 32 << 10,
        /// Key id for S3. Unset, those of AWS's environment variables, or of a role of AWS.
        pub access_key_id: Option<String> = None,
        /// Secret of the key.
        pub secret_access_key: Option<Secret> = None,
        /// File with the secret.
        pub secret_access_key_file: Option<PathBuf> = None,
    }
}

/// Where blobs are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Location {
    Database,
    Files(PathBuf),
    Bucket(Bucket),
}

/// A bucket of an S3 server.
#[derive(PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) name: String,
    /// Empty, or ends with a slash.
    pub(super) prefix: String,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    /// The id and the secret of a key.
    pub(super) credentials: Option<(String, String)>,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Bucket {
    /// Returns whether the server is asked without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"))
    }
}

impl Config {
    /// Checks the section.
    ///
    /// # Errors
    /// Names the key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.min_bytes > MAX_ROW_BYTES as u64 {
            return Err(ConfigError::new(
                "blobs.min_bytes",
                format_args!("is at most {MAX_ROW_BYTES}: a larger mail holds up others in the database"),
            ));
        }
        self.location().map(drop)
    }

    /// Returns the directory of blobs, if they are in files.
    #[must_use]
    pub fn directory(&self) -> Option<PathBuf> {
        match self.location() {
            Ok(Location::Files(dir)) => Some(dir),
            _ => None,
        }
    }

    pub(super) fn location(&self) -> Result<Location, ConfigError> {
        let credentials = self.credentials()?;
        let Some(text) = &self.url else {
            return Ok(Location::Database);
        };
        let invalid = |problem: &'static str| Err(ConfigError::new("blobs.url", problem));
        let Ok(url) = text.parse::<Url>() else {
            return invalid("is not a URL that begins with file:// or s3://");
        };
        match url.scheme() {
            "file" => match url.to_file_path() {
                Ok(path) if url.host_str().is_none() => Ok(Location::Files(path)),
                _ => invalid("needs an absolute path: file:///var/lib/mayfly/blobs"),
            },
            "s3" => {
                let Some(name) = url.host_str().filter(|name| !name.is_empty()) else {
                    return invalid("needs a bucket: s3://bucket/prefix");
                };
                if !url.username().is_empty() || url.password().is_some() {
                    return invalid("takes no key: set blobs.access_key_id and blobs.secret_access_key");
                }
                let (mut region, mut endpoint) = (None, None);
                for (key, value) in url.query_pairs() {
                    match &*key {
                        "region" => region = Some(value.into_owned()),
                        "endpoint" if value.starts_with("http://") || value.starts_with("https://") => {
                            endpoint = Some(value.into_owned());
                        }
                        "endpoint" => return invalid("the endpoint must begin with https:// or http://"),
                        _ => return invalid("takes the parameters `region` and `endpoint`"),
                    }
                }
                let mut prefix = url.path().trim_matches('/').to_owned();
                if !prefix.is_empty() {
                    prefix.push('/');
                }
                Ok(Location::Bucket(Bucket {
                    name: name.to_owned(),
                    prefix,
                    region,
                    endpoint,
                    credentials,
                }))
            }
            _ => invalid("must begin with file:// or s3://"),
        }
    }

    fn credentials(&self) -> Result<Option<(String, String)>, ConfigError> {
        let file = self.secret_access_key_file.as_ref();
        let secret = secret_text("blobs.secret_access_key", self.secret_access_key.as_ref(), file)?;
        match (&self.access_key_id, secret) {
            (None, None) => Ok(None),
            (Some(id), Some(secret)) => Ok(Some((id.clone(), secret))),
            (Some(_), None) => Err(ConfigError::new(
                "blobs.secret_access_key",
                "is missing beside blobs.access_key_id",
            )),
            (None, Some(_)) => Err(ConfigError::new(
                "blobs.access_key_id",
                "is missing beside blobs.secret_access_key",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str) -> Result<Location, String> {
        let config = Config {
            url: Some(url.to_owned()),
            ..Config::default()
        };
        config.location().map_err(|error| error.to_string())
    }

    #[test]
    fn location_is_database_files_or_bucket() {
        assert_eq!(Config::default().location().unwrap(), Location::Database);
        let files = location("file:///var/lib/mayfly/blobs").unwrap();
        assert_eq!(files, Location::Files("/var/lib/mayfly/blobs".into()));
        let Location::Bucket(bucket) =
            location("s3://mail/a/b/?region=eu&endpoint=http://[::1]:9000").unwrap()
        else {
            panic!("a bucket");
        };
        assert_eq!((&*bucket.name, &*bucket.prefix), ("mail", "a/b/"));
        assert_eq!(bucket.region.as_deref(), Some("eu"));
        assert!(bucket.is_plain());
    }

    #[test]
    fn location_of_wrong_url_is_explained() {
        for (url, problem) in [
            ("blobs", "is not a URL"),
            ("file://host/blobs", "an absolute path"),
            ("s3:///prefix", "a bucket"),
            ("s3://mail?endpoint=minio:9000", "the endpoint must begin"),
            ("s3://mail?regoin=eu", "takes the parameters"),
            ("ftp://mail", "must begin with"),
            ("s3://id:secret@mail", "blobs.access_key_id"),
            ("s3://id@mail", "blobs.access_key_id"),
        ] {
            let found = location(url).unwrap_err();
            assert!(
                found.contains("blobs.url") && found.contains(problem),
                "{url}: {found}"
            );
        }
    }

    #[test]
    fn min_bytes_is_bounded() {
        let validate = |min_bytes| {
            let config = Config {
                min_bytes,
                ..Config::default()
            };
            config.validate().map_err(|error| error.to_string())
        };
        assert_eq!(validate(128 << 10), Ok(()));
        let found = validate((128 << 10) + 1).unwrap_err();
        assert!(found.contains("blobs.min_bytes"), "{found}");
    }

    #[test]
    fn credentials_come_in_pairs() {
        let config = Config {
            access_key_id: Some("id".to_owned()),
            ..Config::default()
        };
        let found = config.validate().unwrap_err().to_string();
        assert!(found.contains("blobs.secret_access_key"), "{found}");
    }
}
