//! AUTH: the dialogues of RFC 4954 4.1 and RFC 4616 4, and what a client can get wrong.

use super::*;
use crate::command::POSTMASTER;

/// `\0ann\0good`
const GOOD: &str = "AGFubgBnb29k";
/// `\0ann\0bad`
const BAD: &str = "AGFubgBiYWQ=";
/// `\0ann\0down`
const DOWN: &str = "AGFubgBkb3du";

fn base64(text: &str) -> String {
    use ::base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

impl Talk {
    /// Connects to an edge that takes logins, without TLS.
    fn for_login(change: impl FnOnce(&mut Settings)) -> Self {
        let mut talk = Self::with(|settings| {
            settings.sandbox = SandboxMode::Auth;
            settings.plain_login_networks = vec!["192.0.2.0/24".parse().unwrap()];
            change(settings);
        });
        assert_eq!(talk.send("EHLO app.example.com\r\n"), [250]);
        talk
    }

    /// Connects and logs in.
    fn logged_in() -> Self {
        let mut talk = Self::for_login(|_| {});
        assert_eq!(talk.send(format!("AUTH PLAIN {GOOD}\r\n")), [235]);
        talk
    }

    fn last_login(&self) -> (String, String) {
        match self.logins.last() {
            Some(Login::Password(credentials)) => {
                (credentials.username.clone(), credentials.password.to_string())
            }
            login => panic!("{login:?}"),
        }
    }
}

/// The first dialogue of RFC 4954 4.1 has TLS; the AUTH of the other is the one without an initial response.
#[test]
fn auth_as_in_rfc_4954_is_accepted() {
    let mut talk = Talk::with(|settings| settings.sandbox = SandboxMode::Auth);
    let text = talk.send_for_text("EHLO client.example.com\r\n");
    assert!(!text.contains("AUTH"), "without TLS: {text}");
    assert_eq!(talk.send("STARTTLS\r\n"), [220]);
    let text = talk.send_for_text("EHLO client.example.com\r\n");
    assert!(text.contains("250-AUTH PLAIN LOGIN\r\n"), "{text}");
    assert_eq!(talk.send_for_text("AUTH PLAIN\r\n"), "334 \r\n");
    let text = talk.send_for_text("dGVzdAB0ZXN0AGdvb2Q=\r\n");
    assert!(text.starts_with("235 2.7.0 "), "{text}");
    assert_eq!(talk.last_login(), ("test".to_owned(), "good".to_owned()));
}

/// RFC 4616 4: `<NUL>tim<NUL>tanstaaftanstaaf`, and the second with an authorization identity, which is another user's.
#[test]
fn plain_as_in_rfc_4616_is_read() {
    let mut talk = Talk::for_login(|_| {});
    assert_eq!(talk.send("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"), [535]);
    assert_eq!(
        talk.last_login(),
        ("tim".to_owned(), "tanstaaftanstaaf".to_owned())
    );
    let kurt = base64("Ursel\0Kurt\0xipj3plmq");
    assert_eq!(talk.send(format!("AUTH PLAIN {kurt}\r\n")), [535]);
    assert_eq!(talk.logins.len(), 1, "acting for another asks nobody");
    let same = base64("Kurt\0Kurt\0good");
    assert_eq!(talk.send(format!("AUTH PLAIN {same}\r\n")), [235]);
}

#[test]
fn login_mechanism_prompts_for_both() {
    for first in ["AUTH LOGIN\r\n", "auth login\r\n"] {
        let mut talk = Talk::for_login(|_| {});
        assert_eq!(talk.send_for_text(first), "334 VXNlcm5hbWU6\r\n");
        assert_eq!(talk.send_for_text("YW5u\r\n"), "334 UGFzc3dvcmQ6\r\n");
        assert_eq!(talk.send("Z29vZA==\r\n"), [235]);
        assert_eq!(talk.last_login(), ("ann".to_owned(), "good".to_owned()));
    }
    // The user name as initial response, as some clients send it.
    let mut talk = Talk::for_login(|_| {});
    assert_eq!(talk.send_for_text("AUTH LOGIN YW5u\r\n"), "334 UGFzc3dvcmQ6\r\n");
    assert_eq!(talk.send("Z29vZA==\r\n"), [235]);
}

#[test]
fn auth_that_cannot_be_accepted_gets_its_reply() {
    let long = "A".repeat(5000);
    let cases: [(&str, &str); 13] = [
        ("AUTH\r\n", "501 5.5.4"),
        ("AUTH PLAIN  x\r\n", "501 5.5.4"),
        ("AUTH CRAM-MD5\r\n", "504 5.5.4"),
        ("AUTH XOAUTH2 abc\r\n", "504 5.5.4"),
        ("AUTH PLAIN !!!\r\n", "501 5.5.2"),
        ("AUTH PLAIN AGFubgBnb29\r\n", "501 5.5.2"),
        ("AUTH PLAIN =\r\n", "535 5.7.8"),
        ("AUTH PLAIN *\r\n", "501 5.7.0"),
        ("AUTH PLAIN\r\n*\r\n", "334 \r\n501 5.7.0"),
        ("AUTH PLAIN\r\n\r\n", "334 \r\n535 5.7.8"),
        ("AUTH LOGIN =\r\n*\r\n", "334 UGFzc3dvcmQ6\r\n501 5.7.0"),
        (&format!("AUTH PLAIN {long}\r\n"), "500 5.5.6"),
        (&format!("AUTH PLAIN\r\n{long}\r\n"), "334 \r\n500 5.5.6"),
    ];
    for (input, reply) in cases {
        let mut talk = Talk::for_login(|_| {});
        let text = talk.send_for_text(input);
        assert!(text.starts_with(reply), "{input:.40}: {text}");
        assert!(talk.is_in_sync(), "{input:.40}");
        assert_eq!(talk.send(format!("AUTH PLAIN {GOOD}\r\n")), [235], "{input:.40}");
    }
}

/// RFC 4954 4 asks for lines of any length that the mechanisms need; a command line of 2 KiB would be too short.
#[test]
fn auth_line_of_4_kib_is_read() {
    let mut talk = Talk::for_login(|_| {});
    let message = base64(&format!("\0{}\0good", "u".repeat(3000)));
    assert_eq!(talk.send(format!("AUTH PLAIN {message}\r\n")), [235]);
    let mut talk = Talk::for_login(|_| {});
    assert_eq!(talk.send(format!("AUTH PLAIN\r\n{message}\r\n")), [334, 235]);
}

#[test]
fn auth_in_the_wrong_state_is_refused() {
    let mut talk = Talk::with(|settings| settings.sandbox = SandboxMode::Auth);
    assert_eq!(talk.send(format!("AUTH PLAIN {GOOD}\r\n")), [503], "before EHLO");
    assert_eq!(talk.send("EHLO a\r\n"), [250]);
    let text = talk.send_for_text(format!("AUTH PLAIN {GOOD}\r\n"));
    assert!(text.starts_with("538 5.7.11 "), "without TLS: {text}");
    assert!(talk.logins.is_empty());

    let mut talk = Talk::logged_in();
    let text = talk.send_for_text(format!("AUTH PLAIN {GOOD}\r\n"));
    assert!(text.starts_with("503 5.5.1 "), "a second login: {text}");

    let mut talk = Talk::for_login(|_| {});
    assert_eq!(talk.send("MAIL FROM:<a@x.test>\r\n"), [250]);
    assert_eq!(
        talk.send(format!("AUTH PLAIN {GOOD}\r\n")),
        [503],
        "inside a transaction"
    );

    let mut talk = Talk::ready();
    assert_eq!(
        talk.send(format!("AUTH PLAIN {GOOD}\r\n")),
        [502],
        "sandboxes are off"
    );
}

#[test]
fn auth_service_down_is_temporary_and_never_535() {
    let mut talk = Talk::for_login(|_| {});
    for _ in 0..5 {
        let text = talk.send_for_text(format!("AUTH PLAIN {DOWN}\r\n"));
        assert!(text.starts_with("454 4.7.0 "), "{text}");
    }
    assert!(talk.is_in_sync());
    let limited = base64("\0ann\0limited");
    assert_eq!(talk.send(format!("AUTH PLAIN {limited}\r\n")), [454]);
}

#[test]
fn third_failed_login_ends_the_session() {
    let mut talk = Talk::for_login(|_| {});
    assert_eq!(talk.send(format!("AUTH PLAIN {BAD}\r\n")), [535]);
    assert_eq!(talk.send("AUTH LOGIN\r\nYW5u\r\nYmFk\r\n"), [334, 334, 535]);
    assert_eq!(talk.send(format!("AUTH PLAIN {BAD}\r\n")), [535, 421]);
    assert!(talk.is_closed);
}

#[test]
fn starttls_forgets_the_login_and_what_is_pipelined() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.send(format!("STARTTLS\r\nAUTH PLAIN {GOOD}\r\n")), [220]);
    assert!(talk.is_tls);
    assert_eq!(talk.send("NOOP\r\n"), [250], "the pipelined AUTH is discarded");
    assert_eq!(talk.send("EHLO a\r\nMAIL FROM:<a@x.test>\r\n")[0], 503);
    let mut talk = Talk::logged_in();
    assert_eq!(talk.send("STARTTLS\r\n"), [220]);
    assert_eq!(talk.send("EHLO a\r\n"), [250]);
    assert_eq!(
        talk.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<any@foreign.example>\r\n"),
        [250, 550],
        "reception"
    );
    assert_eq!(talk.logins.len(), 1);
}

