use std::collections::BTreeMap;

use super::*;

crate::config_section! {
    /// A configuration.
    struct Sample {
        /// Domains.
        domains: List<String> = List::default(),
        /// A data directory.
        data_dir: Option<std::path::PathBuf> = None,
        /// A section.
        inner: Inner = Inner::default(),
    }
}

crate::config_section! {
    /// A section.
    struct Inner {
        /// A limit
        /// of requests.
        limit: u32 = 8,
        /// A share.
        ratio: f64 = 1.0,
        /// A switch.
        enabled: bool = true,
        /// A duration.
        keep: ConfigDuration = ConfigDuration::from_secs(60),
        /// A key.
        key: Option<Secret> = None,
    }
}

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

fn load_with(file: &str, pairs: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Sample, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mayfly.toml");
    std::fs::write(&path, file).unwrap();
    load(Some(&path), env(pairs), &env(flags).into_iter().collect())
}

#[test]
fn load_prefers_the_later_layer() {
    let sample = load_with(
        "[inner]\nlimit = 1\nkeep = \"2h\"",
        &[("MAYFLY_INNER__LIMIT", "3")],
        &[],
    )
    .unwrap();
    assert_eq!((sample.inner.limit, sample.inner.keep.0.as_secs()), (3, 7200));
    let sample = load_with(
        "",
        &[("MAYFLY_DOMAINS", "a.test, b.test")],
        &[("domains", "c.test")],
    )
    .unwrap();
    assert_eq!(sample.domains.0, ["c.test"]);
    let sample = load_with("", &[("HOME", "/"), ("MAYFLY_DOMAINS", "a.test, b.test")], &[]).unwrap();
    assert_eq!(sample.domains.0, ["a.test", "b.test"]);
}

#[test]
fn load_environment_value_has_the_type_of_its_key() {
    let sample = load_with(
        "",
        &[
            ("MAYFLY_INNER__RATIO", "1e-3"),
            ("MAYFLY_INNER__ENABLED", "false"),
            ("MAYFLY_DATA_DIR", "7"),
            ("MAYFLY_DOMAINS", "true"),
        ],
        &[],
    )
    .unwrap();
    assert!((sample.inner.ratio - 0.001).abs() < f64::EPSILON && !sample.inner.enabled);
    assert_eq!(sample.data_dir.unwrap().to_str(), Some("7"));
    assert_eq!(sample.domains.0, ["true"]);
}

#[test]
fn load_error_names_key_accepted_values_and_layer() {
    type Case<'a> = (
        &'a str,
        &'a [(&'a str, &'a str)],
        &'a [(&'a str, &'a str)],
        &'a str,
    );
    let table: &[Case<'_>] = &[
        (
            "",
            &[("MAYFLY_INNER__LIMITT", "3")],
            &[],
            "inner.limitt: unknown key; keys of [inner] are limit, ratio, enabled, keep, key (set by MAYFLY_INNER__LIMITT)",
        ),
        (
            "colour = 1",
            &[],
            &[],
            "colour: unknown key; keys and sections are domains, data_dir, inner (set in FILE)",
        ),
        (
            "",
            &[("MAYFLY_INNER__LIMIT", "many")],
            &[],
            "inner.limit: `many` is not valid; expected: whole number (set by MAYFLY_INNER__LIMIT)",
        ),
        (
            "",
            &[("MAYFLY_INNER__LIMIT", "-1")],
            &[],
            "inner.limit: `-1` is not valid; expected: whole number (set by MAYFLY_INNER__LIMIT)",
        ),
        (
            "[inner]\nlimit = -1",
            &[],
            &[],
            "inner.limit: `-1` is not valid; expected: whole number (set in FILE)",
        ),
        (
            "[inner]\nenabled = \"yes\"",
            &[],
            &[],
            "inner.enabled: `yes` is not valid; expected: `true` or `false` (set in FILE)",
        ),
        (
            "[inner]\nkeep = \"7 fortnights\"",
            &[],
            &[],
            "inner.keep: `7 fortnights` is not a duration; \
             expected: duration such as `500ms`, `30s`, `5m`, `12h` or `7d` (set in FILE)",
        ),
        (
            "[inner]\nkey = 12345",
            &[],
            &[],
            "inner.key: is not valid; expected: secret text (set in FILE)",
        ),
        (
            "domains = [\"a.test\", 5]",
            &[],
            &[],
            "domains: `5` is not valid; expected: list, separated by commas, of: text (set in FILE)",
        ),
        (
            "domains = 5",
            &[],
            &[],
            "domains: `5` is not valid; expected: list, separated by commas, of: text (set in FILE)",
        ),
        (
            "",
            &[("MAYFLY_INNER", "3")],
            &[],
            "inner: is a section; its keys are limit, ratio, enabled, keep, key (set by MAYFLY_INNER)",
        ),
        (
            "",
            &[("MAYFLY_INNER", "3"), ("MAYFLY_INNER__LIMIT", "3")],
            &[],
            "MAYFLY_INNER__LIMIT: its section is set as a value too",
        ),
        ("a = 1\nb b", &[], &[], "FILE: line 2: "),
        (
            "",
            &[],
            &[("data_dirr", "x")],
            "data_dirr: unknown key; keys and sections are domains, data_dir, inner (set by --data-dirr)",
        ),
    ];
    for (file, pairs, flags, expected) in table {
        let error = load_with(file, pairs, flags).unwrap_err().to_string();
        let path = error
            .split(|c: char| c.is_whitespace() || c == ')')
            .find(|word| word.starts_with('/'));
        let path = path.map(|path| path.trim_end_matches(':').to_owned());
        let shown = path.map_or(error.clone(), |path| error.replace(&path, "FILE"));
        if expected.ends_with(": ") {
            assert!(shown.starts_with(expected), "{shown}");
        } else {
            assert_eq!(shown, *expected);
        }
        assert!(!error.contains('\n') && !error.contains("::"), "{error}");
    }
}

