//! Hostile mails: depth, numbers, sizes, arbitrary bytes. The time limits are generous, but without its bound each of these
//! mails took seconds or ended the process.

use std::time::Duration;

use mayfly_complexity::cpu_time;
use proptest::prelude::*;

use super::{attachment, content, crlf, summarize, summary};
use crate::{
    ParseStatus::{self, Parsed, Truncated},
    content_within, header,
};

/// Multiparts in each other.
fn multiparts(depth: usize) -> Vec<u8> {
    let mut mail = String::from("Subject: deep\n");
    for n in 0..depth {
        mail += &format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
    }
    mail += "\ntext\n";
    for n in (0..depth).rev() {
        mail += &format!("--b{n}--\n");
    }
    crlf(&mail)
}

/// Messages in each other.
fn messages(depth: usize) -> Vec<u8> {
    crlf(&format!(
        "Subject: deep\n{}\ntext",
        "Content-Type: message/rfc822\n\n".repeat(depth)
    ))
}

/// A message within, in base64.
fn in_base64(inner: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut mail = crlf("Subject: deep\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n");
    for three in inner.chunks(3) {
        let word =
            three.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for n in 0..4 {
            let index = usize::try_from(word >> (18 - 6 * n) & 63).unwrap();
            mail.push(if n <= three.len() { ALPHABET[index] } else { b'=' });
        }
    }
    mail
}