#[test]
fn submission_captures_any_recipient_in_one_mail() {
    let mut talk = Talk::logged_in();
    let recipients = [
        "ann@foreign.example",
        "u1@mayfly.test",
        "a%b@relay.example",
        r#""a b"@x.test"#,
        "a@[127.0.0.1]",
        "Ann@Foreign.Example",
    ];
    assert_eq!(talk.send("MAIL FROM:<> AUTH=<>\r\n"), [250]);
    for recipient in recipients {
        let text = talk.send_for_text(format!("RCPT TO:<{recipient}>\r\n"));
        assert!(text.starts_with("250 2.1.5 "), "{recipient}: {text}");
    }
    assert_eq!(talk.send("RCPT TO:<postmaster>\r\n"), [250]);
    for (recipient, code) in [
        ("no domain", 553),
        ("@a:b@c.test", 550),
        ("j\u{f6}rg@x.test", 553),
    ] {
        assert_eq!(
            talk.send(format!("RCPT TO:<{recipient}>\r\n")),
            [code],
            "{recipient}"
        );
    }
    assert_eq!(talk.send("DATA\r\n"), [354]);
    assert_eq!(talk.send("Subject: x\r\n\r\nx\r\n.\r\n"), [250]);
    let mail = &talk.mails[0];
    assert!(mail.recipients.is_empty());
    assert_eq!(mail.captured[..recipients.len()], recipients);
    assert_eq!(mail.captured[recipients.len()..], [POSTMASTER]);
    assert_eq!(talk.mails.len(), 1);
    assert_eq!(
        talk.send("MAIL FROM:<a@x.test> SMTPUTF8\r\nRCPT TO:<j\u{f6}rg@x.test>\r\n"),
        [250, 250]
    );
}

