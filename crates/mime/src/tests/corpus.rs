//! One small mail for each way in which mails differ, with exact expectations.

use super::{attachment, content, crlf, summary};
use crate::{InlineLimits, ParseStatus};

/// The expected content of a mail: text body, HTML body, attachments as `name|type|size`, preview.
struct Expected<'a>(Option<&'a str>, Option<&'a str>, &'a [&'a str], &'a str);

#[track_caller]
fn check(raw: &[u8], Expected(text, html, attachments, preview): Expected<'_>) {
    let shown = String::from_utf8_lossy(raw);
    let content = content(raw, None);
    assert_eq!(content.text_body.as_deref(), text, "text of {shown}");
    assert_eq!(content.html_body.as_deref(), html, "HTML of {shown}");
    let found: Vec<String> = content
        .attachments
        .iter()
        .map(|a| {
            format!(
                "{}|{}|{}",
                a.filename.as_deref().unwrap_or("-"),
                a.content_type,
                a.size_bytes
            )
        })
        .collect();
    assert_eq!(found, attachments, "attachments of {shown}");
    let summary = summary(raw);
    assert_eq!(
        (summary.preview_text.as_str(), summary.status),
        (preview, ParseStatus::Parsed),
        "{shown}"
    );
    for (index, description) in (0..).zip(&content.attachments) {
        let (again, bytes) = attachment(raw, index).unwrap();
        assert_eq!(
            (&again, again.size_bytes),
            (description, i64::try_from(bytes.len()).unwrap())
        );
    }
    assert_eq!(
        attachment(raw, u32::try_from(content.attachments.len()).unwrap()),
        None
    );
}

#[test]
fn content_single_part_is_decoded() {
    check(
        &crlf("Subject: a\n\nHello\n  world \n"),
        Expected(Some("Hello\r\n  world \r\n"), None, &[], "Hello world"),
    );
    check(&crlf("Subject: no body"), Expected(Some(""), None, &[], ""));
    check(
        b"no header at all\r\nsecond",
        Expected(
            Some("no header at all\r\nsecond"),
            None,
            &[],
            "no header at all second",
        ),
    );
    check(b"\r\nbody", Expected(Some("body"), None, &[], "body"));
    check(
        b"Subject: lf\n\nplain\n",
        Expected(Some("plain\n"), None, &[], "plain"),
    );
    check(
        &crlf("Content-Type: text/html; charset=utf-8\n\n<p>Hi &amp; <b>b</b>ye</p>"),
        Expected(None, Some("<p>Hi &amp; <b>b</b>ye</p>"), &[], "Hi & bye"),
    );
    check(
        b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\ncaf\xe9 \xfc",
        Expected(Some("caf\u{e9} \u{fc}"), None, &[], "caf\u{e9} \u{fc}"),
    );
    check(
        b"Content-Type: text/plain; charset=\"Shift_JIS\"\r\n\r\n\x93\xfa\x96{",
        Expected(Some("\u{65e5}\u{672c}"), None, &[], "\u{65e5}\u{672c}"),
    );
    check(
        b"Content-Type: text/plain; charset=gb2312\r\n\r\n\xc4\xe3\xba\xc3",
        Expected(Some("\u{4f60}\u{597d}"), None, &[], "\u{4f60}\u{597d}"),
    );
    check(
        b"Content-Type: text/plain; charset=no-such\r\n\r\nx\xffy",
        Expected(Some("x\u{ff}y"), None, &[], "x\u{ff}y"),
    );
    check(b"\r\na\0b", Expected(Some("a\u{fffd}b"), None, &[], "a\u{fffd}b"));
    check(
        &crlf(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9 so=\nft\n",
        ),
        Expected(Some("caf\u{e9} soft\r\n"), None, &[], "caf\u{e9} soft"),
    );
    check(
        &crlf("Content-Transfer-Encoding: BASE64 (really)\n\nSGVs\nbG8h\n"),
        Expected(Some("Hello!"), None, &[], "Hello!"),
    );
    check(
        &crlf("Content-Transfer-Encoding: base64\n\nSG*Vs!bG8h"),
        Expected(Some("Hello!"), None, &[], "Hello!"),
    );
    check(
        &crlf(
            "Content-Type: application/pdf; name=\"bill.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERg==\n",
        ),
        Expected(None, None, &["bill.pdf|application/pdf|4"], ""),
    );
    check(
        &crlf("Content-Disposition: attachment; filename=a.txt\n\nx"),
        Expected(None, None, &["a.txt|text/plain|1"], ""),
    );
    // RFC 2045 5.2: an invalid type is plain text.
    check(
        &crlf("Content-Type: nonsense\n\nx"),
        Expected(Some("x"), None, &[], "x"),
    );
}

