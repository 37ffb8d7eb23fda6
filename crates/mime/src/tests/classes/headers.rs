use super::check;

#[test]
fn header_blank_line_does_not_end_it_inside_fields() {
    check(&[
        (b"To: a@x.test,\n \t\n\tb@x.test\nSubject: s\n\nbody", &[("subject", "s"), ("text", "body")]),
        (b"Received: by a\n \n (x)\n \n \n \t(y)\nFrom: a@b.test\nSubject: s\n\nbody", &[("from", "a@b.test"), ("subject", "s"), ("text", "body")]),
        (b"X-Report: \n \nSubject: s\n\nbody", &[("subject", "s"), ("text", "body")]),
        (b"Subject: one\n \n two\nFrom: a@b.test\n\nbody", &[("subject", "one two"), ("from", "a@b.test"), ("text", "body")]),
        (b"Subject: s\nContent-Type: multipart/alternative;\n \n boundary=b\n\n--b\n\nt\n--b\nContent-Type: text/html\n\n<p>h\n--b--", &[("text", "t"), ("html", "<p>h")]),
        (b"Subject: s\n \n\nbody", &[("subject", "s"), ("text", "body")]),
        (b"Subject: s\n\t\nFrom: a@b.test\nX-Odd: 1\n \nPlain words of a body\nNote: none\n", &[("subject", "s"), ("from", "a@b.test"), ("text", "Plain words of a body\nNote: none")]),
        (b"Subject: s\n \nCode: 482913\n", &[("subject", "s"), ("text", "Code: 482913")]),
        (b"Subject: s\n \n", &[("subject", "s"), ("text", "")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain;\n \n charset=iso-8859-1\n\n\xe4\n--b--", &[("text", "\u{e4}")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n \nSubject: of the text\n--b--", &[("text", "Subject: of the text")]),
    ]);
}

#[test]
fn header_stray_line_is_skipped() {
    check(&[
        (b"Subject: s\nthis is no field\nFrom: a@b.test\n\nbody", &[("subject", "s"), ("from", "a@b.test"), ("text", "body")]),
        (b"stray\nSubject: s\n\nbody", &[("subject", "s"), ("text", "body")]),
        (b"Received: by a\nwith SMTP id 1\n folded\nmore\nSubject: s\nFrom: a@b.test\n\nbody", &[("subject", "s"), ("from", "a@b.test"), ("text", "body")]),
        (b"Content-Type: text/plain;\ncharset=iso-8859-1\n\n\xe4", &[("text", "\u{e4}")]),
        (b"Content-Type: text/plain\ncharset=\"iso-8859-1\"\nSubject: s\n\n\xe4", &[("text", "\u{e4}"), ("subject", "s")]),
        (b"Content-Type: application/pdf\nContent-Disposition: attachment;\nfilename*=utf-8''%C3%A4.pdf\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Type: multipart/mixed;\nboundary=\"b\"\n\n--b\n\nt\n--b--", &[("text", "t")]),
        (b"Hello\nthere\n\nSubject: no\n", &[("subject", "-"), ("text", "Hello\nthere\n\nSubject: no")]),
        (b"Subject: s\nDear Ann,\nyour code is 482913\n", &[("subject", "s"), ("text", "Dear Ann,\nyour code is 482913")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nno header here\nFrom: a line of text\n--b--", &[("text", "no header here\nFrom: a line of text")]),
        (b"Subject: s\n: no name\nFrom: a@b.test\n\nbody", &[("subject", "s"), ("from", "a@b.test"), ("text", "body")]),
        (b"Subject: s\n: no name\n folded\n\nbody", &[("subject", "s"), ("text", "body")]),
        (b": no header\n\nbody", &[("text", ": no header\n\nbody")]),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n--c\nContent-Type: text/html\n\n<p>\n--c--\n--b--",
            &[("html", "<p>"), ("text", "-")],
        ),
    ]);
}

#[test]
fn header_odd_first_line_is_skipped() {
    check(&[
        (
            b"From a@b.test  Sat Nov 28 12:00:00 2026\nSubject: s\n\nbody",
            &[("subject", "s"), ("text", "body")],
        ),
        (
            b">From a@b.test  Sat Nov 28 12:00:00 2026\nFrom: a@b.test\n\nbody",
            &[("from", "a@b.test"), ("text", "body")],
        ),
        (
            b"From : A <a@b.test>\nSubject : s\n\nbody",
            &[("from", "A <a@b.test>"), ("subject", "s"), ("text", "body")],
        ),
        (b"\t\nSubject: s\n\nbody", &[("subject", "s"), ("text", "body")]),
        (
            b"  \n \nSubject: s\n\nbody",
            &[("subject", "s"), ("text", "body")],
        ),
        (
            b"\nSubject: s\n\nbody",
            &[("subject", "-"), ("text", "Subject: s\n\nbody")],
        ),
        (b" \nno header\n", &[("text", "no header")]),
        (
            b"From \nSubject: s\n\nbody",
            &[("subject", "s"), ("text", "body")],
        ),
        (
            b"Subject : s\nFROM: a@b.test\n\nbody",
            &[("subject", "s"), ("from", "a@b.test"), ("text", "body")],
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\n \n\nt\n--b--",
            &[("text", "t")],
        ),
    ]);
}
