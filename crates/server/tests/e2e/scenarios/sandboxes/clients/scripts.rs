//! Mail libraries, each run by a short script in its language.

use std::process::Command;

use super::Login;
use crate::node;

fn python(script: &str) -> Command {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new(format!("{root}/target/tools/clients/bin/python"));
    command.args(["-c", script]);
    command
}

pub(super) fn smtplib(_: &Login) -> Command {
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
pub(super) fn django(_: &Login) -> Command {
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
pub(super) fn flask_mail(_: &Login) -> Command {
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

pub(super) fn aiosmtplib(_: &Login) -> Command {
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
pub(super) fn nodemailer(_: &Login) -> Command {
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

/// With the settings that the dashboard shows.
pub(super) fn phpmailer(_: &Login) -> Command {
    let script = r"
require '/usr/share/php/libphp-phpmailer/autoload.php';
eval(getenv('SETTINGS'));
[$to, $bcc] = explode(' ', getenv('TO'));
$mail->setFrom('app@example.com');
$mail->addAddress($to);
$mail->addBCC($bcc);
$mail->Subject = 'sent';
$mail->Body = 'x';
$mail->send();
";
    let mut command = Command::new("php");
    command.args(["-r", script]);
    command
}

/// With the settings that the dashboard shows for Rails, which hands them to this library.
pub(super) fn ruby_mail(_: &Login) -> Command {
    let script = r"
require 'mail'
require 'ostruct'
config = OpenStruct.new(action_mailer: OpenStruct.new)
eval(ENV.fetch('SETTINGS'))
recipient, hidden = ENV.fetch('TO').split
mail = Mail.new do
  from 'app@example.com'
  to recipient
  bcc hidden
  subject 'sent'
  body 'x'
end
mail.delivery_method(config.action_mailer.delivery_method, config.action_mailer.smtp_settings)
mail.deliver!
";
    let mut command = Command::new("ruby");
    command.args(["-e", script]);
    command
}

pub(super) fn net_smtp(_: &Login) -> Command {
    let script = r"
require 'net/smtp'
smtp = Net::SMTP.new(ENV.fetch('HOST'), ENV.fetch('PORT').to_i)
ENV.fetch('CERT').empty? ? smtp.disable_starttls : smtp.enable_starttls
smtp.start('localhost', ENV.fetch('USERNAME'), ENV.fetch('PASSWORD'), :plain) do |session|
  session.send_message(ENV.fetch('MAIL'), 'app@example.com', *ENV.fetch('TO').split)
end
";
    let mut command = Command::new("ruby");
    command.args(["-e", script]);
    command
}

/// Jakarta Mail with the settings that the dashboard shows for Spring Boot, which hands them to this library.
pub(super) fn jakarta_mail(login: &Login) -> Command {
    // Java reads certificates from a key store.
    let script = r#"
import jakarta.mail.*;
import jakarta.mail.internet.*;
import java.io.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;

if (!System.getenv("CERT").isEmpty()) {
    trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    pem = new FileInputStream(System.getenv("CERT"));
    trusted.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    file = File.createTempFile("trusted", ".p12");
    file.deleteOnExit();
    out = new FileOutputStream(file);
    trusted.store(out, "changeit".toCharArray());
    out.close();
    System.setProperty("javax.net.ssl.trustStore", file.getPath());
    System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
}
shown = new Properties();
shown.load(new StringReader(System.getenv("SETTINGS")));
settings = new Properties();
prefix = "spring.mail.properties.";
for (name : shown.stringPropertyNames()) {
    if (name.startsWith(prefix)) settings.setProperty(name.substring(prefix.length()), shown.getProperty(name));
}
settings.setProperty("mail.smtp.ssl.checkserveridentity", "true");
session = Session.getInstance(settings);
mail = new MimeMessage(session);
mail.setFrom("app@example.com");
to = System.getenv("TO").split(" ");
mail.setRecipients(Message.RecipientType.TO, to[0]);
mail.setRecipients(Message.RecipientType.BCC, to[1]);
mail.setSubject("sent");
mail.setText("x");
transport = session.getTransport("smtp");
transport.connect(shown.getProperty("spring.mail.host"), Integer.parseInt(shown.getProperty("spring.mail.port")),
    shown.getProperty("spring.mail.username"), shown.getProperty("spring.mail.password"));
transport.sendMessage(mail, mail.getAllRecipients());
transport.close();
"#;
    let file = login.dir.join("send.bsh");
    std::fs::write(&file, script).unwrap();
    let jars = ["bsh", "jakarta-mail", "jakarta-activation"].map(|jar| format!("/usr/share/java/{jar}.jar"));
    let mut command = Command::new("java");
    command
        .args(["-cp", &jars.join(":"), "bsh.Interpreter"])
        .arg(file);
    command
}
