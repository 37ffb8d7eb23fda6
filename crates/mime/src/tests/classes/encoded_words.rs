use super::check;

#[test]
fn encoded_words_split_character_is_joined() {
    check(&[
        (
            b"Subject: =?utf-8?B?8J+m?= =?utf-8?B?iyE=?=\n\nx",
            &[("subject", "\u{1f98b}!")],
        ),
        (
            b"Subject: =?utf-8?Q?=F0=9F?=\n\t=?UTF-8?q?=A6=8B?= =?utf-8?B?IQ==?=\n\nx",
            &[("subject", "\u{1f98b}!")],
        ),
        (
            b"Subject: =?gb2312?B?16I=?= =?GB2312?B?suE=?=\n\nx",
            &[("subject", "\u{6ce8}\u{518c}")],
        ),
        (
            b"Subject: =?gb2312?Q?=D7?= =?gb2312?Q?=A2=B2=E1?=\n\nx",
            &[("subject", "\u{6ce8}\u{518c}")],
        ),
        (
            b"Subject: =?big5?B?uFU=?= =?big5?B?ZQ==?=\n\nx",
            &[("subject", "\u{842c}e")],
        ),
        (
            b"Subject: =?utf-8?B?5rOo5YY?= =?utf-8?B?jA==?=\n\nx",
            &[("subject", "\u{6ce8}\u{518c}")],
        ),
        (
            b"Subject: =?utf-8?B?5rO?= =?utf-8?B?o5YaM?=\n\nx",
            &[("subject", "\u{6ce8}\u{518c}")],
        ),
        (
            b"Subject: =?iso-8859-1?Q?=E4?= =?utf-8?Q?=C3=A4?= =?iso-8859-1?Q?=E4?=\n\nx",
            &[("subject", "\u{e4}\u{e4}\u{e4}")],
        ),
        (
            b"Subject: =?iso-2022-jp?B?GyRCRVA=?= =?iso-2022-jp?B?Tz8bKEI=?=\n\nx",
            &[("subject", "\u{767b}\u{9332}")],
        ),
        (
            b"Subject: =?utf-8*de?Q?=C3?= =?utf-8*de?Q?=A4?=\n\nx",
            &[("subject", "\u{e4}")],
        ),
        (
            b"From: =?utf-8?B?5rOo5Q==?= =?utf-8?B?ho w=?= <a@b.test>\nSubject: x\n\nx",
            &[("from", "\u{6ce8}\u{518c} <a@b.test>")],
        ),
        (
            b"Content-Disposition: attachment; filename=\"=?utf-8?Q?=E6=B3?=\n =?utf-8?Q?=A8.pdf?=\"\n\nx",
            &[("names", "\u{6ce8}.pdf")],
        ),
    ]);
}

#[test]
fn encoded_words_blanks_are_dropped_not_added() {
    check(&[
        (
            b"Subject: =?utf-8?q?=C3=84rger?=, =?utf-8?q?=C3=84pfel?=!\n\nx",
            &[("subject", "\u{c4}rger, \u{c4}pfel!")],
        ),
        (b"Subject: (=?utf-8?b?w6Q=?=)\n\nx", &[("subject", "(\u{e4})")]),
        (b"Subject: =?utf-8?q?a?==?utf-8?q?b?=\n\nx", &[("subject", "ab")]),
        (
            b"Subject: =?utf-8?q?a?=   \n\t =?utf-8?q?b?=\n\nx",
            &[("subject", "ab")],
        ),
        (
            b"Subject: =?utf-8?q?a_?= =?utf-8?q?b?= c\n\nx",
            &[("subject", "a b c")],
        ),
        (
            b"Subject: Re: =?utf-8?q?a?= b =?utf-8?q?c?=\n\nx",
            &[("subject", "Re: a b c")],
        ),
        (
            b"Subject: x=?utf-8?q?=C3=A4?=y=?iso-8859-1?q?=E4?=z\n\nx",
            &[("subject", "x\u{e4}y\u{e4}z")],
        ),
        (
            b"Subject: \"=?utf-8?q?=C3=A4?=\"\n\nx",
            &[("subject", "\"\u{e4}\"")],
        ),
        (b"Subject: =?utf-8?q?a b?= c\n\nx", &[("subject", "a b c")]),
        (
            b"Subject: =?utf-8?q?Who=3F_?= =?utf-8?q?me?=?\n\nx",
            &[("subject", "Who? me?")],
        ),
        (
            b"Subject: =?utf-8?q?Who?=C3=A9?=\n\nx",
            &[("subject", "Who?\u{e9}")],
        ),
        (
            b"Subject: =?utf-8?q?open and =?utf-8?q?=C3=A4?=\n\nx",
            &[("subject", "=?utf-8?q?open and \u{e4}")],
        ),
        (
            b"Subject: =?utf-8?x?abc?= =?nothing?=\n\nx",
            &[("subject", "=?utf-8?x?abc?= =?nothing?=")],
        ),
        (
            b"Content-Disposition: attachment; filename=\"a=?utf-8?q?=C3=A4?= =?utf-8?q?b?=.pdf\"\n\nx",
            &[("names", "a\u{e4}b.pdf")],
        ),
    ]);
}

