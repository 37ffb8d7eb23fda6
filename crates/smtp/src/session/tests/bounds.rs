//! Statements 38 to 41: every length and count has an exact limit.

use super::*;

#[test]
fn command_line_over_2048_octets_is_rejected() {
    for (length, code) in [(2047, 250), (2048, 250), (2049, 500), (60_000, 500)] {
        let mut talk = Talk::ready();
        let line = format!("NOOP {}\r\n", "x".repeat(length - 7));
        assert_eq!(talk.send(&line), [code], "{length}");
        assert!(talk.is_in_sync(), "{length}");
    }
}

#[test]
fn unterminated_line_is_discarded_and_closed() {
    let mut talk = Talk::ready();
    let mut codes = Vec::new();
    let mut sent = 0;
    while sent < 10 << 20 && !talk.is_closed {
        codes.extend(talk.send([b'x'; 1000]));
        sent += 1000;
        assert!(talk.input.len() <= 2048, "{} bytes buffered", talk.input.len());
    }
    assert!(talk.is_closed && sent <= 70_000, "{sent}");
    assert_eq!(codes, [500]);
}

#[test]
fn malformed_line_gets_one_reply() {
    let smuggled = "NOOP\nMAIL FROM:<evil@x.test>\nRCPT TO:<u1@mayfly.test>\nDATA\n\r\n";
    let mut talk = Talk::ready();
    assert_eq!(talk.send(smuggled), [501]);
    assert_eq!(talk.send("RCPT TO:<u1@mayfly.test>\r\n"), [503]);
    let mut codes = Vec::new();
    for byte in smuggled.bytes() {
        codes.extend(talk.send([byte]));
    }
    assert_eq!(codes, [501]);
    assert!(talk.is_in_sync());
}

#[test]
fn message_over_the_limit_is_rejected_in_sync() {
    let limit = usize::try_from(LIMIT).unwrap();
    for (size, code) in [
        (limit - 1, 250),
        (limit, 250),
        (limit + 1, 552),
        (limit + (10 << 20), 552),
    ] {
        let mut talk = Talk::in_data();
        // Doubled dots do not count: RFC 1870 5.
        let mut message = ".".repeat(2) + "\r\n";
        message += &"x".repeat(size - message.len() - 2);
        message += "\r\n";
        let wire = stuffed(message.as_bytes());
        let mut codes = Vec::new();
        for piece in wire.chunks(8192) {
            codes.extend(talk.send(piece));
        }
        assert_eq!(codes, [code], "{size}");
        assert!(talk.is_in_sync(), "{size}");
        let stored: Vec<_> = talk.mails.iter().map(|mail| mail.bytes.as_slice()).collect();
        let expected = if code == 250 {
            vec![message.as_bytes()]
        } else {
            vec![]
        };
        assert!(stored == expected, "{size}");
        assert_eq!(talk.settings.budget.free_bytes(), BUDGET, "{size}");
    }
}

#[test]
fn mail_parameters_are_validated() {
    let cases = [
        ("SIZE=65535", 250),
        ("size=65536", 250),
        ("SIZE=65537", 552),
        ("SIZE=18446744073709551616", 552),
        ("SIZE=99999999999999999999", 552),
        ("SIZE=100000000000000000000", 501),
        ("SIZE=", 501),
        ("SIZE", 501),
        ("SIZE=-1", 501),
        ("SIZE=1 SIZE=2", 501),
        ("BODY=8bitmime SIZE=1", 250),
        ("BODY=BINARYMIME", 501),
        ("SMTPUTF8", 250),
        ("SMTPUTF8=1", 501),
        ("AUTH=<>", 555),
        ("RET=HDRS", 555),
        ("SIZE=1  BODY=7BIT", 501),
    ];
    for (parameters, code) in cases {
        let mut talk = Talk::ready();
        let line = format!("MAIL FROM:<a@x.test> {parameters}\r\n");
        assert_eq!(talk.send(&line), [code], "{parameters}");
        assert!(talk.is_in_sync());
    }
}

