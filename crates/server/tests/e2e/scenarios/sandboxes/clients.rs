//! Third-party clients, unmodified, each with user name and password, over plain loopback and over STARTTLS.

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
}

const RECIPIENTS: [&str; 2] = ["ann@foreign.example", "bob@foreign.example"];
const MAIL: &str = "From: app@example.com\r\nTo: ann@foreign.example\r\nSubject: sent\r\n\r\nx\r\n";

type Send = fn(&Login) -> Command;

fn python(script: &str) -> Command {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new(format!("{root}/target/tools/clients/bin/python"));
    command.args(["-c", script]);
    command
}

fn smtplib(_: &Login) -> Command {
    python(
        r"
import os, smtplib, ssl
e = os.environ
s = smtplib.SMTP(e['HOST'], int(e['PORT']))
if e['CERT']: s.starttls(context=ssl.create_default_context(cafile=e['CERT']))
s.login(e['USERNAME'], e['PASSWORD'])
assert s.sendmail('app@example.com', e['TO'].split(), e['MAIL']) == {}
s.quit()
",
    )
}

/// With the settings that the dashboard shows.
fn django(_: &Login) -> Command {
    python(
        r"
import os
e, shown = os.environ, {}
exec(e['SETTINGS'], shown)
from django.conf import settings
settings.configure(**{key: value for key, value in shown.items() if key.isupper()})
from django.core.mail import EmailMessage
to = e['TO'].split()
assert EmailMessage('sent', 'x', 'app@example.com', to[:1], bcc=to[1:]).send() == 1
",
    )
}

/// With the settings that the dashboard shows.
fn flask_mail(_: &Login) -> Command {
    python(
        r"
import os
e, shown = os.environ, {}
exec(e['SETTINGS'], shown)
from flask import Flask
from flask_mail import Mail, Message
app = Flask('app')
app.config.update({key: value for key, value in shown.items() if key.isupper()})
to = e['TO'].split()
with app.app_context():
    Mail(app).send(Message('sent', to[:1], 'x', sender='app@example.com', bcc=to[1:]))
",
    )
}

fn aiosmtplib(_: &Login) -> Command {
    python(
        r"
import aiosmtplib, asyncio, os, ssl
e = os.environ
tls = dict(start_tls=True, tls_context=ssl.create_default_context(cafile=e['CERT'])) if e['CERT'] else dict(start_tls=False)
asyncio.run(aiosmtplib.send(e['MAIL'], sender='app@example.com', recipients=e['TO'].split(), hostname=e['HOST'],
    port=int(e['PORT']), username=e['USERNAME'], password=e['PASSWORD'], **tls))
",
    )
}

/// With the settings that the dashboard shows.
fn nodemailer(_: &Login) -> Command {
    let script = r#"
import { createRequire } from "node:module";
const require = createRequire(`${process.cwd()}/`);
const { SETTINGS, TO } = process.env;
const transport = new Function("require", `${SETTINGS} return transport;`)(require);
const [to, bcc] = TO.split(" ");
await transport.sendMail({ from: "app@example.com", to, bcc, subject: "sent", text: "x" });
transport.close();
"#;
    let mut command = node::command();
    command.args(["--input-type=module", "-e", script]);
    command
}

fn curl(login: &Login) -> Command {
    let mut command = Command::new("curl");
    command.args(["-sS", &format!("smtp://{}:{}", login.host, login.port)]);
    command.args(["--user", &format!("{}:{}", login.username, login.password)]);
    command.args(["--mail-from", "app@example.com", "--upload-file", "-"]);
    for recipient in RECIPIENTS {
        command.args(["--mail-rcpt", recipient]);
    }
    if let Some(certificate) = &login.certificate {
        command.args(["--ssl-reqd", "--cacert"]).arg(certificate);
    }
    command
}

fn swaks(login: &Login, mechanism: &str) -> Command {
    let mut command = Command::new("swaks");
    command.args(["--server", &login.host, "--port", &login.port]);
    command.args(["--from", "app@example.com", "--to", &RECIPIENTS.join(",")]);
    command.args(["--h-Subject", "sent", "--auth", mechanism]);
    command.args(["--auth-user", &login.username, "--auth-password", &login.password]);
    if login.certificate.is_some() {
        command.arg("--tls");
    }
    command
}

fn swaks_plain(login: &Login) -> Command {
    swaks(login, "PLAIN")
}

fn swaks_login(login: &Login) -> Command {
    swaks(login, "LOGIN")
}

fn msmtp(login: &Login) -> Command {
    let mut command = Command::new("msmtp");
    command.args(["--file=/dev/null", "--auth=on", "--from=app@example.com"]);
    command.arg(format!("--host={}", login.host));
    command.arg(format!("--port={}", login.port));
    command.arg(format!("--user={}", login.username));
    command.arg("--passwordeval=printenv PASSWORD");
    if let Some(certificate) = &login.certificate {
        command.arg("--tls=on");
        command.arg(format!("--tls-trust-file={}", certificate.display()));
    }
    command.args(RECIPIENTS);
    command
}

/// How a client sends, and whether it logs in without TLS.
struct Sender {
    name: &'static str,
    /// The stack whose settings the dashboard shows for it.
    stack: &'static str,
    send: Send,
    is_plain: bool,
}

const fn sender(name: &'static str, stack: &'static str, send: Send) -> Sender {
    Sender {
        name,
        stack,
        send,
        is_plain: true,
    }
}

const SENDERS: [Sender; 9] = [
    sender("smtplib", "URL", smtplib),
    sender("Django", "Django", django),
    sender("Flask-Mail", "Flask-Mail", flask_mail),
    sender("aiosmtplib", "URL", aiosmtplib),
    sender("Nodemailer", "Node (Nodemailer)", nodemailer),
    sender("curl", "URL", curl),
    sender("swaks PLAIN", "URL", swaks_plain),
    sender("swaks LOGIN", "URL", swaks_login),
    Sender {
        // It refuses to log in without TLS.
        is_plain: false,
        ..sender("msmtp", "URL", msmtp)
    },
];

#[tokio::test]
async fn clients_log_in_and_send_unmodified() {
    let world = World::start_with(
        Kind::AllInOne,
        &[
            ("MAYFLY_SMTP__TLS_SELF_SIGNED", "true"),
            ("MAYFLY_SMTP__HOSTNAME", "localhost"),
        ],
    );
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let certificate = world.data_dir().join("smtp-self-signed.pem");
    for certificate in [None, Some(certificate)] {
        for sender in SENDERS {
            if certificate.is_none() && !sender.is_plain {
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
                certificate: certificate.clone(),
            };
            run(&sender, &login).await;
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
            let tls = if certificate.is_some() {
                "STARTTLS"
            } else {
                "plain"
            };
            println!("{name}: {tls}");
        }
    }
}

async fn run(sender: &Sender, login: &Login) {
    let certificate = login.certificate.as_ref().map(|path| path.to_str().unwrap());
    let mut command = (sender.send)(login);
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
