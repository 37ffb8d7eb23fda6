use super::check;

#[test]
fn from_first_mailbox_with_address_is_shown() {
    check(&[
        (
            b"From: Doe, Jane <jane@b.test>\n\nx",
            &[("from", "Jane <jane@b.test>")],
        ),
        (b"From: \"a b\"@b.test\n\nx", &[("from", "\"a b\"@b.test")]),
        (
            b"From: Ann <\"a b\"@b.test>\n\nx",
            &[("from", "Ann <\"a b\"@b.test>")],
        ),
        (
            b"From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\n\nx",
            &[("from", "Pete <pete@silly.test>")],
        ),
        (b"From: Ann (work) <a@b.test>\n\nx", &[("from", "Ann <a@b.test>")]),
        (
            b"From: <a@b.test> (Ann (the first))\n\nx",
            &[("from", "Ann (the first) <a@b.test>")],
        ),
        (
            b"From: Joe Q. Public <john . q . public @ b . test>\n\nx",
            &[("from", "Joe Q. Public <john.q.public@b.test>")],
        ),
        (
            b"From: Mary Smith <@node.test,@node2.test:mary@b.test>\n\nx",
            &[("from", "Mary Smith <mary@b.test>")],
        ),
        (
            b"From: A Group:Chris Jones <c@a.test>,joe@b.test;\n\nx",
            &[("from", "Chris Jones <c@a.test>")],
        ),
        (b"From: Undisclosed recipients:;\n\nx", &[("from", "-")]),
        (
            b"From: \"Joe & J. Harvey\" <a@b.test>\n\nx",
            &[("from", "Joe & J. Harvey <a@b.test>")],
        ),
        (
            b"From: \"Giant; \\\"Big\\\" Box\" <a@b.test>\n\nx",
            &[("from", "Giant; \"Big\" Box <a@b.test>")],
        ),
        (
            b"From: Ann <>, Bob <b@b.test>\n\nx",
            &[("from", "Bob <b@b.test>")],
        ),
        (b"From: Ann <a@b.test\n\nx", &[("from", "Ann <a@b.test>")]),
        (b"From: \"Ann <a@b.test>\n\nx", &[("from", "Ann <a@b.test>")]),
        (
            b"From: Ann (open <a@b.test>\n\nx",
            &[("from", "Ann (open <a@b.test>")],
        ),
        (b"From: Ann a@b.test\n\nx", &[("from", "Ann <a@b.test>")]),
        (
            b"From: a@b.test <c@d.test>\n\nx",
            &[("from", "a@b.test <c@d.test>")],
        ),
        (
            b"From: \"a@b.test\" <c@d.test>\n\nx",
            &[("from", "a@b.test <c@d.test>")],
        ),
        (
            b"From: Ann [Sales] @ Shop <a@b.test>\n\nx",
            &[("from", "Ann [Sales] @ Shop <a@b.test>")],
        ),
        (b"From: a@[192.0.2.1]\n\nx", &[("from", "a@[192.0.2.1]")]),
        (
            b"From: Ann <a@[IPv6:2001:db8::1]>\n\nx",
            &[("from", "Ann <a@[IPv6:2001:db8::1]>")],
        ),
        (
            b"From: a@[IPv6:2001:db8::1]\n\nx",
            &[("from", "a@[IPv6:2001:db8::1]")],
        ),
        (b"From: Ann\n\t<a@b.test>\n\nx", &[("from", "Ann <a@b.test>")]),
        // The name of a host before the address, and the blank of a fold in it.
        (
            b"From: Ann <b.test ann@b.test >\n\nx",
            &[("from", "Ann <ann@b.test>")],
        ),
        (
            b"From: Ann <ann.lastname\n @b.test>\n\nx",
            &[("from", "Ann <ann.lastname@b.test>")],
        ),
        (
            b"From: Ann <ann\n lastname@b.test>\n\nx",
            &[("from", "Ann <annlastname@b.test>")],
        ),
        (b"From: Ann <<a@b.test>>\n\nx", &[("from", "Ann <a@b.test>")]),
        (b"From: Ann <mailto:a@b.test>\n\nx", &[("from", "Ann <a@b.test>")]),
        (
            b"From: a@b.test (=?utf-8?q?J=C3=BCrgen?=)\n\nx",
            &[("from", "J\u{fc}rgen <a@b.test>")],
        ),
        (
            b"From: =?utf-8?q?Doe,_Jane?= <jane@b.test>\n\nx",
            &[("from", "Doe, Jane <jane@b.test>")],
        ),
        (
            b"From: \"=?utf-8?q?J=C3=BCrgen?=\" <a@b.test>\n\nx",
            &[("from", "J\u{fc}rgen <a@b.test>")],
        ),
        (
            b"From: =?utf-8?q?J=C3=BCrgen_=3Ca=40b=2Etest=3E?=\n\nx",
            &[("from", "J\u{fc}rgen <a@b.test>")],
        ),
        (
            b"From: J\xc3\xbcrgen <j\xc3\xbc@b.test>\n\nx",
            &[("from", "J\u{fc}rgen <j\u{fc}@b.test>")],
        ),
        (
            b"From: J\xfcrgen <a@b.test>\n\nx",
            &[("from", "J\u{fc}rgen <a@b.test>")],
        ),
        (b"From: Ann;Bob <b@b.test>\n\nx", &[("from", "Bob <b@b.test>")]),
        (b"From: \"Ann\" a@b.test\n\nx", &[("from", "Ann <a@b.test>")]),
        (b"From: \"a@b.test\"\n\nx", &[("from", "a@b.test")]),
        (b"From: ,,a@b.test,\n\nx", &[("from", "a@b.test")]),
    ]);
}
