//! Third-party clients, unmodified, each with user name and password, over plain loopback and over STARTTLS.

mod programs;
mod scripts;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    node,
    world::{Kind, World},
};

/// What a client is given. Each sends one mail to [`RECIPIENTS`].
struct Login {
    host: String,
    port: String,
    username: String,
    password: String,
    /// The file with the certificate, for STARTTLS.
    certificate: Option<PathBuf>,
    /// For files of the client.
    dir: PathBuf,
}

const RECIPIENTS: [&str; 2] = ["ann@foreign.example", "bob@foreign.example"];
const MAIL: &str = "From: app@example.com\r\nTo: ann@foreign.example\r\nSubject: sent\r\n\r\nx\r\n";

#[derive(Debug, Clone, Copy)]
enum Send {
    Program(fn(&Login) -> Command),
    /// Blocks until the mail is sent.
    Library(fn(&Login)),
}

/// How a client sends, and whether it logs in without TLS.
#[derive(Debug, Clone, Copy)]
struct Sender {
    name: &'static str,
    /// The stack whose settings the dashboard shows for it.
    stack: &'static str,
    send: Send,
    is_plain: bool,
}

const fn program(name: &'static str, send: fn(&Login) -> Command) -> Sender {
    Sender {
        name,
        stack: "URL",
        send: Send::Program(send),
        is_plain: true,
    }
}

const fn library(name: &'static str, send: fn(&Login)) -> Sender {
    Sender {
        send: Send::Library(send),
        ..program(name, programs::curl)
    }
}

impl Sender {
    const fn with_settings_of(self, stack: &'static str) -> Self {
        Self { stack, ..self }
    }
}

const SENDERS: [Sender; 16] = [
    program("smtplib", scripts::smtplib),
    program("Django", scripts::django).with_settings_of("Django"),
    program("Flask-Mail", scripts::flask_mail).with_settings_of("Flask-Mail"),
    program("aiosmtplib", scripts::aiosmtplib),
    program("Nodemailer", scripts::nodemailer).with_settings_of("Node (Nodemailer)"),
    program("PHPMailer", scripts::phpmailer).with_settings_of("PHP (PHPMailer)"),
    program("Ruby mail", scripts::ruby_mail).with_settings_of("Rails"),
    program("Ruby Net::SMTP", scripts::net_smtp),
    program("Jakarta Mail", scripts::jakarta_mail).with_settings_of("Spring Boot"),
    program("curl", programs::curl),
    program("swaks PLAIN", programs::swaks_plain),
    program("swaks LOGIN", programs::swaks_login),
    Sender {
        // It refuses to log in without TLS.
        is_plain: false,
        ..program("msmtp", programs::msmtp)
    },
    program("git send-email", programs::git_send_email),
    library("lettre", programs::lettre),
    library("Postfix", programs::postfix),
];

/// As by default, where the server offers no STARTTLS.
#[tokio::test]
async fn clients_log_in_and_send_unmodified() {
    all_send(false, &[]).await;
}

/// A login without TLS is refused here, so a client that sends has used STARTTLS.
#[tokio::test]
async fn clients_log_in_over_starttls_and_send_unmodified() {
    let settings = [
        ("MAYFLY_SMTP__TLS_SELF_SIGNED", "true"),
        ("MAYFLY_SMTP__HOSTNAME", "localhost"),
        ("MAYFLY_SMTP__AUTH_WITHOUT_TLS", "192.0.2.0/24"),
    ];
    all_send(true, &settings).await;
}