#[track_caller]
fn check(raw: &[u8], status: ParseStatus) {
    let started = cpu_time();
    let summary = summary(raw);
    assert_eq!(summary.status, status);
    let found = content(raw, None);
    if status == Truncated {
        assert_eq!(summary.subject.as_deref(), Some("deep"));
    }
    assert!(found.attachments.len() <= 1000);
    // Far above the time of an unoptimised build on a busy machine, far below the time of an unbounded parser.
    let took = cpu_time().saturating_sub(started);
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn parse_deep_nesting_is_truncated() {
    for depth in [1, 10, 64] {
        check(&multiparts(depth), Parsed);
        check(&messages(depth), Parsed);
        check(&in_base64(&messages(depth - 1)), Parsed);
    }
    for depth in [65, 1000] {
        check(&multiparts(depth), Truncated);
        check(&in_base64(&multiparts(depth)), Truncated);
    }
    for depth in [65, 1000, 100_000] {
        check(&messages(depth), Truncated);
        check(&in_base64(&messages(depth)), Truncated);
    }
    assert_eq!(summary(&multiparts(100_000)).status, Truncated);
    // Regression: this input overflowed the stack and ended the process.
    check(&messages(32_000), Truncated);
    let mut encoded = crlf("Subject: deep\n\nx");
    for _ in 0..20 {
        encoded = in_base64(&encoded);
    }
    check(&encoded, Parsed);
}

#[test]
fn parse_too_many_parts_or_headers_is_truncated() {
    let head = "Subject: deep\nContent-Type: multipart/mixed; boundary=b\n\n";
    check(&crlf(&format!("{head}{}", "--b\n\nx\n".repeat(999))), Parsed);
    check(&crlf(&format!("{head}{}", "--b\n\nx\n".repeat(1000))), Truncated);
    check(
        &crlf(&format!("{head}{}", "--b\n\nx\n".repeat(1_000_000))),
        Truncated,
    );
    let headers = "X: y\n".repeat(1_000_000);
    check(&crlf(&format!("Subject: deep\n{headers}\nbody")), Truncated);
    check(
        &crlf(&format!(
            "Subject: deep\nFrom: {}\n\nbody",
            "a@b.test,\n ".repeat(100_000)
        )),
        Truncated,
    );
    check(
        &crlf(&format!(
            "Subject: deep\nFrom: {}\n\nbody",
            "a@b.test, ".repeat(1_000)
        )),
        Parsed,
    );
    check(&crlf(&format!("From: {}\n\nbody", "(".repeat(90_000))), Parsed);
    check(
        &crlf(&format!("Subject: {}\n\nbody", "=?utf-8?q?a".repeat(9_000))),
        Parsed,
    );
    check(
        &crlf(&format!("Subject: {}\n\nbody", "=?aa".repeat(20_000))),
        Parsed,
    );
}

#[test]
fn parse_mail_beyond_bounds_keeps_what_is_within() {
    let parts: String = (0..1500)
        .map(|n| format!("--b\nContent-Disposition: attachment\n\n{n}\n"))
        .collect();
    let many = crlf(&format!(
        "Subject: deep\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nthe text\n{parts}--b--\n"
    ));
    check(&many, Truncated);
    let found = content(&many, None);
    assert_eq!(found.text_body.as_deref(), Some("the text"));
    assert_eq!(found.attachments.len(), 998);
    assert_eq!(summary(&many).preview_text, "the text");
    assert_eq!(summary(&many).has_attachments, Some(true));
    assert_eq!(
        attachment(&many, 997).map(|(_, bytes)| bytes),
        Some(b"997".to_vec())
    );

    let head = "Subject: deep\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nbefore\n--b\n";
    let tail = "\n--b\nContent-Type: text/plain\n\nafter\n--b--\n";
    let mail = [crlf(head), multiparts(70), crlf(tail)].concat();
    check(&mail, Truncated);
    let found = content(&mail, None);
    assert_eq!(found.text_body.as_deref(), Some("before\nafter"));
}

#[test]
fn parse_long_header_block_finds_fields_and_body() {
    let mail = |recipients: usize| {
        let to = "a.long.name@department.example.test,\n ".repeat(recipients);
        crlf(&format!(
            "Subject: deep\nTo: {to}b@b.test\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\ndGV4dA==\n"
        ))
    };
    // 117 KiB of recipients.
    let long = mail(3000);
    check(&long, Parsed);
    assert_eq!(content(&long, None).text_body.as_deref(), Some("text"));
    // Of more than 1 MiB the fields at the end are not read; the body is found.
    let longer = mail(30_000);
    check(&longer, Truncated);
    assert_eq!(content(&longer, None).text_body.as_deref(), Some("dGV4dA==\r\n"));
}

#[test]
fn parse_quadratic_fields_are_cut() {
    let continuations: String = (0..8_000).map(|n| format!(";n*{n}=x")).collect();
    let words = "=?utf-8?q?a".repeat(1_500);
    let part = |field: &str| format!("--b\nContent-Type: a/b; n=\"{field}\"\n\nx\n");
    let mail = |part: &str| {
        crlf(&format!(
            "Content-Type: multipart/mixed; boundary=b\n\n{}",
            part.repeat(200)
        ))
    };
    check(&mail(&part(&words)), Parsed);
    check(
        &mail(&format!("--b\nContent-Type: a/b{continuations}\n\nx\n")),
        Parsed,
    );
    // Each container scans the rest of the mail; the depth bounds the number of scans.
    let body = "-- -- --\n".repeat(100_000);
    let mut deep = String::new();
    for n in 0..60 {
        deep += &format!("Content-Type: multipart/mixed; boundary=\"-{n}\"\n\n---{n}\n");
    }
    check(&crlf(&format!("{deep}\n{body}")), Parsed);
}

#[test]
fn parse_hostile_html_is_linear() {
    for unit in [
        "<div>", "<", "&", "<!--", "<a b=\"", "<script>", "</", "&#x", "<p '",
    ] {
        let html = unit.repeat(500_000 / unit.len());
        check(&crlf(&format!("Content-Type: text/html\n\n{html}")), Parsed);
    }
}

#[test]
fn content_bodies_are_cut_at_a_common_limit() {
    let text = "\u{e4}".repeat(3_000_000);
    let alternative = |text: &str, html: &str| {
        crlf(&format!(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--"
        ))
    };
    let len = |body: Option<String>| body.unwrap().len();
    let both = content(&alternative(&text, &text), None);
    assert_eq!(
        (both.text_body.unwrap(), both.html_body.unwrap()),
        (text.clone(), text.clone())
    );
    let both = content_within(&alternative(&text, &text), 2_600_000, None);
    assert_eq!((len(both.text_body), len(both.html_body)), (1_300_000, 1_300_000));
    let one = content_within(&alternative(&text, "x"), 2_600_000, None);
    assert_eq!((len(one.text_body), len(one.html_body)), (2_599_998, 1));
}

/// Pieces that meet in hostile mails more often than in random bytes.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::select(vec![
            &b"\r\n"[..],
            b"\n",
            b"\r\n\r\n",
            b"Content-Type: ",
            b"multipart/mixed; boundary=",
            b"b",
            b"\"",
            b"--b",
            b"--b--",
            b"message/rfc822",
            b"text/html",
            b"text/plain; charset=",
            b"utf-16",
            b"iso-2022-jp",
            b"Content-Transfer-Encoding: ",
            b"base64",
            b"quoted-printable",
            b"=",
            b"=3",
            b"=?utf-8?q?",
            b"?=",
            b"Content-Disposition: attachment; filename*0*=",
            b"Subject: ",
            b"From: ",
            b"<",
            b">",
            b"(",
            b")",
            b"&#x",
            b";",
            b"<!--",
            b"<td>1</td>",
            b"<tr>",
            b"<b \x0c>",
            b"code ",
            b"1 ",
            b"2\t",
            b"3\r\n",
            b"A\n",
            b"\x0b",
            b"\x0c",
            b"\0",
            b"\xff",
            b"\\",
            b"'",
            b"%e4",
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn parse_arbitrary_bytes_never_fails(raw in pieces()) {
        let summary = summary(&raw);
        prop_assert_ne!(summary.status, ParseStatus::Failed);
        prop_assert!(summary.preview_text.chars().count() <= 100);
        let content = content(&raw, None);
        for text in [&content.text_body, &content.html_body, &Some(summary.preview_text), &summary.subject, &summary.from].into_iter().flatten() {
            prop_assert!(!text.contains('\0'));
        }
        for found in &content.attachments {
            let (again, bytes) = attachment(&raw, found.index).unwrap();
            prop_assert_eq!(&again, found);
            prop_assert_eq!(i64::try_from(bytes.len()).unwrap(), found.size_bytes);
        }
    }
}

