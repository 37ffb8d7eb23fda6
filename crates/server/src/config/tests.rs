use std::collections::BTreeMap;

use super::*;

fn load_with(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let config: Config = load(None, pairs, &BTreeMap::new())?;
    config.validate()?;
    Ok(config)
}

#[test]
fn defaults_are_valid() {
    load_with(&[]).unwrap();
}

#[test]
fn dump_of_defaults_loads_to_the_same_dump() {
    let dump = load_with(&[]).unwrap().dump().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mayfly.toml");
    std::fs::write(&file, &dump).unwrap();
    let again: Config = load(Some(&file), [], &BTreeMap::new()).unwrap();
    assert_eq!(again.dump().unwrap(), dump);
}

#[test]
fn drain_delay_of_a_fleet_has_a_minimum() {
    let key = SecretKey::random().to_hex();
    assert_eq!(load_with(&[]).unwrap().drain_delay(), Duration::ZERO);
    let split = [
        ("MAYFLY_ROLES", "auth"),
        ("MAYFLY_GRPC__SECRET", &key),
        ("MAYFLY_AUTH__SIGNING_KEY", &key),
        ("MAYFLY_REDIS__URL", "redis://localhost"),
    ];
    assert_eq!(load_with(&split).unwrap().drain_delay(), MIN_DRAIN);
    let whole = [
        ("MAYFLY_AUTH__SIGNING_KEY", key.as_str()),
        ("MAYFLY_MAILBOX__DATA_KEY", &key),
        ("MAYFLY_DATABASE__URL", "postgres://localhost/mayfly"),
    ];
    assert_eq!(load_with(&whole).unwrap().drain_delay(), MIN_DRAIN);
    let longer = load_with(&[&split[..], &[("MAYFLY_DRAIN_DELAY", "5s")]].concat()).unwrap();
    assert_eq!(longer.drain_delay(), Duration::from_secs(5));
}

#[test]
fn validate_error_names_the_key() {
    let key = SecretKey::random().to_hex();
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("MAYFLY_ROLES", "gateway,butler")], "butler"),
        (&[("MAYFLY_ROLES", ",")], "roles"),
        (&[("MAYFLY_ROLES", "auth")], "grpc.secret"),
        (
            &[("MAYFLY_ROLES", "auth"), ("MAYFLY_GRPC__SECRET", &key)],
            "auth.signing_key",
        ),
        (
            &[("MAYFLY_DATABASE__URL", "postgres://a:b@localhost/c")],
            "auth.signing_key",
        ),
        (&[("MAYFLY_DATABASE__URL", "sqlite://x")], "database.url"),
        (&[("MAYFLY_REDIS__URL", "http://x")], "redis.url"),
        (
            &[("MAYFLY_ROLES", "gateway"), ("MAYFLY_GRPC__SECRET", &key)],
            "redis.url",
        ),
        (
            &[
                ("MAYFLY_ROLES", "smtp"),
                ("MAYFLY_GRPC__SECRET", &key),
                ("MAYFLY_SMTP__SANDBOX", "off"),
            ],
            "mailbox.endpoint",
        ),
        // Logins are checked there.
        (
            &[
                ("MAYFLY_ROLES", "smtp"),
                ("MAYFLY_GRPC__SECRET", &key),
                ("MAYFLY_MAILBOX__ENDPOINT", "http://localhost:50052"),
            ],
            "auth.endpoint",
        ),
        (
            &[
                ("MAYFLY_ROLES", "mailbox"),
                ("MAYFLY_GRPC__SECRET", &key),
                ("MAYFLY_MAILBOX__DATA_KEY", &key),
                ("MAYFLY_REDIS__URL", "redis://localhost"),
            ],
            "auth.endpoint",
        ),
        (
            &[
                ("MAYFLY_ROLES", "mailbox"),
                ("MAYFLY_GRPC__SECRET", &key),
                ("MAYFLY_REDIS__URL", "redis://localhost"),
            ],
            "mailbox.data_key",
        ),
        (
            &[
                ("MAYFLY_DATABASE__URL", "postgres://a:b@localhost/c"),
                ("MAYFLY_AUTH__SIGNING_KEY", &key),
            ],
            "mailbox.data_key",
        ),
        (&[("MAYFLY_GRPC__SECRET", "short")], "grpc.secret"),
        (&[("MAYFLY_GRPC__TLS_CERT", "a.pem")], "grpc.tls_cert"),
        (
            &[("MAYFLY_GRPC__TLS_CERT", "a"), ("MAYFLY_GRPC__TLS_CA", "a")],
            "grpc.tls_key",
        ),
        (
            &[("MAYFLY_AUTH__ENDPOINT", "https://auth:50051")],
            "auth.endpoint: is https",
        ),
        (
            &[
                ("MAYFLY_GRPC__TLS_CERT", "a"),
                ("MAYFLY_GRPC__TLS_KEY", "a"),
                ("MAYFLY_GRPC__TLS_CA", "a"),
                ("MAYFLY_MAILBOX__ENDPOINT", "http://mailbox:50052"),
            ],
            "mailbox.endpoint: must be https",
        ),
        (
            &[
                ("MAYFLY_ROLES", "auth"),
                ("MAYFLY_GRPC__SECRET", &key),
                ("MAYFLY_AUTH__SIGNING_KEY", &key),
                ("MAYFLY_REDIS__URL", "redis://localhost"),
                ("MAYFLY_DRAIN_DELAY", "999ms"),
            ],
            "drain_delay",
        ),
        (
            &[("MAYFLY_AUTH__SIGNING_KEY", &"00".repeat(32))],
            "auth.signing_key",
        ),
        (&[("MAYFLY_AUTH__ENDPOINT", "localhost")], "auth.endpoint"),
        (&[("MAYFLY_GATEWAY__LISTEN", "8080")], "gateway.listen"),
        (&[("MAYFLY_GATEWAY__COLOUR", "red")], "colour"),
        (
            &[("MAYFLY_TELEMETRY__SAMPLE_RATIO", "2")],
            "telemetry.sample_ratio",
        ),
        (
            &[("MAYFLY_TELEMETRY__OTLP_ENDPOINT", "collector:4317")],
            "telemetry.otlp_endpoint",
        ),
        (&[("MAYFLY_DOMAINS", "not a domain")], "DOMAINS"),
        (&[("MAYFLY_DOMAINS", "a.test,A.test")], "domains"),
        (&[("MAYFLY_DOMAINS", ",")], "domains"),
    ];
    for (pairs, expected) in table {
        let error = load_with(pairs).unwrap_err().to_string();
        assert!(
            error.to_lowercase().contains(&expected.to_lowercase()),
            "{pairs:?}: {error}"
        );
    }
}
