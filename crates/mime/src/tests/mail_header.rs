//! What an opened message shows of its header.

use proptest::prelude::*;

use super::crlf;
use crate::{
    Addresses, Header, NamedAddress, Unsubscribe, header,
    mail_header::{MAX_ADDRESSES, MAX_FIELDS_BYTES, MAX_LISTED_ADDRESSES, MAX_LISTED_BYTES},
    summarize,
};

fn of(text: &str) -> Header {
    header(&crlf(text))
}

fn shown(addresses: &[NamedAddress]) -> Vec<String> {
    let shown = addresses.iter().map(|one| match &one.name {
        Some(name) => format!("{name} <{}>", one.address),
        None => one.address.clone(),
    });
    shown.collect()
}

#[test]
fn header_returns_addressees_in_order() {
    let read = of("From: a@b.test\n\
         To: =?utf-8?q?J=C3=B6rg?= <j@b.test>, \"Doe, Jane\"\n <jane@b.test>, k@b.test (Kim)\n\
         Cc: Team: l@b.test, Mo <m@b.test>;, undisclosed recipients\n\
         to: <n@b.test>\n\
         Reply-To: Help Desk <help@b.test>\n\
         Reply-To: second@b.test\n\nx");
    assert_eq!(
        shown(&read.to),
        [
            "J\u{f6}rg <j@b.test>",
            "Doe, Jane <jane@b.test>",
            "Kim <k@b.test>",
            "n@b.test"
        ]
    );
    assert_eq!(
        shown(&read.cc),
        ["l@b.test", "Mo <m@b.test>", "undisclosed recipients <>"]
    );
    assert_eq!(shown(&read.reply_to), ["Help Desk <help@b.test>"]);
    let none = of("To: undisclosed-recipients:;\nCc:\nReply-To: ,;\n\nx");
    assert_eq!(
        (none.to, none.cc, none.reply_to),
        (Vec::new(), Vec::new(), Vec::new())
    );
}

/// Python's `email`, mailparser and postal-mime show them too.
#[test]
fn header_returns_addressees_without_an_address() {
    let raw = "To: root, Ann Smith, <cron>, Doe, Jane <jane@b.test>\nCc: =?utf-8?q?J=C3=B6rg?=\nReply-To: operator (night)\n\nx";
    let read = of(raw);
    assert_eq!(
        shown(&read.to),
        ["root <>", "Ann Smith <>", "cron", "Doe <>", "Jane <jane@b.test>"]
    );
    assert_eq!(shown(&read.cc), ["J\u{f6}rg <>"]);
    assert_eq!(shown(&read.reply_to), ["operator <>"]);
    // A list shows addresses only.
    let (summary, _) = summarize(&crlf(raw));
    assert_eq!(shown(&summary.addresses.to), ["cron", "Jane <jane@b.test>"]);
}