#[test]
fn message_over_the_memory_budget_is_rejected() {
    let mut talk = Talk::in_data();
    let mut other = talk.settings.budget.reservation(CLIENT);
    assert!(other.grow(BUDGET - 1000));
    let message = "x".repeat(998) + "\r\n" + "y\r\n";
    for piece in message.as_bytes().chunks(100) {
        assert!(talk.send(piece).is_empty());
    }
    // The memory of the discarded message is free before its end is read.
    assert_eq!(talk.settings.budget.free_bytes(), 1000);
    assert!(talk.send_for_text(".\r\n").starts_with("452 4.3.1 "));
    let envelope = "MAIL FROM:<a@x.test>\r\nRCPT TO:<u1@mayfly.test>\r\nDATA\r\n";
    assert_eq!(talk.send(envelope), [250, 250, 354]);
    assert_eq!(talk.send(stuffed(&message.as_bytes()[..1000])), [250]);
    assert_eq!(talk.mails.len(), 1);
}

#[test]
fn recipients_over_the_limit_are_deferred() {
    let mut talk = Talk::ready();
    assert_eq!(talk.send("MAIL FROM:<a@x.test>\r\n"), [250]);
    let recipients: String = (0..150)
        .map(|n| format!("RCPT TO:<u{n}@mayfly.test>\r\n"))
        .collect();
    let text = talk.send_for_text(&recipients);
    let codes: Vec<&str> = text.lines().map(|line| &line[..9]).collect();
    assert_eq!(codes.len(), 150);
    assert!(codes[..100].iter().all(|code| *code == "250 2.1.5"));
    assert!(codes[100..].iter().all(|code| *code == "452 4.5.3"));
    assert_eq!(talk.send("DATA\r\n"), [354]);
    assert_eq!(talk.send("x\r\n.\r\n"), [250]);
    assert_eq!(talk.mails[0].recipients.len(), 100);
    assert_eq!(talk.mails[0].recipients[99], account(99));
}

#[test]
fn recipient_named_twice_gets_one_mail() {
    let mut talk = Talk::ready();
    let wire = "MAIL FROM:<a@x.test>\r\nRCPT TO:<u1@mayfly.test>\r\nRCPT TO:<U1@mayfly.test>\r\nDATA\r\n";
    assert_eq!(talk.send(wire), [250, 250, 250, 354]);
    talk.send(".\r\n");
    assert_eq!(talk.mails[0].recipients, [account(1)]);
}

#[test]
fn twenty_errors_end_the_session() {
    let mut talk = Talk::ready();
    assert_eq!(talk.send("MAIL FROM:<a@x.test>\r\n"), [250]);
    for n in 1..20 {
        assert_eq!(
            talk.send(format!("RCPT TO:<nobody{n}@mayfly.test>\r\n")),
            [550],
            "{n}"
        );
    }
    assert_eq!(
        talk.send("RCPT TO:<nobody@mayfly.test>\r\nRCPT TO:<u1@mayfly.test>\r\n"),
        [550, 421]
    );
    assert!(talk.is_closed);
}

#[test]
fn hundred_junk_commands_end_the_session() {
    let mut talk = Talk::ready();
    let commands = ["NOOP", "RSET", "HELP", "VRFY x", "EHLO a"];
    for command in commands.iter().cycle().take(98) {
        assert!(talk.send(format!("{command}\r\n"))[..].len() == 1);
    }
    assert_eq!(talk.send("NOOP\r\n"), [250, 421]);
    assert!(talk.is_closed);
    // A mail resets the count.
    let mut talk = Talk::in_data();
    talk.send(".\r\n");
    for _ in 0..99 {
        assert!(talk.is_in_sync());
    }
}

#[test]
fn mail_loop_is_rejected() {
    for (hops, code) in [(100, 250), (101, 554)] {
        let mut talk = Talk::in_data();
        let header = "rEcEiVeD: from a\r\n\tby b\r\nX-Received: no\r\n".repeat(hops);
        let message = format!("{header}\r\nReceived: in the body\r\n");
        assert_eq!(talk.send(stuffed(message.as_bytes())), [code], "{hops}");
        assert!(talk.is_in_sync());
    }
}