const ALTERNATIVE: &str = "Content-Type: multipart/alternative; boundary=\"b 1\"

preamble
--b 1
Content-Type: text/plain; charset=utf-8

plain
--b 1
Content-Type: text/html

<i>html</i>

--b 1--
epilogue
";

#[test]
fn content_multipart_is_split_by_role() {
    check(
        &crlf(ALTERNATIVE),
        Expected(Some("plain"), Some("<i>html</i>\r\n"), &[], "plain"),
    );
    check(
        ALTERNATIVE.as_bytes(),
        Expected(Some("plain"), Some("<i>html</i>\n"), &[], "plain"),
    );
    let related = "Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html

<img src=\"cid:x\">logo
--r
Content-Type: image/png
Content-ID: <x>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

iVBORw0=
--r
Content-Type: text/css

p{}
--r--
--m
Content-Type: text/plain; name=notes.txt

notes
--m
Content-Type: text/plain

-- 
a list's footer
--m
Content-Type: text/calendar; method=REQUEST

BEGIN
--m--
";
    check(
        &crlf(related),
        Expected(
            Some("notes\n-- \r\na list's footer"),
            Some("<img src=\"cid:x\">logo"),
            &["logo.png|image/png|5", "-|text/css|3", "-|text/calendar|5"],
            "notes -- a list's footer",
        ),
    );
    let two_texts = "Content-Type: multipart/mixed; boundary=m\n\n--m\n\none\n--m\n\ntwo\n--m--\n";
    check(&crlf(two_texts), Expected(Some("one\ntwo"), None, &[], "one two"));
}

#[test]
fn content_nested_message_is_one_attachment() {
    let inner = "Subject: inner\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\ninner text\n--i--";
    let plain = format!(
        "Content-Type: multipart/mixed; boundary=m\n\n--m\n\nouter\n--m\nContent-Type: message/rfc822\n\n{inner}\n--m--\n"
    );
    let raw = crlf(&plain);
    let size = crlf(inner).len();
    let expected = format!("-|message/rfc822|{size}");
    check(&raw, Expected(Some("outer"), None, &[&expected], "outer"));
    assert_eq!(attachment(&raw, 0).unwrap().1, crlf(inner));
    let digest = "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: x\n\nbody\n--d--\n";
    check(&crlf(digest), Expected(None, None, &["-|message/rfc822|18"], ""));
    let encoded = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA0KDQp5\n";
    check(&crlf(encoded), Expected(None, None, &["-|message/rfc822|15"], ""));
}

#[test]
fn content_broken_multipart_keeps_all_bytes() {
    let no_boundary = "Content-Type: multipart/mixed\n\n--x\n\ntext\n";
    check(
        &crlf(no_boundary),
        Expected(Some("--x\r\n\r\ntext\r\n"), None, &[], "--x text"),
    );
    let absent = "Content-Type: multipart/mixed; boundary=y\n\nonly text\n";
    check(
        &crlf(absent),
        Expected(Some("only text\r\n"), None, &[], "only text"),
    );
    let unended = "Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo";
    check(&crlf(unended), Expected(Some("one\ntwo"), None, &[], "one two"));
    // A longer boundary is not a shorter one, and one inside a line is none.
    let longer =
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n\none --x\n--xy\ntwo\n--x  \n\nthree\n--x--";
    check(
        &crlf(longer),
        Expected(
            Some("one --x\r\n--xy\r\ntwo\nthree"),
            None,
            &[],
            "one --x --xy two three",
        ),
    );
    let empty = "Content-Type: multipart/mixed; boundary=x\n\n--x\n--x--\n";
    check(&crlf(empty), Expected(Some(""), None, &[], ""));
}