#[test]
fn header_reads_octets_without_a_label() {
    let mut raw = b"To: J\xf6rg <j\xf6rg@b.test>\r\nX-Note: caf\xc3\xa9\r\n".to_vec();
    raw.extend(b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nx");
    let read = header(&raw);
    assert_eq!(shown(&read.to), ["J\u{f6}rg <j\u{f6}rg@b.test>"]);
    assert_eq!(read.fields[1], ("X-Note".to_owned(), "caf\u{e9}".to_owned()));
    // UTF-8 with one octet too many.
    let raw = [
        &b"X-Note: "[..],
        "\u{42e}\u{43d}\u{438}\u{43a}\u{43e}\u{434}, \u{434}\u{430}".as_bytes(),
        b"\xff\r\n\r\nx",
    ];
    assert_eq!(
        header(&raw.concat()).fields[0].1,
        "\u{42e}\u{43d}\u{438}\u{43a}\u{43e}\u{434}, \u{434}\u{430}\u{fffd}"
    );
    let raw = b"Subject: x\r\nTo: \xcf\xf0\xe8\xe2\xe5\xf2 <a@b.test>\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\nx";
    assert_eq!(
        shown(&header(raw).to),
        ["\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442} <a@b.test>"]
    );
}

#[test]
fn header_reads_dates_as_mail_has_them() {
    // 2026-01-02T03:04:05Z
    const AT: i64 = 1_767_323_045;
    for (sent, secs) in [
        ("Fri, 2 Jan 2026 03:04:05 +0000", Some(AT)),
        ("2 Jan 2026 03:04:05 GMT", Some(AT)),
        ("Fri,  2 January 2026  03:04:05 Z", Some(AT)),
        ("Fri, 02 Jan 26 05:04:05 +0200 (CEST (summer))", Some(AT)),
        ("Thu, 1 Jan 2026 22:04:05 EST", Some(AT)),
        ("Thu, 1 Jan 126 21:04:05 -06:00", Some(AT)),
        ("Fri, 2 Jan 2026 04:04:05 +100", Some(AT)),
        ("Thu, 1 Jan 2026 21:04:05 -600", Some(AT)),
        ("Fri Jan  2 03:04:05 2026", Some(AT)),
        ("Fri Jan  2 03:04:05 UTC 2026", Some(AT)),
        ("Fri, 2 Jan 2026 05:04:05 GMT+0200", Some(AT)),
        ("Fri, 2-Jan-2026 03:04:05 +0000", Some(AT)),
        ("2026-01-02T03:04:05Z", Some(AT)),
        ("2026-01-02 05:04:05.678+02:00", Some(AT)),
        ("Fri, 2 Jan 2026 03:04", Some(AT - 5)),
        ("Fri, 2 Jan 2026 03:03:60 -0000", Some(AT - 6)),
        ("Fri, (a comment) 2 Jan 2026\n 03:04:05 XYZ", Some(AT)),
        ("Fri, 002 Jan 2026 03:04:05 +0000", Some(AT)),
        ("Fri, 2 Jan 2026 03:04:05 AM", Some(AT)),
        ("Fri, 2 Jan 2026 12:04:05 am GMT", Some(AT - 3 * 3600)),
        ("Thu, 1 Jan 2026 10:04:05 PM EST", Some(AT)),
        ("Thu, 1 Jan 2026 12:04:05 PM -0600", Some(AT - 9 * 3600)),
        ("Sat, 31 Dec 1999 23:59:59 +0000", Some(946_684_799)),
        ("Wed, 31 Dec 1969 23:59:59 +0000", Some(-1)),
        ("", None),
        ("now", None),
        ("Fri, 2 Jan 2026", None),
        ("Fri, 32 Jan 2026 03:04:05 +0000", None),
        ("Mon, 30 Feb 2026 03:04:05 +0000", None),
        ("Fri, 2 Jan 2026 25:04:05 +0000", None),
        ("Fri, 2 Jan 20260 03:04:05 +0000", None),
        ("Sat, 31 Dec 0000 23:59:59 +0000", None),
        ("Mon, 1 Jan 0001 00:00:00 +0000", Some(-62_135_596_800)),
        ("Mon, 1 Jan 0001 00:00:00 +2300", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("(((((((", None),
        ("-----::::", None),
        ("\u{661} Jan 2026 03:04:05", None),
    ] {
        assert_eq!(
            of(&format!("Date: {sent}\nX: y\n\nx")).date_secs,
            secs,
            "{sent:?}"
        );
    }
    assert_eq!(of("X: y\n\nx").date_secs, None);
}

#[test]
fn header_returns_message_id_with_its_brackets() {
    for (sent, id) in [
        ("<a.1@b.test>", Some("<a.1@b.test>")),
        ("<a.1@b.test> (a comment)", Some("<a.1@b.test>")),
        ("\n <a.1@\n b.test>", Some("<a.1@b.test>")),
        ("a.1@b.test", Some("a.1@b.test")),
        ("<a.1@b.test", Some("<a.1@b.test")),
        ("", None),
        (" \t", None),
    ] {
        let read = of(&format!("Message-ID: {sent}\nMessage-Id: <second@b.test>\n\nx"));
        assert_eq!(read.message_id.as_deref(), id, "{sent:?}");
    }
    let long = of(&format!("Message-ID: <{}>\n\nx", "a".repeat(5000)));
    assert_eq!(long.message_id.unwrap().len(), 998);
}

#[test]
fn header_returns_ways_to_unsubscribe() {
    let found = |http: Option<&str>, mailto: Option<&str>, one_click| {
        Some(Unsubscribe {
            http: http.map(str::to_owned),
            mailto: mailto.map(str::to_owned),
            one_click,
        })
    };
    const URL: &str = "https://b.test/u?t=1";
    const MAIL: &str = "mailto:u@b.test?subject=off";
    const POST: &str = "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click";
    for (fields, right) in [
        (
            format!("<{MAIL}>, <{URL}>, <https://b.test/2>{POST}"),
            found(Some(URL), Some(MAIL), true),
        ),
        (format!("<{URL}>"), found(Some(URL), None, false)),
        (format!("<{MAIL}>{POST}"), found(None, Some(MAIL), false)),
        (
            "<http://b.test/u>\nlist-unsubscribe-post: list-unsubscribe=one-click".to_owned(),
            found(Some("http://b.test/u"), None, false),
        ),
        (
            format!("<{URL}>\nList-Unsubscribe-Post: yes"),
            found(Some(URL), None, false),
        ),
        // Folded inside of the URL, as RFC 2369 2 allows.
        (
            format!("\n <https://b.test/\n u?t=1>{POST}"),
            found(Some(URL), None, true),
        ),
        (format!("(comment) <{URL}>"), found(Some(URL), None, false)),
        (URL.to_owned(), found(Some(URL), None, false)),
        (
            "=?us-ascii?Q?=3Chttps=3A//b.test/u=3Ft=3D1=3E?=".to_owned(),
            found(Some(URL), None, false),
        ),
        ("<javascript:alert(1)>".to_owned(), None),
        ("<mailto:>, <https://>".to_owned(), None),
        (format!("<{URL}"), None),
        (String::new(), None),
    ] {
        let read = of(&format!("List-Unsubscribe: {fields}\n\nx"));
        assert_eq!(read.unsubscribe, right, "{fields}");
    }
    assert_eq!(of("Subject: x\n\nx").unsubscribe, None);
}

#[test]
fn header_lists_every_field_decoded_in_order() {
    let read = of(
        "Received: by a\n\tfor  b\nX-A: 1\nReceived: by c\nSubject: =?utf-8?b?w6Q=?=\n =?utf-8?q?_=3D?=\n\
         X-Crlf: =?utf-8?q?a=0D=0ABcc:_b=00?=\nx-a:2\nEmpty:\nContent-Type: text/plain\n\nNot: a field",
    );
    let fields: Vec<_> = read
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("Received", "by a for  b"),
            ("X-A", "1"),
            ("Received", "by c"),
            ("Subject", "\u{e4} ="),
            ("X-Crlf", "a Bcc: b\u{fffd}"),
            ("x-a", "2"),
            ("Empty", ""),
            ("Content-Type", "text/plain"),
        ]
    );
}

