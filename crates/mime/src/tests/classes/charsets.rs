use encoding_rs::Encoding;
use proptest::prelude::*;

use super::{check, content};
use crate::charset::Charset;

/// Returns a mail of one text part.
fn mail(kind: &str, label: &str, body: &[u8]) -> Vec<u8> {
    [
        format!("Content-Type: text/{kind}{label}\r\n\r\n").as_bytes(),
        body,
    ]
    .concat()
}

#[track_caller]
fn check_text(label: &str, body: &[u8], right: &str) {
    let raw = mail("plain", &format!("; charset={label}"), body);
    assert_eq!(content(&raw, None).text_body.as_deref(), Some(right), "{label}");
}

#[test]
fn charset_alias_is_known() {
    let russian = b"\xca\xee\xe4";
    for label in [
        "windows1251",
        "cp-1251",
        "win-1251",
        "WINDOWS_1251",
        "x-cp1251",
        "ms-cyrl",
        "1251",
        "\"cp1251\"",
    ] {
        check_text(label, russian, "\u{41a}\u{43e}\u{434}");
    }
    for label in [
        "latin-1",
        "latin1",
        "iso8859-1",
        "ISO_8859-1",
        "8859_1",
        "iso-latin-1",
        "cp1252",
        "win-1252",
        "x-ansi",
        "csISOLatin1",
        "l1",
    ] {
        check_text(label, b"f\xfcr", "f\u{fc}r");
    }
    for label in [
        "cp932",
        "csWindows31J",
        "windows-31j",
        "ms_kanji",
        "x-sjis",
        "sjis-win",
        "x-ms-cp932",
        "windows-932",
    ] {
        check_text(label, b"\x87\x40\x93\x6f", "\u{2460}\u{767b}");
    }
    for label in ["eucjp", "x-euc-jp", "ujis", "eucJP-ms", "eucjp-win", "cp51932"] {
        check_text(label, b"\xc5\xd0\xcf\xbf", "\u{767b}\u{9332}");
    }
    for label in [
        "cp949",
        "ms949",
        "uhc",
        "windows-949",
        "x-windows-949",
        "euckr",
        "ks_c_5601",
        "KSC5601",
        "korean",
    ] {
        check_text(label, b"\x8c\x63\xb9\xe6", "\u{b620}\u{bc29}");
    }
    for label in [
        "cp950",
        "ms950",
        "big5",
        "big5-hkscs",
        "x-x-big5",
        "Big5-ETEN",
        "cn-big5",
        "windows-950",
    ] {
        check_text(label, b"\xb5\xf9\xa5U", "\u{8a3b}\u{518a}");
    }
    for label in [
        "x-gb2312",
        "gb_2312-80",
        "euc-cn",
        "cp936",
        "ms936",
        "x-gbk",
        "gb18030",
        "GB2312",
    ] {
        check_text(label, b"\xd7\xa2\xb2\xe1", "\u{6ce8}\u{518c}");
    }
    for label in [
        "cp874",
        "tis-620",
        "windows-874",
        "iso-8859-11",
        "tis620",
        "x-tis-620",
    ] {
        check_text(label, b"\xc3\xcb\xd1\xca", "\u{e23}\u{e2b}\u{e31}\u{e2a}");
    }
    for label in [
        "utf8",
        "UTF_8",
        "utf8mb4",
        "x-utf-8",
        "unicode-1-1-utf-8",
        "cp65001",
        "'utf-8'",
    ] {
        check_text(label, "f\u{fc}r \u{20ac}".as_bytes(), "f\u{fc}r \u{20ac}");
    }
    for (label, body, right) in [
        ("iso-8859-15", &b"\xa4"[..], "\u{20ac}"),
        ("latin-9", b"\xa4", "\u{20ac}"),
        ("latin-2", b"\xb1", "\u{105}"),
        ("latin5", b"\xfd", "\u{131}"),
        ("cp437", b"\x81", "\u{fc}"),
        ("IBM850", b"\x81", "\u{fc}"),
        ("cp858", b"\xd5", "\u{20ac}"),
        ("cp852", b"\xa5", "\u{105}"),
        ("cp866", b"\x8a", "\u{41a}"),
        ("koi8-r", b"\xeb", "\u{41a}"),
        ("koi8r", b"\xeb", "\u{41a}"),
        ("x-mac-roman", b"\x9f", "\u{fc}"),
        ("x-mac-ce", b"\x88", "\u{105}"),
        ("utf-7", b"f+APw-r 1+-1 +2D7djg-", "f\u{fc}r 1+1 \u{1f98e}"),
        ("utf-16", b"\xff\xfef\0\xfc\0", "f\u{fc}"),
        ("utf-16", b"\xfe\xff\0f\0\xfc", "f\u{fc}"),
        ("utf-16be", b"\0f\0\xfc", "f\u{fc}"),
        ("utf-16", b"\0f\0\xfc", "f\u{fc}"),
        ("utf-32le", b"f\0\0\0\xfc\0\0\0", "f\u{fc}"),
        ("utf-32", b"\0\0\xfe\xff\0\0\0f", "f"),
    ] {
        check_text(label, body, right);
    }
}

