//! Statement 34: which byte sequences end a message.

use super::*;

/// Input after a false end. If the session took the end as real, this would be a second mail with a forged sender.
const SMUGGLED: &str = "MAIL FROM:<evil@x.test>\r\nRCPT TO:<u2@mayfly.test>\r\nDATA\r\nsmuggled\r\n.\r\n";

#[test]
fn data_with_lone_newline_is_rejected_and_closed() {
    let endings = [
        ("LF.LF", "\n.\n"),
        ("CR.CR", "\r.\r"),
        ("CR.LF", "\r.\n"),
        ("LF.CR", "\n.\r"),
        ("LF.CRLF", "\n.\r\n"),
        ("CRLF.LF", "\r\n.\n"),
        ("CR.CRLF", "\r.\r\n"),
        ("CRLF.CR", "\r\n.\r"),
        ("CRLF.CRCRLF", "\r\n.\r\r\n"),
        ("CRLF.CRLF with CR doubled before", "\r\r\n.\r\n"),
        ("LF", "\n"),
        ("CR", "\rx"),
        ("LFCR", "\n\r"),
    ];
    for (name, ending) in endings {
        for is_bytewise in [false, true] {
            let mut talk = Talk::in_data();
            let wire = format!("Subject: x\r\n\r\nbody{ending}{SMUGGLED}");
            let mut text = String::new();
            if is_bytewise {
                for byte in wire.as_bytes() {
                    text += &talk.send_for_text([*byte]);
                }
            } else {
                text = talk.send_for_text(&wire);
            }
            assert_eq!(
                text,
                "550 5.5.2 a CR or LF stands alone in the message; end each line with CRLF (curl: --crlf, smtplib: str \
                 instead of bytes)\r\n",
                "{name}"
            );
            assert!(talk.is_closed && talk.mails.is_empty(), "{name}");
            assert_eq!(talk.finished.len(), 1, "{name}");
        }
    }
}

#[test]
fn data_with_similar_endings_continues() {
    let endings = [
        ("NUL before", "\r\n\0.\r\n"),
        ("NUL after", "\r\n.\0\r\n"),
        ("CRLF.SP.CRLF", "\r\n. .\r\n"),
        ("CRLF.SPCRLF", "\r\n. \r\n"),
        ("CRLFSP.CRLF", "\r\n .\r\n"),
        ("CRLF..CRLF", "\r\n..\r\n"),
        ("8-bit line end", "\r\n.\u{85}\r\n"),
    ];
    for (name, ending) in endings {
        let mut talk = Talk::in_data();
        let wire = format!("Subject: x\r\n\r\nbody{ending}{SMUGGLED}");
        assert_eq!(talk.send(&wire), [250], "{name}");
        let [mail] = &talk.mails[..] else {
            panic!("{name}: {} mails", talk.mails.len());
        };
        assert_eq!(mail.sender, "a@x.test", "{name}");
        let text = String::from_utf8_lossy(&mail.bytes).into_owned();
        assert!(text.ends_with("DATA\r\nsmuggled\r\n"), "{name}: {text}");
        assert!(talk.is_in_sync(), "{name}");
    }
}

#[test]
fn data_end_undoes_dot_stuffing() {
    for (wire, expected) in [
        (".\r\n", ""),
        ("\r\n.\r\n", "\r\n"),
        ("a\r\n.\r\n", "a\r\n"),
        ("a\r\n..\r\n...\r\n..b\r\n.\r\n", "a\r\n.\r\n..\r\n.b\r\n"),
        ("..\r\n.\r\n", ".\r\n"),
        // A dot that was not doubled is removed all the same: RFC 5321 4.5.2.
        (".a\r\n.\r\n", "a\r\n"),
    ] {
        let mut talk = Talk::in_data();
        assert_eq!(talk.send(wire), [250], "{wire:?}");
        assert_eq!(talk.mails[0].bytes, expected.as_bytes(), "{wire:?}");
        assert!(talk.is_in_sync());
    }
}

#[test]
fn data_end_is_followed_by_pipelined_commands() {
    let mut talk = Talk::in_data();
    let next = "MAIL FROM:<b@x.test>\r\nRCPT TO:<u2@mayfly.test>\r\nDATA\r\n";
    assert_eq!(talk.send(format!("one\r\n.\r\n{next}")), [250, 250, 250, 354]);
    assert_eq!(talk.send("two\r\n.\r\nQUIT\r\n"), [250, 221]);
    let senders: Vec<_> = talk.mails.iter().map(|mail| mail.sender.as_str()).collect();
    assert_eq!(senders, ["a@x.test", "b@x.test"]);
    assert_eq!(talk.mails[1].recipients, [account(2)]);
}

/// With `normalize`, what ends a message elsewhere is text here, in one piece and octet by octet.
#[test]
fn data_lone_newlines_are_normalised_if_configured() {
    let cases = [
        ("a\nb\n", "a\r\nb\r\n"),
        ("a\rb", "a\r\nb"),
        ("a\n.\n", "a\r\n.\r\n"),
        ("a\n.\r\n", "a\r\n.\r\n"),
        ("a\r.\r", "a\r\n.\r\n"),
        ("a\r\n.\n", "a\r\n.\r\n"),
        ("a\r\n.\r", "a\r\n.\r\n"),
        ("a\r\r\n.\r\r\n", "a\r\n\r\n.\r\n\r\n"),
        ("a\n..b\n...\nc", "a\r\n.b\r\n..\r\nc"),
        ("a\n.b", "a\r\n.b"),
        ("\n\n", "\r\n\r\n"),
        ("a\n\rb", "a\r\n\r\nb"),
    ];
    for (sent, stored) in cases {
        for is_bytewise in [false, true] {
            let mut talk = Talk::with(|settings| settings.normalizes_newlines = true);
            talk.send("EHLO client.example.com\r\n");
            talk.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<u1@mayfly.test>\r\n");
            assert_eq!(talk.send("DATA\r\n"), [354]);
            let wire = format!("{sent}x{SMUGGLED}");
            let size = if is_bytewise { 1 } else { wire.len() };
            let codes: Vec<u16> = wire
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| talk.send(piece))
                .collect();
            assert_eq!(codes, [250], "{sent:?}");
            let [mail] = &talk.mails[..] else {
                panic!("{sent:?}: {} mails", talk.mails.len());
            };
            let text = String::from_utf8_lossy(&mail.bytes).into_owned();
            assert_eq!(
                text.strip_suffix("smuggled\r\n")
                    .map(|text| text.starts_with(stored)),
                Some(true),
                "{sent:?}: {text:?}"
            );
            assert!(talk.is_in_sync());
        }
    }
}
