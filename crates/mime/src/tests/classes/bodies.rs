use super::check;

#[test]
fn body_named_part_is_shown() {
    check(&[
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; name=\"a.txt\"\n\nt\n--b--", &[("text", "t"), ("names", "")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\nContent-Disposition: inline; filename=a.html\n\n<p>\n--b--", &[("html", "<p>"), ("names", "")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nt\n--b--", &[("text", "-"), ("names", "a.txt")]),
        (b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nt\n--b\nContent-Type: text/html; name=x.html\nContent-Disposition: inline; filename=x.html\n\n<p>\n--b--", &[("text", "t"), ("html", "<p>"), ("names", "")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nt\n--b\nContent-Type: text/plain; name=notes.txt\n\nnotes\n--b--", &[("text", "t"), ("names", "notes.txt")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nt\n--b\nContent-Type: text/html; name=page.html\n\n<p>\n--b--", &[("text", "t"), ("html", "<p>"), ("names", "")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png; name=a.png\n\nx\n--b\nContent-Type: text/plain; name=m.txt\n\nt\n--b--", &[("text", "t"), ("names", "a.png")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html; name=m.html\n\n<p>\n--r\nContent-Type: text/html; name=frame.html\n\n<i>\n--r--\n--b--", &[("html", "<p>"), ("names", "frame.html")]),
        (b"Content-Type: text/html; name=\"page.html\"\nContent-Disposition: inline; filename=page.html\n\n<p>", &[("html", "<p>"), ("names", "")]),
    ]);
}

#[test]
fn body_unknown_text_is_shown() {
    check(&[
        (b"Content-Type: text/x-mail\n\nt", &[("text", "t"), ("names", "")]),
        (b"Content-Type: text/enriched; charset=utf-8\n\n<b>t", &[("text", "<b>t")]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/markdown\n\n# t\n--b\nContent-Type: text/markdown; name=b.md\n\n# b\n--b--", &[("text", "# t"), ("names", "b.md")]),
        (b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nt\n--b\nContent-Type: text/x-amp-html\n\n<amp>\n--b\nContent-Type: text/html\n\n<p>\n--b--", &[("text", "t"), ("html", "<p>"), ("names", "-")]),
        (b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nt\n--b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN\n--b--", &[("text", "t"), ("sizes", "5")]),
        (b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/markdown\n\n# t\n--b\nContent-Type: text/html\n\n<p>\n--b--", &[("text", "# t"), ("html", "<p>"), ("names", "")]),
        (b"Content-Type: text\n\nt", &[("text", "t")]),
        (b"Content-Type: text/csv\nContent-Disposition: attachment; filename=a.csv\n\na,b", &[("text", "-"), ("names", "a.csv")]),
        (b"Content-Type: multipart/report; boundary=b\n\n--b\n\nt\n--b\nContent-Type: message/delivery-status\n\nx: y\n--b\nContent-Type: text/rfc822-headers\n\nSubject: s\n--b--", &[("text", "t"), ("sizes", "4|10")]),
    ]);
}

#[test]
fn body_related_root_is_shown() {
    check(&[
        (b"Content-Type: multipart/related; boundary=b; start=\"<root@x>\"\n\n--b\nContent-Type: image/png\nContent-ID: <i@x>\n\nx\n--b\nContent-Type: text/html\nContent-ID: <root@x>\n\n<p>\n--b--", &[("html", "<p>"), ("names", "-")]),
        (b"Content-Type: multipart/related; boundary=b; start=\"<2@x>\"\n\n--b\nContent-Type: text/html\nContent-ID: <1@x>\n\n<i>\n--b\nContent-Type: text/html\nContent-ID: <2@x>\n\n<p>\n--b--", &[("html", "<p>"), ("sizes", "3")]),
        (b"Content-Type: multipart/related; boundary=b; start=root@x\n\n--b\nContent-Type: image/png\n\nx\n--b\nContent-Type: text/html\nContent-ID: <root@x>\n\n<p>\n--b--", &[("html", "<p>"), ("sizes", "1")]),
        (b"Content-Type: multipart/related; boundary=b; start=\"<none@x>\"\n\n--b\nContent-Type: text/html\n\n<p>\n--b\nContent-Type: image/png\n\nx\n--b--", &[("html", "<p>"), ("sizes", "1")]),
        (b"Content-Type: multipart/related; boundary=b; type=\"text/html\"\n\n--b\nContent-Type: image/png\n\nx\n--b\nContent-Type: text/html\n\n<p>\n--b--", &[("html", "<p>"), ("sizes", "1")]),
        (b"Content-Type: multipart/related; boundary=b; type=\"multipart/alternative\"\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nt\n--c\nContent-Type: text/html\n\n<p>\n--c--\n--b\nContent-Type: image/png\n\nx\n--b--", &[("text", "t"), ("html", "<p>"), ("sizes", "1")]),
        (b"Content-Type: multipart/related; boundary=b; start=\"<r@x>\"\n\n--b\nContent-Type: text/css\n\np{}\n--b\nContent-Type: multipart/alternative; boundary=c\nContent-ID: <r@x>\n\n--c\n\nt\n--c\nContent-Type: text/html\n\n<p>\n--c--\n--b--", &[("text", "t"), ("html", "<p>"), ("sizes", "3")]),
        (b"Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/plain\n\nt\n--b\nContent-Type: text/html; name=x.html\n\n<p>\n--b--", &[("text", "t"), ("html", "-"), ("names", "x.html")]),
    ]);
}

#[test]
fn body_inner_boundary_like_outer_loses_nothing() {
    let image = "Content-Type: image/gif; name=a.gif\nContent-Disposition: attachment\n\nx\n";
    let inner = "--B\n\nt\n--B\nContent-Type: text/html\n\n<p>\n--B--\n";
    let start = "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: multipart/alternative; boundary=B\n\n";
    let all: &[(&str, &str)] = &[("text", "t"), ("html", "<p>"), ("names", "a.gif")];
    let between = format!(
        "Content-Type: multipart/mixed; boundary=A\n\n--A\nContent-Type: multipart/related; boundary=B\n\n--B\nContent-Type: multipart/alternative; boundary=A\n\n{}\n--A\n{image}--A--",
        inner.replace("--B", "--A")
    );
    let mails = [
        format!("{start}{inner}\n--B\n{image}--B--"),
        format!("{start}{inner}--B\n{image}--B--\nepilogue"),
        format!("{start}{inner}--B\n{image}"),
        format!("{start}preamble\n{inner}\n\n--B\n{image}\n--B--"),
        start.replace("mixed", "related") + inner + "--B\n" + image + "--B--",
        between,
        format!("{start}{inner}--B\nContent-Type: multipart/mixed; boundary=B\n\n--B\n{image}--B--\n--B--"),
    ];
    for mail in &mails[..4] {
        check(&[(mail.as_bytes(), all)]);
    }
    check(&[(mails[4].as_bytes(), &[("names", "-|-|a.gif")])]);
    check(&[(mails[5].as_bytes(), all), (mails[6].as_bytes(), all)]);
    // Nothing of an epilogue is a part where no boundary is used twice.
    check(&[(
        b"Content-Type: multipart/mixed; boundary=B\n\n--B\n\nt\n--B--\n--B\n\nepilogue\n--B--",
        &[("text", "t"), ("names", "")],
    )]);
}
