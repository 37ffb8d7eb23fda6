//! Configuration: reference, dump, check, errors, and the documents that name keys.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mayfly_types::SecretKey;
use tempfile::TempDir;

/// Variables that are not keys of the configuration: those of `mayfly mailbox`, of the tests, of an example receiver, and a
/// placeholder.
const OTHER_VARIABLES: [&str; 8] = [
    "MAYFLY_ADMIN_URL",
    "MAYFLY_SERVER",
    "MAYFLY_TOKEN",
    "MAYFLY_ADDRESS",
    "MAYFLY_PASSWORD",
    "MAYFLY_SCREENSHOTS",
    "MAYFLY_WEBHOOK_SECRET",
    "MAYFLY_SECTION__KEY",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the binary to completion, on free ports.
fn run(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mayfly"))
        .args(args)
        .env_clear()
        .env("MAYFLY_GATEWAY__LISTEN", "127.0.0.1:0")
        .env("MAYFLY_SMTP__LISTEN", "127.0.0.1:0")
        .env("MAYFLY_ADMIN__LISTEN", "127.0.0.1:0")
        .envs(env.iter().copied())
        .current_dir(dir)
        .output()
        .expect("the binary runs")
}

fn stdout(args: &[&str], env: &[(&str, &str)]) -> String {
    let dir = TempDir::new().expect("a directory");
    let output = run(dir.path(), args, env);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The keys of the reference, with their variables.
fn keys() -> Vec<(String, String)> {
    let reference = stdout(&["config", "reference"], &[]);
    let rows = reference.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (key, rest) = row.split_once("`<br>`").expect("a key");
        let (variable, _) = rest.split_once('`').expect("a variable");
        (key.to_owned(), variable.to_owned())
    })
    .collect()
}

#[test]
fn configuration_document_is_current() {
    let document = fs::read_to_string(root().join("docs/CONFIGURATION.md")).unwrap_or_default();
    assert!(
        stdout(&["config", "reference"], &[]) == document,
        "docs/CONFIGURATION.md is stale: run `make gen`"
    );
}

#[test]
fn reference_describes_every_key() {
    let reference = stdout(&["config", "reference"], &[]);
    let rows: Vec<&str> = reference.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() > 60, "{}", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(
            !cells[1].trim().is_empty() && cells[3].trim().ends_with(['.', '`']),
            "{row}"
        );
    }
}

/// Files that name variables, below a path.
fn texts(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        found.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).expect("a directory") {
        let path = entry.expect("an entry").path();
        // Generated secrets of a local stack are not documents.
        if !path.ends_with("deploy/secrets") {
            texts(&path, found);
        }
    }
}

