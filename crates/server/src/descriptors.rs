//! File descriptors. The soft limit is raised to the hard one, and a start is refused when the connections of all listeners
//! and databases together can exceed it: the listener that runs out first would take descriptors from all others.

use mayfly_runtime::config::ConfigError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{Config, Role};

/// For database files, Redis, calls between roles, webhook deliveries, the admin listener and the runtime.
const RESERVE: u64 = 768;

/// Raises the limit, and checks that it suffices.
///
/// # Errors
/// Names the keys whose sum exceeds it.
pub(crate) fn reserve(config: &Config) -> Result<(), ConfigError> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // Some systems refuse what they report as the hard limit.
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    check(config, limit)
}

fn check(config: &Config, limit: Option<u64>) -> Result<(), ConfigError> {
    let services = [Role::Auth, Role::Mailbox];
    let services = services.into_iter().filter(|role| config.has(*role)).count() as u64;
    let of_databases = services * u64::from(config.database.max_connections);
    let listeners = [
        (
            Role::Gateway,
            "gateway.max_connections",
            config.gateway.max_connections,
        ),
        (Role::Smtp, "smtp.max_connections", config.smtp.max_connections),
    ];
    let (mut needed, mut keys) = (RESERVE + of_databases, Vec::new());
    for (role, key, connections) in listeners {
        if config.has(role) {
            needed += u64::from(connections);
            keys.push((connections, key));
        }
    }
    keys.push((config.database.max_connections, "database.max_connections"));
    keys.sort_unstable();
    let Some(limit) = limit.filter(|limit| *limit < needed) else {
        return Ok(());
    };
    let largest = keys.last().map_or("gateway.max_connections", |(_, key)| key);
    let keys: Vec<String> = keys
        .iter()
        .rev()
        .map(|(value, key)| format!("{key} {value}"))
        .collect();
    let keys = keys.join(", ");
    let problem = format!(
        "this process can need {needed} file descriptors ({keys}, and {RESERVE} in reserve), and its hard limit is {limit}: \
         lower the keys, or raise the limit (`ulimit -Hn`, `LimitNOFILE=`)"
    );
    Err(ConfigError::new(largest, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_below_the_sum_names_keys() {
        let config = Config::default();
        // 10,000 of HTTP, 1,000 of SMTP, 16 for each service, and the reserve.
        let needed = 10_000 + 1000 + 2 * 16 + RESERVE;
        assert!(check(&config, Some(needed)).is_ok());
        assert!(check(&config, None).is_ok());
        let error = check(&config, Some(needed - 1)).unwrap_err().to_string();
        for key in [
            "gateway.max_connections",
            "smtp.max_connections",
            "database.max_connections",
        ] {
            assert!(error.contains(key), "{error}");
        }
    }
}
