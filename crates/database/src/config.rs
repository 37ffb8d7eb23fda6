//! The `[database]` section.

use std::path::PathBuf;

use mayfly_runtime::{
    config::{ConfigError, Secret, secret_text},
    config_section,
};

config_section! {
    /// The `[database]` section: PostgreSQL in place of SQLite files in the data directory.
    pub struct DatabaseConfig {
        /// URL of PostgreSQL 14 or later: `postgres://user:password@host:port/database`, with
        /// `?sslmode=verify-full&sslrootcert=…` for TLS. Several hosts with commas name a primary and its standbys: the one that
        /// may write is used, also after a failover; `target_session_attrs=read-write` asks that of one host. Unset, each service uses a SQLite file in `data_dir`.
        pub url: Option<Secret> = None,
        /// File with the URL.
        pub url_file: Option<PathBuf> = None,
        /// Connections of each service of this process, 2 to 1000.
        pub max_connections: u32 = 16,
    }
}

impl DatabaseConfig {
    /// Returns whether PostgreSQL is configured.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.url.is_some() || self.url_file.is_some()
    }

    /// Returns the URL, if one is configured.
    ///
    /// # Errors
    /// When both keys are set, the file cannot be read, or the URL is not one of PostgreSQL. The error contains no part of
    /// it.
    pub(super) fn url(&self) -> Result<Option<String>, ConfigError> {
        let text = secret_text("database.url", self.url.as_ref(), self.url_file.as_ref())?;
        let Some(url) = text else { return Ok(None) };
        // The library accepts only this of the two schemes.
        let url = match url.strip_prefix("postgresql://") {
            Some(rest) => format!("postgres://{rest}"),
            None => url,
        };
        if !url.starts_with("postgres://") {
            return Err(ConfigError::new("database.url", "must begin with postgres://"));
        }
        Ok(Some(url))
    }

    /// Validates the section.
    ///
    /// # Errors
    /// Names the invalid key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(2..=1000).contains(&self.max_connections) {
            return Err(ConfigError::new(
                "database.max_connections",
                "must be between 2 and 1000",
            ));
        }
        self.url().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> DatabaseConfig {
        toml::from_str(&format!("url = \"{url}\"")).unwrap()
    }

    #[test]
    fn validate_invalid_url_hides_the_password() {
        DatabaseConfig::default().validate().unwrap();
        for url in ["postgres://a:b@c/d", "postgresql://a:b@c/d"] {
            assert_eq!(
                with_url(url).url().unwrap().as_deref(),
                Some("postgres://a:b@c/d")
            );
        }
        for url in ["mysql://a:hunter2@c/d", "hunter2"] {
            let error = with_url(url).validate().unwrap_err().to_string();
            assert!(
                error.contains("database.url") && !error.contains("hunter2"),
                "{error}"
            );
        }
        let few: DatabaseConfig = toml::from_str("max_connections = 1").unwrap();
        assert!(
            few.validate()
                .unwrap_err()
                .to_string()
                .contains("max_connections")
        );
    }
}
