//! Programs with options for the login, and a library that runs in this process.

use std::{fs, process::Command};

use lettre::{
    Message, SmtpTransport, Transport,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};

use super::{Login, MAIL, RECIPIENTS};
use crate::postfix::Postfix;

pub(super) fn curl(login: &Login) -> Command {
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

pub(super) fn swaks_plain(login: &Login) -> Command {
    swaks(login, "PLAIN")
}

pub(super) fn swaks_login(login: &Login) -> Command {
    swaks(login, "LOGIN")
}

pub(super) fn msmtp(login: &Login) -> Command {
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

pub(super) fn git_send_email(login: &Login) -> Command {
    let file = login.dir.join("0001-sent.patch");
    fs::write(&file, MAIL.replace("\r\n", "\n")).unwrap();
    let encryption = if login.certificate.is_some() {
        "tls"
    } else {
        "none"
    };
    let mut command = Command::new("git");
    command.args([
        "send-email",
        "--quiet",
        "--confirm=never",
        "--suppress-cc=all",
        "--no-validate",
    ]);
    command.args(["--from=app@example.com", "--smtp-domain=localhost"]);
    command.arg(format!("--smtp-server={}", login.host));
    command.arg(format!("--smtp-server-port={}", login.port));
    command.arg(format!("--smtp-user={}", login.username));
    command.arg(format!("--smtp-pass={}", login.password));
    command.arg(format!("--smtp-encryption={encryption}"));
    if let Some(certificate) = &login.certificate {
        command.arg(format!("--smtp-ssl-cert-path={}", certificate.display()));
    }
    for recipient in RECIPIENTS {
        command.arg(format!("--to={recipient}"));
    }
    command
        .arg(file)
        .current_dir(&login.dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "App")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "app@example.com")));
    command
}

pub(super) fn lettre(login: &Login) {
    let tls = login.certificate.as_ref().map(|certificate| {
        let certificate = Certificate::from_pem(&fs::read(certificate).unwrap()).unwrap();
        let parameters = TlsParameters::builder(login.host.clone())
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
        Tls::Required(parameters.build().unwrap())
    });
    let transport = SmtpTransport::builder_dangerous(&login.host)
        .port(login.port.parse().unwrap())
        .credentials(Credentials::new(login.username.clone(), login.password.clone()))
        .tls(tls.unwrap_or(Tls::None))
        .build();
    let [to, bcc] = RECIPIENTS.map(|recipient| recipient.parse().unwrap());
    let mail = Message::builder()
        .from("app@example.com".parse().unwrap())
        .to(to)
        .bcc(bcc)
        .subject("sent")
        .body("x".to_owned())
        .unwrap();
    transport.send(&mail).unwrap();
}

/// A null client: Postfix that takes mail of local programs, and relays all of it with a login.
pub(super) fn postfix(login: &Login) {
    let tls = match &login.certificate {
        // `secure` verifies the name too.
        Some(certificate) => format!("secure\nsmtp_tls_CAfile = {}", certificate.display()),
        None => "none".to_owned(),
    };
    let settings = format!(
        "relayhost = [{}]:{}\nsmtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = static:{}:{}\n\
         smtp_sasl_security_options = noanonymous\nsmtp_tls_security_level = {tls}\n",
        login.host, login.port, login.username, login.password,
    );
    let postfix = Postfix::start(&settings);
    postfix.send_mail("app@example.com", &RECIPIENTS, MAIL);
}