#[test]
fn attachment_filename_is_decoded_unchanged() {
    let cases = [
        (
            "Content-Disposition: attachment; filename=\"a b.pdf\"",
            Some("a b.pdf"),
        ),
        (
            "Content-Disposition: attachment; filename*=utf-8''na%C3%AFve%20%E2%82%AC.txt",
            Some("na\u{ef}ve \u{20ac}.txt"),
        ),
        (
            "Content-Disposition: attachment; filename*0=\"long \"; filename*1=\"name.txt\"",
            Some("long name.txt"),
        ),
        (
            "Content-Disposition: attachment; filename*0*=utf-8''l%C3%A4; filename*1*=ng.txt",
            Some("l\u{e4}ng.txt"),
        ),
        (
            "Content-Disposition: attachment; filename=\"=?utf-8?B?w6RiLnR4dA==?=\"",
            Some("\u{e4}b.txt"),
        ),
        (
            "Content-Disposition: attachment; filename=\"=?iso-8859-1?Q?=E4b.txt?=\"",
            Some("\u{e4}b.txt"),
        ),
        (
            "Content-Type: image/png; name=\"from type.png\"",
            Some("from type.png"),
        ),
        (
            "Content-Disposition: attachment; filename=\"../../etc/passwd\"",
            Some("../../etc/passwd"),
        ),
        (
            "Content-Disposition: attachment; filename=\"a\0b\"",
            Some("a\u{fffd}b"),
        ),
        ("Content-Disposition: attachment; filename=\"\"", None),
        ("Content-Disposition: attachment", None),
    ];
    for (header, expected) in cases {
        let raw = crlf(&format!("{header}\n\nx"));
        let found = content(&raw, None).attachments;
        assert_eq!(found.len(), 1, "{header}");
        assert_eq!(found[0].filename.as_deref(), expected, "{header}");
    }
    let raw = crlf(&format!(
        "Content-Disposition: attachment; filename=\"{}\"\n\nx",
        "n".repeat(4096)
    ));
    assert_eq!(
        content(&raw, None).attachments[0].filename.as_deref(),
        Some("n".repeat(255).as_str())
    );
    let odd = crlf("Content-Type: Image/PNG\u{7f};x\nContent-Disposition: attachment\n\nx");
    assert_eq!(
        content(&odd, None).attachments[0].content_type,
        "application/octet-stream"
    );
    let upper = crlf("Content-Type: IMAGE/Svg+XML; charset=x\n\nx");
    assert_eq!(content(&upper, None).attachments[0].content_type, "image/svg+xml");
}

#[test]
fn summarize_subject_and_from_are_decoded() {
    let subjects = [
        ("Subject: plain\n", Some("plain")),
        ("SUBJECT:   folded\n  over   lines\n", Some("folded over lines")),
        (
            "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?IGFuIGFsbGU=?=\n",
            Some("Gr\u{fc}\u{df}e an alle"),
        ),
        ("Subject: a =?iso-8859-15?Q?=A4?= b\n", Some("a \u{20ac} b")),
        ("Subject: gr\u{fc}n \u{1f98b}\n", Some("gr\u{fc}n \u{1f98b}")),
        ("Subject: =?utf-8?q?broken\n", Some("=?utf-8?q?broken")),
        ("Subject: =?utf-8?q?a=00b?=\n", Some("a\u{fffd}b")),
        ("Subject: =?utf-8?q?a=0D=0ABcc:_x?=\n", Some("a Bcc: x")),
        ("Subject:\n", Some("")),
        ("Subject: first\nSubject: second\n", Some("first")),
        ("X-Subject: none\n", None),
    ];
    for (header, expected) in subjects {
        let raw = crlf(&format!("{header}\nbody"));
        assert_eq!(summary(&raw).subject.as_deref(), expected, "{header}");
    }
    let long = summary(&crlf(&format!("Subject: {}\n\nx", "\u{e4}".repeat(3000))))
        .subject
        .unwrap();
    assert_eq!(long.chars().count(), 1000);
    let senders = [
        ("From: a@b.test\n", Some("a@b.test")),
        ("From: <a@b.test>\n", Some("a@b.test")),
        ("From: Ann <a@b.test>\n", Some("Ann <a@b.test>")),
        (
            "From: \"Ann, B.\" <a@b.test>, Other <o@b.test>\n",
            Some("Ann, B. <a@b.test>"),
        ),
        (
            "From: =?utf-8?q?J=C3=BCrgen?= <j@b.test>\n",
            Some("J\u{fc}rgen <j@b.test>"),
        ),
        ("From: a@b.test (Ann)\n", Some("Ann <a@b.test>")),
        ("From: Team: a@b.test, c@d.test;\n", Some("a@b.test")),
        ("From: just a name\n", Some("just a name")),
        ("From: =?utf-8?q?x=0D=0Ay?= <a@b.test>\n", Some("x y <a@b.test>")),
        ("From:\n", None),
        ("To: a@b.test\n", None),
    ];
    for (header, expected) in senders {
        let raw = crlf(&format!("{header}\nbody"));
        assert_eq!(summary(&raw).from.as_deref(), expected, "{header}");
    }
}