/// A header above its bound, and one whose text grows when it is decoded.
#[test]
fn header_fields_are_cut_at_their_bound() {
    let len = |read: &Header| -> usize {
        let lens = read.fields.iter().map(|(name, value)| name.len() + value.len());
        lens.sum()
    };
    let many = of(&format!(
        "Subject: s\nTo: a@b.test\n{}\nx",
        "X-Filler: 1234\n".repeat(20_000)
    ));
    assert!((70_000..=MAX_FIELDS_BYTES).contains(&len(&many)));
    assert_eq!(shown(&many.to), ["a@b.test"]);
    let one = of(&format!("X: {}\nY: z\n\nx", "\u{e4}".repeat(45_000)));
    assert_eq!(one.fields.len(), 2);
    let mut raw = b"X-Grows: ".to_vec();
    raw.extend(b"\x80".repeat(90_000));
    raw.extend(b"\r\nY: z\r\n\r\n");
    let grown = header(&raw);
    assert_eq!(grown.fields.len(), 1);
    assert!((MAX_FIELDS_BYTES - 4..=MAX_FIELDS_BYTES).contains(&len(&grown)));
    assert!(grown.fields[0].1.chars().all(|char| char == '\u{20ac}'));
    let crowd = of(&format!("To: {}\nTo: z@b.test\n\nx", "a@b.test,".repeat(5_000)));
    assert_eq!(crowd.to.len(), MAX_ADDRESSES);
}