#[test]
fn encoded_words_missing_padding_is_decoded() {
    check(&[
        (
            b"Subject: =?utf-8?B?Q29kZTogMTI?=\n\nx",
            &[("subject", "Code: 12")],
        ),
        (
            b"Subject: =?utf-8?B?Q29kZTogMTIzNA?=\n\nx",
            &[("subject", "Code: 1234")],
        ),
        (
            b"Subject: =?utf-8?B?Q29kZTogMTIzNA=?=\n\nx",
            &[("subject", "Code: 1234")],
        ),
        (
            b"Subject: =?utf-8?B?Q29kZTogMTIzNA===?= 5\n\nx",
            &[("subject", "Code: 1234 5")],
        ),
        (
            b"Subject: =?utf-8?B?MTI?= =?utf-8?B?MzQ?=\n\nx",
            &[("subject", "1234")],
        ),
        (b"Subject: =?utf-8?b?MTI=MzQ=?=\n\nx", &[("subject", "1234")]),
        (b"Subject: =?utf-8?b?MT\n I=?=\n\nx", &[("subject", "12")]),
        (
            b"From: =?UTF-8?B?w4RyemU?= <a@b.test>\n\nx",
            &[("from", "\u{c4}rze <a@b.test>")],
        ),
        (
            b"Content-Disposition: attachment; filename=\"=?utf-8?B?w6QucGRm?=\"\n\nx",
            &[("names", "\u{e4}.pdf")],
        ),
    ]);
}

#[test]
fn encoded_words_odd_charset_is_decoded() {
    check(&[
        (
            b"Subject: =?us-ascii?Q?f=C3=BCr?=\n\nx",
            &[("subject", "f\u{fc}r")],
        ),
        (
            b"Subject: =?unknown-8bit?Q?f=FCr?=\n\nx",
            &[("subject", "f\u{fc}r")],
        ),
        (
            b"Subject: =?x-nothing?B?ZsO8cg==?=\n\nx",
            &[("subject", "f\u{fc}r")],
        ),
        (
            b"Subject: =?cp1251?Q?=CA=EE=E4?=\n\nx",
            &[("subject", "\u{41a}\u{43e}\u{434}")],
        ),
        (
            b"Subject: =?ks_c_5601-1987?B?jGO55g==?=\n\nx",
            &[("subject", "\u{b620}\u{bc29}")],
        ),
        (b"Subject: =?utf-7?Q?f+APw-r?=\n\nx", &[("subject", "f\u{fc}r")]),
        // The sender cut the last character.
        (
            b"Subject: f\xc3\xbcr \xc3\n\nx",
            &[("subject", "f\u{fc}r \u{fffd}")],
        ),
        (
            b"Subject: f\xc3\xbcr =?utf-8?q?=C3=A4?=\n\nx",
            &[("subject", "f\u{fc}r \u{e4}")],
        ),
        (b"Subject: f\xfcr\n\nx", &[("subject", "f\u{fc}r")]),
        (
            b"Subject: \xd7\xa2\xb2\xe1\nContent-Type: text/plain; charset=gb2312\n\nx",
            &[("subject", "\u{6ce8}\u{518c}")],
        ),
        (
            b"Subject: \x1b$BEPO?\x1b(B\n\nx",
            &[("subject", "\u{767b}\u{9332}")],
        ),
    ]);
}