#[test]
fn charset_of_seven_bits_is_decoded() {
    for (label, body, right) in [
        (
            "iso-2022-jp",
            &b"\x1b$BEPO?\x1b(B code 482913"[..],
            "\u{767b}\u{9332} code 482913",
        ),
        ("iso-2022-jp-ms", b"\x1b$B-!\x1b(B", "\u{2460}"),
        ("iso-2022-jp-1", b"\x1b$(D\x30\x21\x1b(B", "\u{4e02}"),
        ("cp50221", b"\x1b(I1\x1b(B", "\u{ff71}"),
        ("iso-2022-jp", b"\x1b(J\\1\x1b(B", "\u{a5}1"),
        (
            "iso-2022-jp-2",
            b"\x1b$A\x57\x22\x1b(B \x1b$(C\x3e\x48\x1b(B",
            "\u{6ce8} \u{c548}",
        ),
        (
            "iso-2022-kr",
            b"\x1b$)C\x0e\x3e\x48\x33\x67\x0f code",
            "\u{c548}\u{b155} code",
        ),
        ("iso-2022-kr", b"\x1b$)Ca\n\x0e\x3e\x48\x0f\nb", "a\n\u{c548}\nb"),
        ("csISO2022KR", b"\xbe\xc8\xb3\xe7", "\u{c548}\u{b155}"),
        (
            "iso-2022-cn",
            b"\x1b$)A\x0e\x57\x22\x32\x61\x0f",
            "\u{6ce8}\u{518c}",
        ),
        ("hz-gb-2312", b"~{W\"2a~} a~~b ~\nc", "\u{6ce8}\u{518c} a~b c"),
        ("hz", b"~{0~}~{2a~}", "\u{6350}~{2a"),
    ] {
        if label != "hz" {
            check_text(label, body, right);
        }
    }
    // Octets beyond seven bits mean the related charset.
    check_text("iso-2022-jp", b"\x93\x6f", "\u{767b}");
    check_text("hz-gb-2312", b"\xd7\xa2", "\u{6ce8}");
}

