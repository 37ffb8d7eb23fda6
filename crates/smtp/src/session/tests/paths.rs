//! Statements 44 and 45: which addresses are valid, and that nothing is relayed.

use super::*;

#[test]
fn rcpt_never_relays() {
    let recipients = [
        ("<u1%x.test@mayfly.test>", 550),
        ("<u1%mayfly.test@x.test>", 550),
        ("<x.test!u1@mayfly.test>", 550),
        ("<mayfly.test!u1>", 550),
        ("<@mayfly.test:u1@x.test>", 550),
        ("<@a.test,@mayfly.test:u1@mayfly.test>", 550),
        ("<u1@[127.0.0.1]>", 550),
        ("<u1@[IPv6:::1]>", 550),
        ("<\"u1@x.test\"@mayfly.test>", 550),
        ("<\"u1\"@mayfly.test>", 550),
        ("<\"u1@x.test\">", 550),
        ("<u1@x.test@mayfly.test>", 553),
        ("<u1@mayfly.test@x.test>", 553),
        ("<u1@x.test>", 550),
        ("<u1@sub.mayfly.test>", 550),
        ("<u1@mayfly.test.>", 553),
        ("<u1@MAYFLY.test.x.test>", 550),
        ("<u1>", 550),
        ("<>", 553),
        ("u1@mayfly.test", 501),
        (" u1@mayfly.test", 501),
        ("<u1@mayfly.test", 501),
        ("<u1@mayfly.test>x", 501),
        ("<u1@mayfly.test> NOTIFY=NEVER", 555),
        ("<u1 @mayfly.test>", 553),
        ("Mike <u1@mayfly.test>", 501),
    ];
    for (recipient, code) in recipients {
        let mut talk = Talk::ready();
        talk.send("MAIL FROM:<a@x.test>\r\n");
        assert_eq!(
            talk.send(format!("RCPT TO:{recipient}\r\n")),
            [code],
            "{recipient}"
        );
        assert_eq!(talk.send("DATA\r\n"), [554], "{recipient}");
    }
}

/// RFC 5321 4.5.1: `postmaster` is the only recipient without a domain. The mailbox service decides who receives it.
#[test]
fn rcpt_postmaster_without_domain_is_resolved() {
    for recipient in ["<postmaster>", "<PostMaster>"] {
        let mut talk = Talk::ready();
        talk.send("MAIL FROM:<a@x.test>\r\n");
        assert_eq!(
            talk.send(format!("RCPT TO:{recipient}\r\n")),
            [250],
            "{recipient}"
        );
    }
}

#[test]
fn mail_validates_the_sender_strictly() {
    let long_local = format!("<{}@x.test>", "a".repeat(1900));
    let long_path = format!("<a@{}y>", "x.".repeat(128));
    let cases: [(&[u8], u16); 31] = [
        (b"<>", 250),
        (b"<a@x.test>", 250),
        (b"<a+b.c=d@x.test>", 250),
        (b"<\"a b\"@x.test>", 250),
        (b"<a@[192.0.2.1]>", 250),
        (b"<SRS0=x=y=z@x.test>", 250),
        (b"<a/b@x.test>", 250),
        ("<jörg@x.test>".as_bytes(), 553),
        ("<jörg@bücher.test> SMTPUTF8".as_bytes(), 250),
        (b"<a\xff@x.test> SMTPUTF8", 553),
        ("<a\u{85}@x.test> SMTPUTF8".as_bytes(), 501),
        (b"<a\0@x.test>", 501),
        (b"<a\x7f@x.test>", 501),
        (b"<a\t@x.test>", 501),
        (b"<a\r@x.test>", 501),
        (b"<a\n@x.test>", 501),
        (b"<a\r\0\n@x.test>", 501),
        (b"<\"a\\\n\"@x.test>", 501),
        (b"<a>", 553),
        (b"<@a.test:b@x.test>", 553),
        (b"a@x.test", 501),
        (b"", 501),
        (b" <a@x.test>", 250),
        (b"   <a@x.test> SIZE=5", 250),
        (b" <>", 250),
        (b"<a..b@x.test>", 250),
        (b"<ab.@x.test>", 250),
        (b"<.ab@x.test>", 250),
        (b"<a@x.test> NONSENSE", 555),
        (long_local.as_bytes(), 250),
        (long_path.as_bytes(), 553),
    ];
    for (sender, code) in cases {
        let mut talk = Talk::ready();
        let line = [b"MAIL FROM:", sender, b"\r\n"].concat();
        let shown = String::from_utf8_lossy(sender).into_owned();
        assert_eq!(talk.send(&line), [code], "{shown}");
        assert!(talk.is_in_sync(), "{shown}");
    }
}

#[test]
fn mail_keeps_the_sender_as_sent() {
    for (sender, parameters) in [
        ("", ""),
        (
            "bounces+1234567-abcd-user=example.com.x.y.z=a-very-long-verp-local-part-of-a-service@em.x.test",
            "",
        ),
        ("a..b.@x.test", ""),
        ("Mixed.Case@X.Test", " SIZE=5"),
        ("jo\u{308}rg@bücher.test", " SMTPUTF8"),
        ("\"a b\\\"\"@x.test", " BODY=8BITMIME"),
    ] {
        let mut talk = Talk::ready();
        talk.send(format!(
            "mail from:<{sender}>{parameters}\r\nrcpt to:<u1@mayfly.test>\r\n"
        ));
        talk.send("DATA\r\n");
        talk.send("x\r\n.\r\n");
        assert_eq!(talk.mails[0].sender, sender);
    }
}

#[test]
fn rcpt_non_ascii_recipient_is_rejected() {
    for (parameters, code) in [("", 553), (" SMTPUTF8", 550)] {
        let mut talk = Talk::ready();
        talk.send(format!("MAIL FROM:<a@x.test>{parameters}\r\n"));
        assert_eq!(talk.send("RCPT TO:<ü1@mayfly.test>\r\n"), [code]);
        // The Kelvin sign is not a k.
        assert_eq!(talk.send("RCPT TO:<\u{212a}@mayfly.test>\r\n"), [code]);
    }
}

/// Statement of RFC 5321 4.1.1.1: nothing depends on the name, and machines have names in any charset.
#[test]
fn ehlo_takes_any_name() {
    let long = "n".repeat(2000);
    let names: [(&[u8], u16); 9] = [
        (b"client.example.com", 250),
        (b"[127.0.0.1]", 250),
        (b"Anns PC", 250),
        ("B\u{fc}ro-PC".as_bytes(), 250),
        (b"B\xfcro-PC", 250),
        (b"a_b!(c)", 250),
        (long.as_bytes(), 250),
        (b"", 501),
        (b"a\x01b", 501),
    ];
    for (name, code) in names {
        for verb in ["EHLO", "helo"] {
            let mut talk = Talk::new();
            let line = [verb.as_bytes(), b" ", name, b"\r\n"].concat();
            assert_eq!(talk.send(&line), [code], "{}", String::from_utf8_lossy(name));
        }
    }
    let mut talk = Talk::new();
    assert_eq!(talk.send("EHLOx client\r\n"), [500]);
}

#[test]
fn rcpt_blank_after_colon_is_taken() {
    let mut talk = Talk::ready();
    talk.send("MAIL FROM: <a@x.test>\r\n");
    assert_eq!(talk.send("RCPT TO:  <u1@mayfly.test>\r\n"), [250]);
}
