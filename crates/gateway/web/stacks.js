/**
 * How stacks are configured to send their mail to a sandbox. The tests run some of these settings and check the others.
 * @typedef {{host: string, port: number, isTls: boolean, username: string, password: string}} Login
 */

/** @param {Login} login */
const url = (login) => `smtp://${login.username}:${login.password}@${login.host}:${login.port}`;

/** @type {{name: string, settings: (login: Login) => string}[]} */
export const STACKS = [
  { name: "URL", settings: (l) => `SMTP_URL=${url(l)}\n` },
  { name: "Django", settings: (l) => `# settings.py
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "${l.host}"
EMAIL_PORT = ${l.port}
EMAIL_HOST_USER = "${l.username}"
EMAIL_HOST_PASSWORD = "${l.password}"
EMAIL_USE_TLS = ${l.isTls ? "True" : "False"}
` },
  { name: "Flask-Mail", settings: (l) => `# configuration of the app
MAIL_SERVER = "${l.host}"
MAIL_PORT = ${l.port}
MAIL_USERNAME = "${l.username}"
MAIL_PASSWORD = "${l.password}"
MAIL_USE_TLS = ${l.isTls ? "True" : "False"}
` },
  { name: "Python (smtplib)", settings: (l) => `import smtplib

with smtplib.SMTP("${l.host}", ${l.port}) as smtp:
${l.isTls ? "    smtp.starttls()\n" : ""}    smtp.login("${l.username}", "${l.password}")
    smtp.sendmail("app@example.com", ["ann@example.com"], "Subject: Hello\\r\\n\\r\\nIt works.\\r\\n")
` },
  { name: "Rails", settings: (l) => `# config/environments/development.rb
config.action_mailer.delivery_method = :smtp
config.action_mailer.smtp_settings = {
  address: "${l.host}",
  port: ${l.port},
  user_name: "${l.username}",
  password: "${l.password}",
  authentication: :plain,
  enable_starttls: ${l.isTls},
}
` },
  { name: "Laravel", settings: (l) => `# .env
MAIL_MAILER=smtp
MAIL_HOST=${l.host}
MAIL_PORT=${l.port}
MAIL_USERNAME=${l.username}
MAIL_PASSWORD=${l.password}
` },
  { name: "Symfony", settings: (l) => `# .env
MAILER_DSN=${url(l)}
` },
  { name: "PHP (PHPMailer)", settings: (l) => `$mail = new PHPMailer\\PHPMailer\\PHPMailer(true);
$mail->isSMTP();
$mail->Host = '${l.host}';
$mail->Port = ${l.port};
$mail->SMTPAuth = true;
$mail->Username = '${l.username}';
$mail->Password = '${l.password}';
$mail->SMTPSecure = ${l.isTls ? "'tls'" : "''"};
$mail->SMTPAutoTLS = ${l.isTls};
` },
  { name: "WordPress", settings: (l) => `// wp-content/mu-plugins/sandbox.php
<?php
add_action('phpmailer_init', function ($mail) {
    $mail->isSMTP();
    $mail->Host = '${l.host}';
    $mail->Port = ${l.port};
    $mail->SMTPAuth = true;
    $mail->Username = '${l.username}';
    $mail->Password = '${l.password}';
    $mail->SMTPAutoTLS = ${l.isTls};
});
` },
  { name: "Node (Nodemailer)", settings: (l) => `const transport = require("nodemailer").createTransport({
  host: "${l.host}",
  port: ${l.port},
  secure: false,
  ${l.isTls ? "requireTLS: true" : "ignoreTLS: true"},
  auth: { user: "${l.username}", pass: "${l.password}" },
});
` },
  { name: "Spring Boot", settings: (l) => `# application.properties
spring.mail.host=${l.host}
spring.mail.port=${l.port}
spring.mail.username=${l.username}
spring.mail.password=${l.password}
spring.mail.properties.mail.smtp.auth=true
spring.mail.properties.mail.smtp.starttls.enable=${l.isTls}
` },
  { name: "Go (net/smtp)", settings: (l) => `auth := smtp.PlainAuth("", "${l.username}", "${l.password}", "${l.host}")
err := smtp.SendMail("${l.host}:${l.port}", auth, "app@example.com", []string{"ann@example.com"},
\t[]byte("Subject: Hello\\r\\n\\r\\nIt works.\\r\\n"))
` },
  { name: ".NET (MailKit)", settings: (l) => `using var client = new MailKit.Net.Smtp.SmtpClient();
await client.ConnectAsync("${l.host}", ${l.port}, MailKit.Security.SecureSocketOptions.${l.isTls ? "StartTls" : "None"});
await client.AuthenticateAsync("${l.username}", "${l.password}");
` },
  { name: "Keycloak", settings: (l) => `# kcadm.sh update realms/REALM -f smtp.json, with this file:
{"smtpServer": {"host": "${l.host}", "port": "${l.port}", "from": "keycloak@example.com", "auth": "true", "starttls": "${l.isTls}",
 "user": "${l.username}", "password": "${l.password}"}}
` },
  { name: "GitLab", settings: (l) => `# /etc/gitlab/gitlab.rb
gitlab_rails['smtp_enable'] = true
gitlab_rails['smtp_address'] = "${l.host}"
gitlab_rails['smtp_port'] = ${l.port}
gitlab_rails['smtp_user_name'] = "${l.username}"
gitlab_rails['smtp_password'] = "${l.password}"
gitlab_rails['smtp_authentication'] = "plain"
gitlab_rails['smtp_enable_starttls_auto'] = ${l.isTls}
` },
  { name: "Supabase", settings: (l) => `# supabase/config.toml
[auth.email.smtp]
enabled = true
host = "${l.host}"
port = ${l.port}
user = "${l.username}"
pass = "${l.password}"
admin_email = "app@example.com"
sender_name = "App"
` },
];