#[test]
fn documents_name_variables_that_exist() {
    let known: BTreeSet<String> = keys().into_iter().map(|(_, variable)| variable).collect();
    let mut files = Vec::new();
    for path in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs",
        "deploy",
        "docker-compose.yml",
        "Makefile",
    ] {
        texts(&root().join(path), &mut files);
    }
    let mut count = 0;
    for file in files {
        // Screenshots are not text.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| word.starts_with("MAYFLY_") && word.len() > "MAYFLY_".len()) {
            count += 1;
            assert!(
                known.contains(word) || OTHER_VARIABLES.contains(&word),
                "{}: {word}",
                file.display()
            );
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn dump_prints_every_key_with_its_type() {
    let key = SecretKey::random().to_hex();
    let dump = stdout(
        &["config", "dump"],
        &[
            ("MAYFLY_AUTH__SIGNING_KEY", &key),
            ("MAYFLY_DOMAINS", "a.test,b.test"),
        ],
    );
    for (key, _) in keys() {
        let (section, name) = match key.rsplit_once('.') {
            Some((section, name)) => {
                let (_, rest) = dump.split_once(&format!("\n[{section}]\n")).expect("the section");
                (rest.split("\n[").next().unwrap_or_default(), name)
            }
            None => (dump.split("\n[").next().unwrap_or_default(), key.as_str()),
        };
        let lines: Vec<&str> = section.lines().collect();
        let at = lines
            .iter()
            .position(|line| line.starts_with(&format!("{name} = ")) || *line == format!("# {name} ="));
        let at = at.unwrap_or_else(|| panic!("{key} is missing: {dump}"));
        assert!(lines[at - 1].starts_with("# Type: "), "{key}: {}", lines[at - 1]);
    }
    assert!(dump.contains("domains = [\"a.test\", \"b.test\"]"), "{dump}");
    assert!(dump.contains("signing_key = \"[hidden]\"") && !dump.contains(&key));
}

/// Environments that cannot be used, with the key that the error names.
fn unusable(dir: &Path) -> Vec<(Vec<(&'static str, String)>, &'static str)> {
    let path = |name: &str| dir.join(name).display().to_string();
    let pair = || rcgen::generate_simple_self_signed(["mayfly.test".to_owned()]).expect("a pair");
    let (first, second) = (pair(), pair());
    fs::write(path("cert.pem"), first.cert.pem()).expect("written");
    fs::write(path("key.pem"), first.signing_key.serialize_pem()).expect("written");
    fs::write(path("other.pem"), second.signing_key.serialize_pem()).expect("written");
    fs::create_dir(path("damaged")).expect("a directory");
    fs::write(path("damaged/signing.key"), "damaged").expect("written");
    let secret = SecretKey::random().to_hex();
    let split = [
        ("MAYFLY_ROLES", "smtp".to_owned()),
        ("MAYFLY_AUTH__ENDPOINT", "https://auth:50051".to_owned()),
        ("MAYFLY_MAILBOX__ENDPOINT", "https://mailbox:50052".to_owned()),
    ];
    let grpc_tls = |authority: &str| {
        let [roles, auth, mailbox] = split.clone();
        vec![
            roles,
            auth,
            mailbox,
            ("MAYFLY_GRPC__TLS_CERT", path("cert.pem")),
            ("MAYFLY_GRPC__TLS_KEY", path("key.pem")),
            ("MAYFLY_GRPC__TLS_CA", path(authority)),
        ]
    };
    vec![
        (
            vec![("MAYFLY_GATEWAY__TLS_CERT", path("cert.pem"))],
            "gateway.tls_cert",
        ),
        (vec![("MAYFLY_SMTP__TLS_KEY", path("key.pem"))], "smtp.tls_cert"),
        (
            vec![
                ("MAYFLY_SMTP__TLS_CERT", path("cert.pem")),
                ("MAYFLY_SMTP__TLS_KEY", path("other.pem")),
            ],
            "smtp.tls_cert",
        ),
        (
            vec![
                ("MAYFLY_GATEWAY__TLS_CERT", path("missing.pem")),
                ("MAYFLY_GATEWAY__TLS_KEY", path("key.pem")),
            ],
            "gateway.tls_cert",
        ),
        (grpc_tls("missing.pem"), "grpc.tls_cert"),
        (grpc_tls("key.pem"), "grpc.tls_cert"),
        (vec![("MAYFLY_LOG__LEVEL", "a=b=c".to_owned())], "log.level"),
        (
            vec![("MAYFLY_TELEMETRY__OTLP_ENDPOINT", "collector:4317".to_owned())],
            "telemetry.otlp_endpoint",
        ),
        (vec![("MAYFLY_DATA_DIR", path("cert.pem"))], "data_dir"),
        (vec![("MAYFLY_DATA_DIR", path("damaged"))], "data_dir"),
        (
            vec![("MAYFLY_MAILBOX__DATA_KEY_FILE", path("missing"))],
            "mailbox.data_key_file",
        ),
        (
            vec![("MAYFLY_MAILBOX__DATA_KEY", "short".to_owned())],
            "mailbox.data_key",
        ),
        (
            vec![("MAYFLY_DATABASE__URL", "mysql://a".to_owned())],
            "database.url",
        ),
        (
            vec![("MAYFLY_REDIS__URL", "rediss+ring://a".to_owned())],
            "redis.url",
        ),
        (vec![("MAYFLY_ROLES", "gatway".to_owned())], "roles"),
        (
            vec![("MAYFLY_GATEWAY__COLOUR", "red".to_owned())],
            "gateway.colour",
        ),
        (
            vec![("MAYFLY_GRPC__SECRET", format!("{secret},{secret}"))],
            "grpc.secret",
        ),
        (vec![("MAYFLY_ROLES", "auth".to_owned())], "grpc.secret"),
    ]
}

#[test]
fn config_check_fails_as_start_does() {
    let files = TempDir::new().expect("a directory");
    for (env, key) in unusable(files.path()) {
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let dir = TempDir::new().expect("a directory");
        let check = run(dir.path(), &["config", "check"], &env);
        let start = run(dir.path(), &[], &env);
        let error = String::from_utf8_lossy(&check.stderr).into_owned();
        assert!(error.starts_with(&format!("mayfly: {key}: ")), "{env:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(!error.contains("::"), "{error}");
        assert_eq!(
            (check.status.code(), start.status.code()),
            (Some(2), Some(2)),
            "{env:?}"
        );
        assert_eq!(error, String::from_utf8_lossy(&start.stderr), "{env:?}");
        let left = fs::read_dir(dir.path()).expect("a directory").count();
        assert_eq!(left, 0, "{env:?}: a refused configuration creates nothing");
    }
}

/// Arguments, environment, and the error.
type ErrorCase = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static str,
);

#[test]
fn config_error_names_key_accepted_values_and_layer() {
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("bad.toml"), "[auth]\nregistration = \"maybe\"\n").expect("written");
    fs::write(dir.path().join("broken.toml"), "[auth]\nlisten = \n").expect("written");
    let table: &[ErrorCase] = &[
        (
            &["--roles", "gatway"],
            &[],
            "roles: `gatway`: unknown role; expected: list, separated by commas, of: `gateway`, `smtp`, `auth` or `mailbox` (set by --roles)",
        ),
        (
            &["--config", "bad.toml"],
            &[],
            "auth.registration: `maybe` is not valid; expected: `open` or `closed` (set in bad.toml)",
        ),
        (
            &[],
            &[("MAYFLY_GATEWAY__LISTEN", "8080")],
            "gateway.listen: invalid socket address syntax; expected: IP address and port such as `127.0.0.1:8080` (set by MAYFLY_GATEWAY__LISTEN)",
        ),
        (
            &[],
            &[("MAYFLY_MAILBOX__RETENTION", "soon")],
            "mailbox.retention: `soon` is not a duration; expected: duration such as `500ms`, `30s`, `5m`, `12h` or `7d` (set by MAYFLY_MAILBOX__RETENTION)",
        ),
        (
            &[],
            &[("MAYFLY_GATEWAY__DIALECTS", "mailtm,mailgw")],
            "gateway.dialects: `mailgw`: is neither `mailtm` nor `mailtd` nor `mailcx_v1`; expected: list, separated by commas, of: `mailtm`, `mailtd` or `mailcx_v1` (set by MAYFLY_GATEWAY__DIALECTS)",
        ),
        (
            &[],
            &[("MAYFLY_GATEWAY__DIALECTS", "mailcx_v1")],
            "gateway.dialects: `mailcx_v1` needs mailbox.open_domains, the domains that it serves",
        ),
        (
            &[],
            &[("MAYFLY_MAILBOX__OPEN_DOMAINS", "open.test,mayfly.test")],
            "mailbox.open_domains: mayfly.test is among `domains`",
        ),
        (
            &[],
            &[("MAYFLY_AUTH__MAX_TOKENS", "0")],
            "auth.max_tokens: must be from 1 to 1000",
        ),
    ];
    for (args, env, expected) in table {
        let output = run(dir.path(), &[*args, &["config", "check"]].concat(), env);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(error.trim_end(), format!("mayfly: {expected}"));
        assert_eq!(output.status.code(), Some(2));
    }
    let output = run(dir.path(), &["--config", "broken.toml", "config", "check"], &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.starts_with("mayfly: broken.toml: line 2: "), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}