/// Single characters beside and below each other, as in tables, are no reason to lose the mail.
#[test]
fn summarize_single_characters_over_lines_keeps_the_mail() {
    for (kind, body, code) in [
        ("plain", "Table 1 a\nb\tc", None),
        ("plain", "4 1\n2\t3\nYour code: 482913", Some("482913")),
        (
            "html",
            "<table><tr><td>1 S</td></tr><tr><td>M</td><td>L</td></tr></table>",
            None,
        ),
        ("html", "<b \x0c>Your code: 482913</b>", Some("482913")),
    ] {
        let raw = crlf(&format!("Subject: Hello\nContent-Type: text/{kind}\n\n{body}"));
        let (summary, extracted) = summarize(&raw);
        assert_eq!(summary.subject.as_deref(), Some("Hello"), "{body}");
        let first = extracted.codes.first().map(|code| code.value.as_str());
        assert_eq!(first, code, "{body}");
    }
}

#[test]
fn extract_hostile_mail_is_bounded() {
    let link = "<a href=https://b.test/verify/here>click here to verify</a> ";
    let hostile = [
        ("html", link.repeat(8_000)),
        ("html", "<b style='font-size:30px'>".repeat(20_000) + "1234 "),
        ("html", "<td>1 ".repeat(80_000)),
        (
            "html",
            format!("<a href=\"https://b.test/{}\">x</a>", "a".repeat(400_000)),
        ),
        ("plain", "your code 123456 order ".repeat(20_000)),
        ("plain", "1-".repeat(200_000)),
        ("plain", "1 2 3 5 ".repeat(50_000)),
        ("plain", "https://".repeat(50_000)),
        ("plain", "https://b.test/)))))) ".repeat(20_000)),
        ("plain", format!("https://b.test/{}", ")".repeat(400_000))),
    ];
    for (kind, body) in hostile {
        let started = cpu_time();
        let raw = crlf(&format!("Subject: code\nContent-Type: text/{kind}\n\n{body}"));
        let extracted = summarize(&raw).1;
        assert!(extracted.codes.len() <= 10 && extracted.links.len() <= 100);
        assert!(extracted.links.iter().all(|link| link.url.len() <= 2048));
        let took = cpu_time().saturating_sub(started);
        assert!(
            took < Duration::from_secs(5),
            "took {took:?}: {kind} {}",
            &body[..20]
        );
    }
}