#[test]
fn summarize_reports_attachments() {
    let part = |disposition: &str| {
        crlf(&format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: text/csv; name=a\n{disposition}\n1\n--b--\n"
        ))
    };
    let found = |raw: &[u8]| summarize(raw).0.has_attachments;
    assert_eq!(found(&part("Content-Disposition: attachment\n")), Some(true));
    assert_eq!(found(&crlf("Subject: x\n\ntext")), Some(false));
    let deep = "Content-Type: message/rfc822\n\n".repeat(70);
    assert_eq!(found(&crlf(&deep)), Some(true));
}

proptest! {
    /// No header panics, and what is decoded is bounded.
    #[test]
    fn header_of_arbitrary_bytes_is_bounded(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..12),
                prop::sample::select(vec![
                    &b"\r\n"[..], b"\r\n ", b"To: ", b"Cc: ", b"Date: ", b"Reply-To: ", b"Message-ID: <", b"List-Unsubscribe: <",
                    b"mailto:", b"https://", b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"=?utf-8?q?", b"?=",
                    b"\"", b"\\", b"(", b")", b"<", b">", b"@", b"[", b":", b";", b",", b"Jan", b"2026", b"03:04", b"+0000",
                    b"9999", b"-", b"T", b"\xff", b"\0",
                ]).prop_map(<[u8]>::to_vec),
            ],
            0..60,
        )
    ) {
        let raw = pieces.concat();
        let read = Header::read(&raw);
        let fields = read.fields.iter().flat_map(|(name, value)| [name, value]);
        let texts = read.to.iter().chain(&read.cc).chain(&read.reply_to)
            .flat_map(|one| one.name.iter().chain(Some(&one.address)));
        let mut len = 0;
        for text in fields.chain(texts).chain(&read.message_id) {
            prop_assert!(!text.contains(['\0', '\r', '\n']));
            len += text.len();
        }
        prop_assert!(len <= 12 * raw.len() + 100);
    }
}

#[test]
fn summarize_returns_addresses_within_bounds() {
    let raw = crlf(
        "From: the team, =?utf-8?q?Sh=C3=B6p?= <hi@shop.test>\nTo: a@b.test\nto: Bo <b@b.test>\n\
         Message-ID: <1@shop.test>\n\nx",
    );
    let addresses = summarize(&raw).0.addresses;
    let from = addresses.from.clone().unwrap();
    assert_eq!(
        (from.name.as_deref(), from.address.as_str()),
        (Some("Sh\u{f6}p"), "hi@shop.test")
    );
    assert_eq!(shown(&addresses.to), ["a@b.test", "Bo <b@b.test>"]);
    assert_eq!(addresses.message_id.as_deref(), Some("<1@shop.test>"));
    assert_eq!(header(&raw).from, addresses.from);
    let none = summarize(&crlf("From: team\n\nx")).0.addresses;
    assert_eq!(none, Addresses::default());

    let short = (0..MAX_LISTED_ADDRESSES + 5).map(|n| format!("{n}@b.test"));
    let long = (0..50).map(|n| format!("{n}{}@b.test", "x".repeat(400)));
    for (to, is_short) in [(short.collect::<Vec<_>>(), true), (long.collect(), false)] {
        let listed = summarize(&crlf(&format!("To: {}\n\nx", to.join(",\n "))))
            .0
            .addresses
            .to;
        let bytes: usize = listed.iter().map(|one| one.address.len()).sum();
        assert!(bytes <= MAX_LISTED_BYTES);
        assert_eq!(listed.len() == MAX_LISTED_ADDRESSES, is_short);
        assert_eq!(shown(&listed), to[..listed.len()]);
    }
}