#[test]
fn charset_without_usable_label_is_detected() {
    check(&[
        (b"Content-Type: text/plain\n\nBest\xe4tigung", &[("text", "Best\u{e4}tigung")]),
        (b"Subject: x\n\nf\xfcr \x8010", &[("text", "f\u{fc}r \u{20ac}10")]),
        (b"Content-Type: text/plain; charset=us-ascii\n\nf\xc3\xbcr", &[("text", "f\u{fc}r")]),
        (b"Content-Type: text/plain; charset=us-ascii\n\nf\xfcr", &[("text", "f\u{fc}r")]),
        (b"Content-Type: text/plain; charset=ANSI_X3.4-1968\n\n\xe9\xaa\x8c", &[("text", "\u{9a8c}")]),
        (b"Content-Type: text/plain; charset=no-such\n\nf\xfcr", &[("text", "f\u{fc}r")]),
        (b"Content-Type: text/plain; charset=\n\nf\xc3\xbcr", &[("text", "f\u{fc}r")]),
        (b"Content-Type: text/plain; charset=unknown-8bit\n\nf\xfcr", &[("text", "f\u{fc}r")]),
        (b"Content-Type: text/plain\n\n\xef\xbb\xbff\xc3\xbcr", &[("text", "f\u{fc}r")]),
        (b"Content-Type: text/plain; charset=iso-8859-1\n\n\xef\xbb\xbff\xc3\xbcr", &[("text", "f\u{fc}r")]),
        (b"Content-Type: text/plain\n\n\x1b$BEPO?\x1b(B", &[("text", "\u{767b}\u{9332}")]),
        (b"Content-Type: text/html\n\n<html><head><meta charset=\"windows-1251\"></head>\xca\xee\xe4", &[("html", "<html><head><meta charset=\"windows-1251\"></head>\u{41a}\u{43e}\u{434}")]),
        (b"Content-Type: text/html\n\n<META HTTP-EQUIV=Content-Type content='text/html; charset=gb2312'>\xd7\xa2\xb2\xe1", &[("html", "<META HTTP-EQUIV=Content-Type content='text/html; charset=gb2312'>\u{6ce8}\u{518c}")]),
        (b"Content-Type: text/html; charset=us-ascii\n\n<meta charset=koi8-r>\xeb", &[("html", "<meta charset=koi8-r>\u{41a}")]),
        (b"Content-Type: text/html\n\n<meta charset=utf-16><p>f\xfcr", &[("html", "<meta charset=utf-16><p>f\u{fc}r")]),
        (b"Content-Type: text/html\n\n<meta charset=gb2312><p>f\xc3\xbcr", &[("html", "<meta charset=gb2312><p>f\u{fc}r")]),
        (b"Content-Type: text/html\n\n<?xml version=\"1.0\" encoding=\"iso-8859-2\"?><p>\xb1", &[("html", "<?xml version=\"1.0\" encoding=\"iso-8859-2\"?><p>\u{105}")]),
        (b"Content-Type: text/html; charset=utf-8\n\n<meta charset=windows-1251>f\xc3\xbcr", &[("html", "<meta charset=windows-1251>f\u{fc}r")]),
        (b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n//48AHAAPgCMmg==\n", &[("html", "<p>\u{9a8c}")]),
    ]);
}

/// A long text is decoded the same for the preview, whose start ends inside a character.
#[test]
fn charset_of_cut_text_is_detected() {
    let text = "\u{9a8c}".repeat(40_000);
    let encoded = mail("plain", "", text.as_bytes());
    let summary = super::summary(&encoded);
    assert!(summary.preview_text.chars().all(|char| char == '\u{9a8c}'));
}

const ENCODINGS: [&Encoding; 33] = [
    &encoding_rs::UTF_8_INIT,
    &encoding_rs::WINDOWS_1250_INIT,
    &encoding_rs::WINDOWS_1251_INIT,
    &encoding_rs::WINDOWS_1252_INIT,
    &encoding_rs::WINDOWS_1253_INIT,
    &encoding_rs::WINDOWS_1254_INIT,
    &encoding_rs::WINDOWS_1255_INIT,
    &encoding_rs::WINDOWS_1256_INIT,
    &encoding_rs::WINDOWS_1257_INIT,
    &encoding_rs::WINDOWS_1258_INIT,
    &encoding_rs::WINDOWS_874_INIT,
    &encoding_rs::ISO_8859_2_INIT,
    &encoding_rs::ISO_8859_3_INIT,
    &encoding_rs::ISO_8859_4_INIT,
    &encoding_rs::ISO_8859_5_INIT,
    &encoding_rs::ISO_8859_6_INIT,
    &encoding_rs::ISO_8859_7_INIT,
    &encoding_rs::ISO_8859_8_INIT,
    &encoding_rs::ISO_8859_10_INIT,
    &encoding_rs::ISO_8859_13_INIT,
    &encoding_rs::ISO_8859_14_INIT,
    &encoding_rs::ISO_8859_15_INIT,
    &encoding_rs::ISO_8859_16_INIT,
    &encoding_rs::KOI8_R_INIT,
    &encoding_rs::KOI8_U_INIT,
    &encoding_rs::IBM866_INIT,
    &encoding_rs::MACINTOSH_INIT,
    &encoding_rs::SHIFT_JIS_INIT,
    &encoding_rs::EUC_JP_INIT,
    &encoding_rs::EUC_KR_INIT,
    &encoding_rs::BIG5_INIT,
    &encoding_rs::GBK_INIT,
    &encoding_rs::GB18030_INIT,
];

/// Every label of the standard, as the mail may write it, finds its decoder.
#[test]
fn charset_label_of_whatwg_is_known() {
    for encoding in ENCODINGS {
        let name = encoding.name();
        for label in [
            name.to_owned(),
            name.to_lowercase(),
            name.replace('-', "_"),
            name.replace('-', ""),
        ] {
            let found = Charset::of(label.as_bytes());
            let expected = match name {
                "UTF-8" => Charset::Utf8,
                _ => Charset::Standard(encoding),
            };
            assert_eq!(found, Some(expected), "{label}");
        }
    }
}

proptest! {
    /// Text that a charset can show arrives as it was written, in bodies and in encoded words.
    #[test]
    fn charset_text_is_read_as_written(
        text in "[ -~\u{a1}-\u{17f}\u{390}-\u{3c9}\u{410}-\u{44f}\u{5d0}-\u{5ea}\u{e01}-\u{e3a}\u{3041}-\u{3093}\u{4e00}-\u{9fa5}\u{ac00}-\u{d7a3}]{1,40}",
        encoding in prop::sample::select(ENCODINGS.to_vec()),
    ) {
        let shown: String = text.chars().filter(|char| {
            let one = char.to_string();
            let (octets, _, has_failed) = encoding.encode(&one);
            !has_failed && encoding.decode_without_bom_handling(&octets).0 == one
        }).collect();
        let shown = shown.trim();
        prop_assume!(!shown.is_empty());
        let octets = encoding.encode(shown).0;
        let label = format!("; charset=\"{}\"", encoding.name().to_lowercase());
        let found = content(&mail("plain", &label, &octets), None);
        prop_assert_eq!(found.text_body.as_deref(), Some(shown));
        let word: String = octets.iter().map(|byte| format!("={byte:02X}")).collect();
        let subject = format!("Subject: =?{}?Q?{word}?=\r\n\r\n", encoding.name());
        let expected = crate::decode::header_text(shown, 1000);
        prop_assert_eq!(super::summary(subject.as_bytes()).subject, Some(expected));
    }

    /// Without a usable label, no octets are lost.
    #[test]
    fn charset_detected_text_has_no_replacement(
        octets in prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0xa0_u8..], 1..60),
        label in prop::sample::select(vec!["", "; charset=us-ascii", "; charset=none-such"]),
        kind in prop::sample::select(vec!["plain", "html"]),
    ) {
        let found = content(&mail(kind, label, &octets), None);
        let text = found.text_body.or(found.html_body).unwrap_or_default();
        // A UTF-8 text whose last character was cut keeps the mark of it.
        prop_assert!(!text.trim_end_matches('\u{fffd}').contains('\u{fffd}'), "{text:?}");
    }
}

#[test]
fn charset_eight_bit_text_under_seven_bit_label_is_detected() {
    for label in ["iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "utf-7"] {
        check_text(
            label,
            "\u{78ba}\u{8a8d} 482913".as_bytes(),
            "\u{78ba}\u{8a8d} 482913",
        );
    }
    check_text(
        "iso-2022-jp",
        b"\xc1\xf7\xbf\xae 482913",
        "\u{9001}\u{4fe1} 482913",
    );
    check_text(
        "iso-2022-jp",
        b"\xa5\xb3\xa1\xbc\xa5\xc9\xc8\xd6\xb9\xe6",
        "\u{30b3}\u{30fc}\u{30c9}\u{756a}\u{53f7}",
    );
    // Shift_JIS, and its half-width katakana.
    check_text("iso-2022-jp", b"\x8am\x94F 482913", "\u{78ba}\u{8a8d} 482913");
    check_text(
        "iso-2022-jp",
        b"\xba\xb0\xc4\xde",
        "\u{ff7a}\u{ff70}\u{ff84}\u{ff9e}",
    );
}