#[test]
fn load_missing_file_is_an_error() {
    let path = std::path::Path::new("/nowhere/mayfly.toml");
    let error = load::<Sample>(Some(path), [], &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "--config: no file /nowhere/mayfly.toml");
}

#[test]
fn secret_is_hidden_in_debug_dump_and_errors() {
    let digits = "1234567890".repeat(6) + "1234";
    let sample = load_with("", &[("MAYFLY_INNER__KEY", &digits)], &[]).unwrap();
    assert_eq!(
        secret_keys("inner.key", sample.inner.key.as_ref(), None)
            .unwrap()
            .len(),
        1
    );
    let shown = format!("{sample:?}{}", toml::to_string(&sample).unwrap());
    assert!(
        !shown.contains("1234567890") && shown.contains("[hidden]"),
        "{shown}"
    );
    let wrong = load_with("", &[("MAYFLY_INNER__KEY", "hunter2")], &[]).unwrap();
    let error = secret_keys("inner.key", wrong.inner.key.as_ref(), None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("inner.key") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn section_declares_key_type_and_description() {
    let Schema::Section(keys) = Sample::SCHEMA else {
        panic!("a section");
    };
    let names: Vec<_> = keys.iter().map(|key| key.name).collect();
    assert_eq!(names, ["domains", "data_dir", "inner"]);
    let Schema::Section(inner) = keys[2].schema else {
        panic!("a section");
    };
    assert_eq!(inner[0].description(), "A limit of requests.");
}

/// Compose sets variables to nothing, and Kubernetes describes services in variables with the name of the service.
#[test]
fn load_ignores_empty_variables_and_service_links() {
    let sample = load_with(
        "[inner]\nlimit = 1",
        &[
            ("MAYFLY_INNER__LIMIT", ""),
            ("MAYFLY_INNER__KEY", ""),
            ("MAYFLY_PORT", "tcp://10.0.0.1:8080"),
            ("MAYFLY_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("MAYFLY_SERVICE_HOST", "10.0.0.1"),
            ("MAYFLY_SERVICE_PORT_HTTP", "8080"),
            ("MAYFLY_SMTP_SERVICE_HOST", "10.0.0.1"),
            ("MAYFLY_SMTP_PORT_25_TCP", "tcp://10.0.0.1:25"),
        ],
        &[],
    )
    .unwrap();
    assert_eq!(sample.inner.limit, 1);
    assert!(sample.inner.key.is_none());
    let unknown = load_with("", &[("MAYFLY_PORTS", "1")], &[]).unwrap_err();
    assert!(unknown.to_string().contains("ports"), "{unknown}");
}
