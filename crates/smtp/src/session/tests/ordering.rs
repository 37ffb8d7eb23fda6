//! Statements 35 to 37: early input, other protocols, and the order of commands.

use super::*;

#[test]
fn input_before_a_required_reply_closes_the_session() {
    let mut talk = Talk::new();
    talk.session.greet(true, &mut talk.out);
    assert_eq!(talk.send("EHLO a\r\n"), [554]);
    assert!(talk.is_closed);

    let second = "MAIL FROM:<a@x.test>\r\nRCPT TO:<u1@mayfly.test>\r\nDATA\r\nhello\r\n.\r\n";
    let cases = [
        ("EHLO", "EHLO a\r\nNOOP\r\n".to_owned()),
        ("HELO", format!("HELO a\r\n{second}")),
        ("DATA", second.to_owned()),
        ("DATA refused", "DATA\r\nhello\r\n.\r\n".to_owned()),
        ("BDAT", "BDAT 5 LAST\r\nhello".to_owned()),
        ("BDAT of 2^64-1", "BDAT 18446744073709551615\r\n".to_owned()),
        (
            "BDAT in a transaction",
            format!("MAIL FROM:<a@x.test>\r\nRCPT TO:<u1@mayfly.test>\r\nBDAT 5\r\nhello{second}"),
        ),
    ];
    for (name, wire) in cases {
        let mut talk = Talk::ready();
        assert_eq!(talk.send(&wire).last(), Some(&503), "{name}");
        assert!(talk.is_closed && talk.mails.is_empty(), "{name}");
    }
}

#[test]
fn starttls_discards_earlier_input_and_state() {
    let mut talk = Talk::ready();
    let text = talk.send_for_text("EHLO a\r\n");
    assert!(text.contains("250-STARTTLS\r\n"), "{text}");
    let begun = "MAIL FROM:<a@x.test>\r\nRCPT TO:<u1@mayfly.test>\r\nSTARTTLS\r\n";
    let injected = "MAIL FROM:<evil@x.test>\r\nRCPT TO:<u2@mayfly.test>\r\nNO";
    assert_eq!(talk.send(format!("{begun}{injected}")), [250, 250, 220]);
    assert!(talk.is_tls);
    assert_eq!(talk.send("DATA\r\n"), [503]);
    assert_eq!(talk.send("MAIL FROM:<a@x.test>\r\n"), [503]);
    let text = talk.send_for_text("EHLO a\r\n");
    assert!(text.starts_with("250-") && !text.contains("STARTTLS"), "{text}");
    assert_eq!(talk.send("STARTTLS\r\n"), [503]);
    assert_eq!(talk.send("RCPT TO:<u1@mayfly.test>\r\n"), [503]);
    assert_eq!(
        talk.send("MAIL FROM:<b@x.test>\r\nRCPT TO:<u3@mayfly.test>\r\nDATA\r\n"),
        [250, 250, 354]
    );
    assert_eq!(talk.send(".\r\n"), [250]);
    assert_eq!(talk.mails[0].recipients, [account(3)]);
}

#[test]
fn first_line_of_another_protocol_gets_no_reply() {
    let first = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "post /x HTTP/1.0\n",
        "CONNECT mx:25 HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "\u{16}\u{3}\u{1}",
        "\0",
        "\r\n",
        " EHLO a\r\n",
        "{\"jsonrpc\":2}\r\n",
        "1",
    ];
    for wire in first {
        let mut talk = Talk::new();
        assert_eq!(talk.send(wire), [0_u16; 0], "{wire:?}");
        assert!(talk.is_closed, "{wire:?}");
    }
    // After the first line it is one invalid command like any other.
    let mut talk = Talk::ready();
    assert_eq!(talk.send("GET / HTTP/1.1\r\n"), [500]);
    assert!(talk.is_in_sync());
}

