//! Several hosts in one URL, as libpq understands them.

use sea_orm::sqlx::postgres::PgConnectOptions;

use mayfly_runtime::config::ConfigError;

const KEY: &str = "database.url";

/// The servers of a URL, in its order.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    pub(super) servers: Vec<PgConnectOptions>,
    /// Sessions that may only read are refused: asked for with `target_session_attrs=read-write`, and implied by several
    /// hosts, of which one is the primary.
    pub(super) must_write: bool,
}

impl Hosts {
    /// Parses a URL with one or more hosts. Errors contain no part of it.
    pub(super) fn parse(url: &str) -> Result<Self, ConfigError> {
        let invalid = || ConfigError::new(KEY, "is not a URL of PostgreSQL");
        let rest = url.strip_prefix("postgres://").ok_or_else(invalid)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
            None => (String::new(), authority),
        };
        let (path, wants_write) = without_session_attrs(path)?;
        let servers = hosts
            .split(',')
            .map(|host| {
                let server: PgConnectOptions = format!("postgres://{credentials}{host}{path}")
                    .parse()
                    .map_err(|_| invalid())?;
                // PostgreSQL 12 and later need no such parameter, and PgBouncer rejects it.
                Ok(server.application_name("mayfly").extra_float_digits(None))
            })
            .collect::<Result<Vec<_>, ConfigError>>()?;
        Ok(Self {
            must_write: wants_write || servers.len() > 1,
            servers,
        })
    }

    /// Returns the hosts and the database, for messages.
    pub(super) fn name(&self) -> String {
        let hosts: Vec<String> = self
            .servers
            .iter()
            .map(|server| format!("{}:{}", server.get_host(), server.get_port()))
            .collect();
        let database = self.servers.first().and_then(PgConnectOptions::get_database);
        format!("postgres://{}/{}", hosts.join(","), database.unwrap_or_default())
    }
}

/// Removes `target_session_attrs`, which the driver does not know. Returns whether sessions must be writable.
fn without_session_attrs(path: &str) -> Result<(String, bool), ConfigError> {
    let Some((path, query)) = path.split_once('?') else {
        return Ok((path.to_owned(), false));
    };
    let (mut kept, mut wants_write) = (Vec::new(), false);
    for pair in query.split('&') {
        match pair.strip_prefix("target_session_attrs=") {
            None => kept.push(pair),
            Some("read-write") => wants_write = true,
            // Standbys are always refused.
            Some("primary" | "any") => {}
            Some(_) => {
                let problem = "target_session_attrs must be read-write, primary or any";
                return Err(ConfigError::new(KEY, problem));
            }
        }
    }
    let separator = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{path}{separator}{}", kept.join("&")), wants_write))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_several_hosts_keeps_their_order() {
        for (url, hosts, must_write) in [
            ("postgres://a:b@one/d", vec![("one", 5432)], false),
            (
                "postgres://a:b@one:1,two,[::1]:3/d?sslmode=disable",
                vec![("one", 1), ("two", 5432), ("[::1]", 3)],
                true,
            ),
            (
                "postgres://one/d?target_session_attrs=read-write&sslmode=disable",
                vec![("one", 5432)],
                true,
            ),
            (
                "postgres://one/d?target_session_attrs=primary",
                vec![("one", 5432)],
                false,
            ),
        ] {
            let parsed = Hosts::parse(url).unwrap();
            let found: Vec<(&str, u16)> = parsed
                .servers
                .iter()
                .map(|server| (server.get_host(), server.get_port()))
                .collect();
            assert_eq!((found, parsed.must_write), (hosts, must_write), "{url}");
            assert!(
                parsed
                    .servers
                    .iter()
                    .all(|server| server.get_database() == Some("d"))
            );
        }
    }

    #[test]
    fn parse_invalid_url_hides_the_password() {
        for url in [
            "postgres://a:hunter2@one:x,two/d",
            "postgres://a:hunter2@one/d?target_session_attrs=standby",
        ] {
            let error = Hosts::parse(url).unwrap_err().to_string();
            assert!(error.starts_with(KEY) && !error.contains("hunter2"), "{error}");
        }
    }
}