/// Returns the least CPU time of three readings of a mail.
fn reading_time(raw: &[u8]) -> Duration {
    let read = |_| {
        let started = cpu_time();
        let _ = std::hint::black_box((summarize(raw), content(raw, None), header(raw)));
        cpu_time() - started
    };
    (0..3).map(read).min().unwrap()
}

/// Four times the input costs about four times as much; a quadratic reader takes sixteen times. CPU time counts, since others
/// share the machine.
#[test]
fn parse_cost_is_linear_in_size() {
    let field = |head: &str, unit: &str, tail: &str, len: usize| {
        format!("{head}{}{tail}\n\nbody", unit.repeat(len / unit.len()))
    };
    // Up to the bound of a header block, of which fields are read to their own bounds.
    for (head, unit, tail) in [
        ("Subject: ", "=?utf-8?q?a", ""),
        ("Subject: ", "=?utf-8?b?YQ?= ", ""),
        ("Subject: ", "=?utf-8?q?a?=AB", ""),
        ("Subject: ", "=?", "?="),
        ("From: ", "\"", ""),
        ("From: ", "(", "a@b.test"),
        ("From: ", "a@", ""),
        ("From: ", "<a@b.test> \"", ""),
        ("From: ", ": ", "@"),
        ("From: ", "a . ", "a@b.test"),
        ("From: ", "a@[", ""),
        ("Content-Disposition: attachment; filename=\"", "\\\" ", ""),
        ("Content-Disposition: attachment", ";filename*0*=a'b'%41", ""),
        ("Content-Disposition: attachment", "(", ""),
        ("Content-Type: text/plain", "; =?", ""),
        ("Content-Type: text/plain; name=", "=?utf-8?q?", ""),
        ("To: ", "a@b.test,", ""),
        ("To: ", "\"", "@"),
        ("To: ", "\\\" ", "@b.test \""),
        ("To: \"", "\\\"", "@"),
        ("To: ", "(", "a@b.test"),
        ("To: ", "a@[", ""),
        ("To: ", "<", ">"),
        ("To: ", "=?utf-8?q?a?=", "@b.test"),
        ("Cc: ", ", ;:", ""),
        ("X: ", "=?utf-8?q?a", ""),
        ("X: ", "=?utf-8?q?a?=AB", ""),
        ("X: ", "=?utf-8?b?YQ?= ", ""),
        ("X: ", "=?a?b?", "?="),
        ("X: ", "\u{e4}", ""),
        ("", "X: y\n", "Subject: s"),
        ("", "To: \"a\n", "Subject: s"),
        ("X: y", "\n \n\t", "\nSubject: s"),
        ("X: y\n", "stray\n", "Subject: s"),
        ("X: y\n", "stray\n \n", "Subject: s"),
    ] {
        let [small, large] = [20_000, 80_000].map(|len| reading_time(&crlf(&field(head, unit, tail, len))));
        assert!(
            large < small * 10 + Duration::from_millis(20),
            "{head}{unit}: {small:?}, {large:?}"
        );
    }
    let part = "--b\nContent-Type: text/plain; name=a\nContent-Disposition: inline\n\nx\n";
    for (head, unit) in [
        ("Content-Transfer-Encoding: quoted-printable\n\n", "= =\t=3"),
        ("Content-Transfer-Encoding: quoted-printable\n\n", " \n"),
        ("Content-Transfer-Encoding: base64\n\n", "QQ=="),
        ("Content-Transfer-Encoding: base64\n\n", "=\n"),
        ("Content-Type: text/plain; format=flowed\n\n", "> \n>> \n"),
        ("Content-Type: text/html\n\n", "<meta "),
        (
            "Content-Type: text/plain; charset=iso-2022-jp\n\n",
            "\u{1b}$B!!\u{1b}(B",
        ),
        ("Content-Type: text/plain; charset=hz\n\n", "~{~}"),
        ("Content-Type: text/plain; charset=utf-7\n\n", "+A"),
        (" \n", " \n"),
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b"),
        (
            "Content-Type: multipart/related; boundary=b; start=\"<x>\"\n\n",
            part,
        ),
    ] {
        let len = if unit == part { 60_000 } else { 400_000 };
        let mail = |len: usize| crlf(&format!("{head}{}", unit.repeat(len / unit.len())));
        let [small, large] = [len / 4, len].map(|len| reading_time(&mail(len)));
        assert!(
            large < small * 10 + Duration::from_millis(50),
            "{head}{unit}: {small:?}, {large:?}"
        );
    }
}