#[test]
fn commands_out_of_order_are_rejected() {
    let mut talk = Talk::new();
    talk.session.greet(false, &mut talk.out);
    assert!(talk.send_for_text("").starts_with("220 mx.mayfly.test ESMTP"));
    assert_eq!(talk.send("MAIL FROM:<a@x.test>\r\n"), [503]);
    assert_eq!(talk.send("HELO a\r\n"), [250]);
    assert_eq!(talk.send("RCPT TO:<u1@mayfly.test>\r\n"), [503]);
    assert_eq!(talk.send("DATA\r\n"), [503]);
    assert_eq!(
        talk.send("MAIL FROM:<a@x.test>\r\nMAIL FROM:<b@x.test>\r\n"),
        [250, 503]
    );
    assert_eq!(talk.send("DATA\r\n"), [554]);
    assert_eq!(
        talk.send("RCPT TO:<u1@mayfly.test>\r\nRSET\r\nRCPT TO:<u1@mayfly.test>\r\n"),
        [250, 250, 503]
    );
    assert_eq!(
        talk.send("MAIL FROM:<>\r\nRCPT TO:<U1@MayFly.test>\r\n"),
        [250, 250]
    );
    assert_eq!(talk.send("EHLO again\r\n"), [250]);
    assert_eq!(talk.send("RCPT TO:<u1@mayfly.test>\r\n"), [503]);
    assert_eq!(
        talk.send("VRFY u1\r\nEXPN u1\r\nHELP\r\nAUTH PLAIN\r\n"),
        [252, 502, 214, 502]
    );
    assert_eq!(talk.send("QUIT\r\nNOOP\r\n"), [221]);
    assert!(talk.is_closed);
}

#[test]
fn stop_lets_the_transaction_end() {
    let mut talk = Talk::in_data();
    talk.session.stop();
    assert!(talk.send("hello\r\n").is_empty());
    assert_eq!(talk.send(".\r\nMAIL FROM:<b@x.test>\r\n"), [250, 421]);
    assert!(talk.is_closed && talk.mails.len() == 1);

    let mut talk = Talk::ready();
    talk.session.stop();
    assert_eq!(talk.send(""), [421]);
}

/// A client that gets another reply to QUIT may send its mail again.
#[test]
fn quit_after_mail_while_stopping_is_221() {
    let mut talk = Talk::in_data();
    talk.session.stop();
    assert_eq!(talk.send(".\r\n"), [250]);
    assert!(!talk.is_closed, "it waits for QUIT");
    assert_eq!(talk.send("QUIT\r\n"), [221]);
    assert!(talk.is_closed);

    let mut talk = Talk::in_data();
    assert_eq!(talk.send(".\r\n"), [250]);
    talk.session.stop();
    assert!(talk.send("QU").is_empty());
    assert_eq!(talk.send("IT\r\n"), [221]);

    let mut talk = Talk::in_data();
    assert_eq!(talk.send(".\r\n"), [250]);
    talk.session.stop();
    assert!(talk.send("").is_empty());
    talk.session.time_out(&mut talk.out);
    assert_eq!(talk.send(""), [421]);

    let mut talk = Talk::ready();
    talk.session.stop();
    assert_eq!(talk.send("QUIT\r\n"), [221]);
}

#[test]
fn time_out_ends_the_session() {
    for mut talk in [Talk::ready(), Talk::in_data()] {
        talk.session.time_out(&mut talk.out);
        assert_eq!(talk.send(".\r\n"), [421]);
        assert!(talk.is_closed && talk.mails.is_empty());
    }
}

#[test]
fn internal_failures_get_temporary_replies() {
    for (delivery, code) in [
        (Delivery::Full, 452),
        (Delivery::StorageFull, 452),
        (Delivery::Unavailable, 451),
        (Delivery::Limited, 451),
        (Delivery::TooLarge, 552),
    ] {
        let mut talk = Talk::in_data();
        talk.delivery = delivery;
        assert_eq!(talk.send("x\r\n.\r\n"), [code]);
        assert_eq!(talk.finished[0].code, code);
        assert_eq!(
            (
                talk.finished[0].sender_domain.as_str(),
                talk.finished[0].size_bytes
            ),
            ("x.test", 3)
        );
        assert!(talk.is_in_sync());
    }
    let mut talk = Talk::ready();
    let wire = "MAIL FROM:<>\r\nRCPT TO:<full@mayfly.test>\r\nRCPT TO:<down@mayfly.test>\r\nRCPT TO:<u1@mayfly.test>\r\n";
    assert_eq!(talk.send(wire), [250, 452, 451, 250]);
}