async fn all_send(is_tls: bool, settings: &[(&str, &str)]) {
    let world = World::start_with(Kind::AllInOne, settings);
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let dir = tempfile::tempdir().unwrap();
    for sender in SENDERS {
        if !is_tls && !sender.is_plain {
            continue;
        }
        let name = sender.name;
        let sandbox = super::create(&client, &pro, name).await;
        let login = Login {
            // The name in the certificate.
            host: "localhost".to_owned(),
            port: world.smtp().port().to_string(),
            username: sandbox.username.clone(),
            password: sandbox.password.clone(),
            certificate: is_tls.then(|| world.data_dir().join("smtp-self-signed.pem")),
            dir: dir.path().to_owned(),
        };
        match sender.send {
            Send::Program(send) => run(&sender, send(&login), &login).await,
            Send::Library(send) => tokio::task::spawn_blocking(move || send(&login)).await.unwrap(),
        }
        let captured = super::messages(&client, &pro, &sandbox).await;
        assert_eq!(captured.len(), 1, "{name}: one mail for both recipients");
        assert_eq!(captured[0]["subject"], "sent", "{name}");
        let id = captured[0]["id"].as_str().unwrap();
        let path = format!("/pro/api/accounts/{}/messages/{id}", sandbox.account_id);
        let message = client.get(&path, &pro).await.json();
        // Flask-Mail sends them in any order.
        let mut recipients: Vec<&str> = message["recipients"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(Value::as_str)
            .collect();
        recipients.sort_unstable();
        assert_eq!(recipients, RECIPIENTS, "{name}");
        println!("{name}: {}", if is_tls { "STARTTLS" } else { "plain" });
    }
}

async fn run(sender: &Sender, mut command: Command, login: &Login) {
    let certificate = login.certificate.as_ref().map(|path| path.to_str().unwrap());
    command
        .env("HOST", &login.host)
        .env("PORT", &login.port)
        .env("USERNAME", &login.username)
        .env("PASSWORD", &login.password)
        .env("CERT", certificate.unwrap_or_default())
        .env("TO", RECIPIENTS.join(" "))
        .env("MAIL", MAIL)
        .env("SETTINGS", settings(login, sender.stack))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(certificate) = certificate {
        // Frameworks verify with the default trust store.
        command.env("SSL_CERT_FILE", certificate);
        command.env("NODE_EXTRA_CA_CERTS", certificate);
    }
    let name = sender.name;
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    // A program that reads no input may have closed it.
    let _ = std::io::Write::write_all(&mut stdin, MAIL.as_bytes());
    drop(stdin);
    let waiting = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = waiting.await.unwrap().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{name}: {out}{err}");
}

/// Settings that the dashboard shows for a stack.
fn settings(login: &Login, stack: &str) -> String {
    let script = r"
const { STACKS } = await import(process.argv[1]);
const stack = STACKS.find((one) => one.name === process.argv[2]);
process.stdout.write(stack.settings(JSON.parse(process.argv[3])));
";
    let shown = json!({
        "host": login.host,
        "port": login.port.parse::<u16>().unwrap(),
        "isTls": login.certificate.is_some(),
        "username": login.username,
        "password": login.password,
    });
    let stacks = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/web/stacks.js");
    let output = node::command()
        .args(["--input-type=module", "-e", script, stacks, stack])
        .arg(shown.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stack}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every stack has settings, and each of them names the server and the login.
#[test]
fn settings_of_every_stack_name_the_login() {
    let login = Login {
        host: "mx.mayfly.test".to_owned(),
        port: "2587".to_owned(),
        username: "sb_abcdefgh".to_owned(),
        password: "mfs_secret".to_owned(),
        certificate: Some(PathBuf::new()),
        dir: PathBuf::new(),
    };
    let stacks = [
        "URL",
        "Django",
        "Flask-Mail",
        "Python (smtplib)",
        "Rails",
        "Laravel",
        "Symfony",
        "PHP (PHPMailer)",
        "WordPress",
        "Node (Nodemailer)",
        "Spring Boot",
        "Go (net/smtp)",
        ".NET (MailKit)",
        "Keycloak",
        "GitLab",
        "Supabase",
    ];
    for stack in stacks {
        let text = settings(&login, stack);
        for part in [&login.host, &login.port, &login.username, &login.password] {
            assert!(text.contains(part.as_str()), "{stack} lacks {part}: {text}");
        }
        assert!(!text.contains("undefined"), "{stack}: {text}");
    }
}