proptest! {
    /// What is decoded is at most a fixed multiple of what was sent.
    #[test]
    fn parse_output_is_bounded_by_input(raw in pieces()) {
        let (summary, found) = (summary(&raw), content(&raw, None));
        let bodies = [found.text_body, found.html_body].into_iter().flatten();
        let names = found.attachments.iter().filter_map(|one| one.filename.as_ref());
        let len: usize = bodies.map(|body| body.len()).sum::<usize>() + names.map(String::len).sum::<usize>();
        // An octet becomes at most one character of three bytes, and each body ends with a line break.
        prop_assert!(len <= 3 * raw.len() + 1000, "{len} bytes of {}", raw.len());
        let header = summary.subject.into_iter().chain(summary.from).map(|text| text.len()).sum::<usize>();
        prop_assert!(header <= 6 * raw.len() + 10);
    }
}

/// Returns the CPU time that one mail takes, in seconds.
fn cost(raw: &[u8]) -> f64 {
    // Of a shorter measurement, interrupts are a large part.
    const ENOUGH: Duration = Duration::from_millis(40);
    let (started, mut runs) = (cpu_time(), 0.0);
    loop {
        std::hint::black_box(summarize(raw));
        runs += 1.0;
        let took = cpu_time() - started;
        if took >= ENOUGH {
            return took.as_secs_f64() / runs;
        }
    }
}

/// Eight times the text costs at most 8^1.2 times as much, up to the examined length and beyond it.
#[test]
fn extract_cost_is_linear_in_size() {
    const SIZES: [usize; 4] = [1 << 10, 8 << 10, 64 << 10, 512 << 10];
    const MAX_EXPONENT: f64 = 1.2;
    const MAX_REPETITIONS: usize = 24;
    let constructs = [
        ("plain", "482913 "),
        ("plain", "1 2 3 5 "),
        ("plain", "1-"),
        ("plain", "#1234 "),
        ("plain", "your code 123456 order "),
        ("plain", "Your verification code is "),
        ("plain", "your code 482913, "),
        ("plain", "482913\nyour code\n"),
        ("plain", "http://))))"),
        ("plain", "https://b.test/verify?t=1 "),
        ("plain", "a"),
        ("plain", "A1"),
        ("plain", "!"),
        ("plain", "\u{9a8c}\u{8bc1}\u{7801}482913"),
        ("plain", "\u{43a}\u{43e}\u{434} 7751. "),
        ("html", "<td>1 "),
        ("html", "<b style='font-size:30px'>1234</b> "),
        ("html", "<div style='display:none'>1234"),
        ("html", "<a href=https://b.test/verify/here>click here</a> "),
        ("html", "<input value='123456'>&nbsp;"),
        (
            "html",
            "<script type='application/ld+json'>{\"@type\":\"ConfirmAction\",\"url\":\"https://b.test/",
        ),
    ];
    for (kind, unit) in constructs {
        let time = |size: usize| {
            let body = unit.repeat(size / unit.len());
            let raw = format!("Subject: code\nContent-Type: text/{kind}; charset=utf-8\n\n{body}");
            cost(&crlf(&raw))
        };
        let mut least = SIZES.map(|_| f64::MAX);
        // The least of some measurements counts: others share the machine.
        let is_linear = (0..MAX_REPETITIONS).any(|_| {
            for (least, size) in least.iter_mut().zip(SIZES) {
                *least = least.min(time(size));
            }
            // The constant part of a mail is not a cost of its size.
            let of_size = |index: usize| (least[index] - least[0]).max(1e-4);
            [(1, 2), (2, 3)]
                .into_iter()
                .all(|(small, large)| (of_size(large) / of_size(small)).ln() / 8_f64.ln() <= MAX_EXPONENT)
        });
        assert!(is_linear, "{kind} {unit:?}: {least:?} s for {SIZES:?} bytes");
    }
}
