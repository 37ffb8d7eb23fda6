use super::check;

#[test]
fn parameter_folded_after_equals_is_read() {
    check(&[
        (b"Content-Type: application/pdf;\n\tname=\n\t\"a b.pdf\"\nContent-Disposition: attachment\n\nx", &[("names", "a b.pdf")]),
        (b"Content-Disposition: attachment; filename=\n a.pdf\n\nx", &[("names", "a.pdf")]),
        (b"Content-Disposition: attachment; filename\n =\n \"a.pdf\"\n\nx", &[("names", "a.pdf")]),
        (b"Content-Disposition: attachment; filename =\"a.pdf\" ; size= 4\n\nx", &[("names", "a.pdf")]),
        (b"Content-Disposition: attachment;\n filename=\n  \"=?utf-8?B?w6QucGRm?=\"\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Disposition: attachment; filename*=\n utf-8''%C3%A4.pdf\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Type: text/plain; charset=\n iso-8859-1\n\n\xe4", &[("text", "\u{e4}")]),
        (b"Content-Type: multipart/mixed;\n boundary=\n b\n\n--b\n\nt\n--b--", &[("text", "t")]),
        (b"Content-Type: multipart/mixed;\n\tboundary=\n\t\"=_b 1\";\n\ttype=\n\t\"text/plain\"\n\n--=_b 1\n\nt\n--=_b 1--", &[("text", "t")]),
    ]);
}

#[test]
fn parameter_folded_inside_quotes_is_unfolded() {
    check(&[
        (b"Content-Type: multipart/mixed;\n boundary=\"=_Next\n 0_1\"\n\n--=_Next 0_1\n\nt\n--=_Next 0_1--", &[("text", "t")]),
        (b"Content-Disposition: attachment; filename=\"a\n b.pdf\"\n\nx", &[("names", "a b.pdf")]),
        (b"Content-Disposition: attachment; filename*=\"utf-8''%C3%A4\n\tb.pdf\"\n\nx", &[("names", "\u{e4} b.pdf")]),
    ]);
}

#[test]
fn parameter_broken_syntax_is_read() {
    check(&[
        (b"Content-Disposition: attachment; filename=my report (final).pdf; size=4\n\nx", &[("names", "my report (final).pdf")]),
        (b"Content-Disposition: attachment; filename=\"a \"b\" c.pdf\"; size=4\n\nx", &[("names", "a \"b\" c.pdf")]),
        (b"Content-Disposition: attachment; filename=\"a\\\"b\\\\c.pdf\"\n\nx", &[("names", "a\"b\\c.pdf")]),
        (b"Content-Disposition: attachment; filename=\"C:\\tmp\\a.pdf\"\n\nx", &[("names", "C:tmpa.pdf")]),
        (b"Content-Disposition: attachment; filename=\"open.pdf\n\nx", &[("names", "open.pdf")]),
        (b"Content-Disposition: attachment; filename=\"a;b.pdf\"\n\nx", &[("names", "a;b.pdf")]),
        (b"Content-Disposition: attachment filename=\"a.pdf\"\n\nx", &[("names", "a.pdf")]),
        (b"Content-Disposition: attachment;; filename=\"a.pdf\";\n\nx", &[("names", "a.pdf")]),
        (b"Content-Disposition: ATTACHMENT (really); FileName=a.pdf\n\nx", &[("names", "a.pdf")]),
        (b"Content-Disposition: attachment; filename=\xe4\xb8\xad.pdf\n\nx", &[("names", "\u{4e2d}.pdf")]),
        (b"Content-Disposition: attachment; filename=\"f\xfcr.pdf\"\n\nx", &[("names", "f\u{fc}r.pdf")]),
        (b"Content-Type: text/plain (a comment); charset=iso-8859-1 (Latin)\n\n\xe4", &[("text", "\u{e4}")]),
        (b"Content-Type: multipart/mixed boundary=\"b\"\n\n--b\n\nt\n--b--", &[("text", "t")]),
        (b"Content-Type: multipart/mixed; boundary=\"b\" charset=utf-8\n\n--b\n\nt\n--b--", &[("text", "t")]),
        (b"Content-Type: multipart/mixed; boundary=--=_1:2/3?x\n\n----=_1:2/3?x\n\nt\n----=_1:2/3?x--", &[("text", "t")]),
        (b"Content-Type: text / html; charset=utf-8\n\n<p>", &[("html", "<p>")]),
        (b"Content-Type: application/octet-stream; name==?utf-8?Q?a;_b.txt?=; x=y\nContent-Disposition: attachment\n\nx", &[("names", "a; b.txt")]),
        (b"Content-Type: application/zip; filename=only.zip\nContent-Disposition: attachment\n\nx", &[("names", "only.zip")]),
    ]);
}

#[test]
fn parameter_sections_are_joined_before_decoding() {
    check(&[
        (b"Content-Disposition: attachment; filename*0*=utf-8''%F0%9F; filename*1*=%A6%8B.pdf\n\nx", &[("names", "\u{1f98b}.pdf")]),
        (b"Content-Disposition: attachment; filename*1*=%8B.pdf; filename*0*=utf-8'en'%F0%9F%A6\n\nx", &[("names", "\u{1f98b}.pdf")]),
        (b"Content-Disposition: attachment; filename*0*=Shift_JIS'ja'%93; filename*1*=%FA%96; filename*2=\"{.txt\"\n\nx", &[("names", "\u{65e5}\u{672c}.txt")]),
        (b"Content-Disposition: attachment; filename*0*=gb2312''%D7%A2; filename*1=\" a \"; filename*2*=%B2%E1\n\nx", &[("names", "\u{6ce8} a \u{518c}")]),
        (b"Content-Disposition: attachment; filename=\"plain.pdf\"; filename*=utf-8''%C3%A4.pdf\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Disposition: attachment; filename*=utf-8''%C3%A4.pdf; filename=\"plain.pdf\"\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Disposition: attachment; filename*=\"utf-8''%C3%A4.pdf\"\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Disposition: attachment; filename*=%C3%A4%2.pdf\n\nx", &[("names", "\u{e4}%2.pdf")]),
        (b"Content-Disposition: attachment; filename*=iso-8859-1''f%FCr%20a%27b.pdf\n\nx", &[("names", "f\u{fc}r a'b.pdf")]),
        (b"Content-Disposition: attachment; filename*0=\"=?utf-8?B?w6\"; filename*1=\"QucGRm?=\"\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Disposition: attachment; filename*10=k; filename*0=a; filename*1=b; filename*2=c; filename*3=d; filename*4=e; filename*5=f; filename*6=g; filename*7=h; filename*8=i; filename*9=j\n\nx", &[("names", "abcdefghijk")]),
        (b"Content-Type: application/pdf;\n name*0*=UTF-8''%E8%AB%8B%E6;\n name*1*=%B1%82.pdf\nContent-Disposition: attachment\n\nx", &[("names", "\u{8acb}\u{6c42}.pdf")]),
        (b"Content-Disposition: attachment; filename*=x-nothing''%C3%A4.pdf\n\nx", &[("names", "\u{e4}.pdf")]),
        (b"Content-Type: multipart/mixed; boundary*0=\"b\"; boundary*1=\"c\"\n\n--bc\n\nt\n--bc--", &[("text", "t")]),
    ]);
}

#[test]
fn boundary_of_any_length_splits_parts() {
    let boundary = "b".repeat(5000);
    let mail = format!(
        "Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n--{boundary}\n\nt\n--{boundary}--"
    );
    check(&[(mail.as_bytes(), &[("text", "t")])]);
}