#[test]
fn summarize_preview_is_cut_at_100_characters() {
    let preview = |html: &str| {
        summary(&crlf(&format!(
            "Content-Type: text/html; charset=utf-8\n\n{html}"
        )))
        .preview_text
    };
    let cases = [
        (
            "<style>p{}</style><title>t</title><p>one</p><p>two</p>",
            "one two",
        ),
        ("a<br>b<span>c</span>d", "a bcd"),
        ("<script>if (a < b) x('</p>')</script>after", "after"),
        ("<SCRIPT>x</ScRiPt >after", "after"),
        ("<!-- no --- <b> -->yes", "yes"),
        ("<a title='1 > 0' href=\"x\">link</a>", "link"),
        ("<p title=it's>text</p>", "text"),
        (
            "1 < 2 &lt; 3 &#x20AC;&#8364; &nbsp;&eacute;&bogus; & &amp",
            "1 < 2 < 3 \u{20ac}\u{20ac} \u{e9}&bogus; & &amp",
        ),
        ("&#0;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}&#99999999999;"),
        ("<p", ""),
        ("text<", "text<"),
        ("<!doctype html><?xml ?>x", "x"),
        ("<style>never ends", ""),
    ];
    for (html, expected) in cases {
        assert_eq!(preview(html), expected, "{html}");
    }
    let text = |text: &str| {
        summary(&crlf(&format!(
            "Content-Type: text/plain; charset=utf-8\n\n{text}"
        )))
        .preview_text
    };
    assert_eq!(text(&"\u{1f98b}".repeat(200)), "\u{1f98b}".repeat(100));
    assert_eq!(text(&"ab ".repeat(100)).chars().count(), 100);
    assert_eq!(
        text(&"abcd ".repeat(40)).chars().count(),
        99,
        "no space at the end"
    );
    assert_eq!(text("\u{a0}\t\n x \u{2003} y\u{1}z"), "x y z");
    // A text of white space only counts as absent: the preview uses the HTML.
    let blank = ALTERNATIVE.replace("\nplain\n", "\n \n");
    assert_eq!(summary(&crlf(&blank)).preview_text, "html");
}

/// Returns a `multipart/related` mail of some HTML and parts of `(type, Content-ID, data)`.
fn related(html: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let parts: String = parts
        .iter()
        .map(|(kind, id, data)| format!("--b\nContent-Type: {kind}\n{id}\n\n{data}\n"))
        .collect();
    crlf(&format!(
        "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n{html}\n{parts}--b--\n"
    ))
}

#[test]
fn content_inline_parts_are_images_within_limits() {
    let mail = related(
        "<img src='CID:a@x'>",
        &[
            ("image/png", "Content-ID: <a@x>", "12345"),
            ("text/css", "Content-ID: <css@x>", "1"),
            ("image/gif", "X-No-ID: 1", "1"),
            ("image/gif", "Content-ID: <large@x>", "1234567"),
            ("IMAGE/GIF", "Content-ID: <b@x>", "123"),
            ("image/gif", "Content-ID: <late@x>", "1"),
        ],
    );
    let found = |raw: &[u8], max_parts, max_bytes| -> Vec<String> {
        let limits = InlineLimits { max_parts, max_bytes };
        let content = content(raw, Some(limits));
        let parts = content.inline_parts.iter();
        parts
            .map(|part| format!("{} {} {}", part.content_id, part.content_type, part.data.len()))
            .collect()
    };
    let (a, b) = ("a@x image/png 5", "b@x image/gif 3");
    assert_eq!(found(&mail, 4, 8), [a, b]);
    assert_eq!(found(&mail, 3, 8), [a]);
    assert_eq!(found(&mail, 9, 7), [a, "late@x image/gif 1"]);
    assert_eq!(found(&mail, 0, 8), [""; 0]);
    assert_eq!(content(&mail, None).inline_parts, []);
    let image = ("image/png", "Content-ID: <a@x>", "12345");
    assert_eq!(found(&related("<p>no reference", &[image]), 9, 9), [""; 0]);
}