#[test]
fn submission_takes_a_hundred_recipients() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.send("MAIL FROM:<a@x.test>\r\n"), [250]);
    for n in 0..100 {
        assert_eq!(talk.send(format!("RCPT TO:<r{n}@foreign.example>\r\n")), [250]);
    }
    let text = talk.send_for_text("RCPT TO:<r100@foreign.example>\r\n");
    assert!(text.starts_with("452 4.5.3 "), "{text}");
}

#[test]
fn mail_after_revocation_is_refused() {
    let mut talk = Talk::logged_in();
    let mail = "MAIL FROM:<a@x.test>\r\n";
    assert_eq!(
        talk.send(format!("{mail}RCPT TO:<x@y.test>\r\nRSET\r\n")),
        [250, 250, 250]
    );
    talk.is_revoked = true;
    let text = talk.send_for_text(mail);
    assert!(text.starts_with("535 5.7.8 "), "{text}");
    assert_eq!(talk.send("RCPT TO:<x@y.test>\r\n"), [503]);
    talk.is_revoked = false;
    assert_eq!(
        talk.send(format!("{mail}RCPT TO:<x@y.test>\r\n")),
        [250, 550],
        "logged out"
    );
}

#[test]
fn submission_listener_requires_a_login() {
    let mut talk = Talk::for_login(|settings| settings.requires_login = true);
    let text = talk.send_for_text("MAIL FROM:<a@x.test>\r\n");
    assert!(text.starts_with("530 5.7.0 "), "{text}");
    assert_eq!(talk.send("RCPT TO:<u1@mayfly.test>\r\n"), [503]);
    assert_eq!(talk.send(format!("AUTH PLAIN {GOOD}\r\n")), [235]);
    assert_eq!(
        talk.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<any@x.test>\r\n"),
        [250, 250]
    );
}

#[test]
fn open_server_captures_with_any_login_or_none() {
    let mut talk = Talk::with(|settings| settings.sandbox = SandboxMode::Open);
    let text = talk.send_for_text("EHLO a\r\n");
    assert!(text.contains("AUTH PLAIN LOGIN"), "{text}");
    let mail = "MAIL FROM:<a@x.test>\r\nRCPT TO:<any@foreign.example>\r\nDATA\r\n";
    assert_eq!(talk.send(mail), [250, 250, 354]);
    assert_eq!(talk.send("x\r\n.\r\n"), [250]);
    assert_eq!(talk.send(format!("AUTH PLAIN {BAD}\r\n")), [235]);
    assert_eq!(talk.send(mail), [250, 250, 354]);
    assert_eq!(talk.send("x\r\n.\r\n"), [250]);
    assert_eq!(talk.mails.len(), 2);
    assert_eq!(talk.logins, [Login::Open, Login::Open]);
}

#[test]
fn credentials_are_hidden_in_debug_output() {
    let credentials = Credentials {
        username: "sb_abcdefgh".to_owned(),
        password: "secret".to_owned().into(),
    };
    assert_eq!(format!("{credentials:?}"), "Credentials([hidden])");
}
