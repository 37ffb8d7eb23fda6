use proptest::prelude::*;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    Column, Condition, Document, Field, Flag, Flags, Lookup, Needle, Query, Texts, Zone, fold, words,
};

mod word_breaks;

const NOW: OffsetDateTime = datetime!(2026-11-28 12:00 UTC);

const MAILBOX_ID: &str = "01a20f14-c5d0-75e4-aa11-c633d343d4ed";

fn flags() -> Flags {
    Flags {
        has: vec![Flag::Html, Flag::Code],
        is_read: false,
        size_bytes: 2048,
        received_at: NOW - Duration::hours(2),
        mailbox_id: MAILBOX_ID.to_owned(),
        address: "ann@mayfly.test".to_owned(),
        sandbox: Some("Ünit tests".to_owned()),
    }
}

fn document() -> Document {
    let texts = Texts {
        from: vec!["bounce@shop.example", "Anna Straße <anna@shop.example>"],
        to: vec!["Ann <ann@mayfly.test>"],
        cc: vec!["carol@mayfly.test"],
        visible_recipients: vec!["ann@mayfly.test", "carol@mayfly.test"],
        envelope_to: vec!["ann@mayfly.test", "hidden@mayfly.test"],
        reply_to: vec!["help@shop.example"],
        subject: "Your login code: 4711-x",
        message_id: "<1.2@shop.example>",
        files: vec!["invoice-4711.pdf", "Über uns.txt"],
        body: "Hello,\r\n  the  CODE is\n 123456.\nвход й; ガ行; 您的验证码是1234。 İstanbul",
    };
    Document::new(&texts, flags())
}

fn parse(query: &str) -> Query {
    Query::parse(query, NOW).unwrap_or_else(|error| panic!("{query}: {error:?}"))
}

#[test]
fn fold_text_drops_case_width_and_latin_accents_only() {
    for (text, folded) in [
        ("É e\u{301} ＡＢＣ", "e e abc"),
        ("İstanbul ISTANBUL", "istanbul istanbul"),
        ("Straße STRASSE ẞ", "strasse strasse ss"),
        ("ΌΣΟΣ όσος", "οσοσ οσοσ"),
        ("Й й и", "й й и"),
        ("が か か\u{3099}", "が か が"),
        ("ｶﾞ", "ガ"),
        ("ﬁn\u{ad}ger ①", "finger 1"),
        ("  a \r\n\t b\u{a0}c ", "a b c"),
        ("한국어", "한국어"),
    ] {
        assert_eq!(fold(text), folded, "{text:?}");
    }
}

/// The pairs of Python's `str.casefold` for every character that it changes.
#[test]
fn fold_every_cased_character_equals_its_case_folding() {
    let table = include_str!("tests/case_folding.txt");
    let mut seen = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (from, to) = line.split_once('\t').unwrap();
        assert_eq!(fold(from), fold(to), "{from:?}");
        seen += 1;
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn words_of_text_are_runs_and_pairs() {
    let of = |text: &str| words(&fold(text)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of("invoice-4711.pdf"), ["invoice", "4711", "pdf"]);
    assert_eq!(of("don't snake_case"), ["don", "t", "snake", "case"]);
    assert_eq!(of("验证码"), ["验证", "证码", "码"]);
    assert_eq!(of("码"), ["码"]);
    assert_eq!(of("abc验证1"), ["abc", "验证", "证", "1"]);
    assert_eq!(of("हिन्दी"), ["हिन्दी"]);
    assert_eq!(of(&"x".repeat(100)), ["x".repeat(64)]);
    assert!(of("…!? -").is_empty());
}

#[test]
fn query_of_message_matches_as_documented() {
    let document = document();
    for (query, is_match) in [
        ("code", true),
        ("CODE 123456", true),
        ("cod", false),
        ("cod*", true),
        ("code missing", false),
        ("-missing", true),
        ("!code", false),
        ("from:anna", true),
        ("from:ann", false),
        ("from:strasse", true),
        ("from:bounce@shop.example", true),
        ("from:ounce@shop.example", false),
        ("from:\"ounce@shop.example\"", true),
        ("subject:4711-x", true),
        ("subject:711-x", false),
        ("subject:\"711-x\"", true),
        ("subject:\"code: 47\"", true),
        ("subject:code:*", true),
        ("body:\"the code is 123456\"", true),
        ("subject:123456", false),
        ("filename:invoice-4711.pdf", true),
        ("filename:uber", true),
        ("filename:\"pdf uber\"", false),
        ("to:carol", true),
        ("to:hidden@mayfly.test", true),
        ("cc:carol", true),
        ("cc:ann", false),
        ("cc:arol@mayfly.test", false),
        ("cc:carol@mayfly.test", true),
        ("bcc:hidden", true),
        ("bcc:ann", false),
        ("reply-to:help", true),
        ("addressed:help addressed:anna addressed:hidden", true),
        ("message-id:<1.2@shop.example>", true),
        ("in:ann@mayfly.test in:\"unit TESTS\"", true),
        ("in:bob@mayfly.test", false),
        ("in:01A20F14-c5d0-75e4-aa11-c633d343d4ed", true),
        ("in:01a20f14-c5d0-75e4-aa11-c633d343d4ee", false),
        ("-in:\"01a20f14-c5d0-75e4-aa11-c633d343d4ed\"", false),
        ("has:html has:code -has:link -has:attachment", true),
        ("is:unread -is:read", true),
        ("larger:1k smaller:2.5k", true),
        ("larger:2048", false),
        ("after:3h before:1h", true),
        ("after:1h", false),
        ("after:2026-11-28 before:2026-11-29", true),
        ("before:2026-11-28", false),
        (
            "after:2026-11-28T10:00:00Z before:2026-11-28T11:00:00+01:00",
            true,
        ),
        ("й", true),
        ("и", false),
        ("验证", true),
        ("证码是1234", true),
        ("码", true),
        ("验码", false),
        ("ガ", true),
        ("カ", false),
        ("istanbul", true),
        ("*", true),
    ] {
        assert_eq!(parse(query).matches(&document), is_match, "{query}");
    }
}

/// The first moments of days around changes of the clocks. In Berlin, days have 23 and 25 hours; in Beirut and Santiago, midnight is
/// left out; in Havana it comes twice; in Apia, a whole day is left out.
#[test]
fn day_around_change_of_clocks_begins_at_its_first_moment() {
    for (zone, day, start) in [
        ("UTC", "2026-03-29", datetime!(2026-03-29 00:00 UTC)),
        ("Europe/Berlin", "2026-03-28", datetime!(2026-03-27 23:00 UTC)),
        ("Europe/Berlin", "2026-03-29", datetime!(2026-03-28 23:00 UTC)),
        ("Europe/Berlin", "2026-03-30", datetime!(2026-03-29 22:00 UTC)),
        ("Europe/Berlin", "2026-10-25", datetime!(2026-10-24 22:00 UTC)),
        ("europe/berlin", "2026-10-26", datetime!(2026-10-25 23:00 UTC)),
        ("America/New_York", "2026-11-01", datetime!(2026-11-01 04:00 UTC)),
        ("America/New_York", "2026-11-02", datetime!(2026-11-02 05:00 UTC)),
        ("Asia/Kathmandu", "2026-11-28", datetime!(2026-11-27 18:15 UTC)),
        ("Asia/Beirut", "2026-03-29", datetime!(2026-03-28 22:00 UTC)),
        ("America/Santiago", "2024-09-08", datetime!(2024-09-08 04:00 UTC)),
        ("America/Havana", "2024-11-03", datetime!(2024-11-03 04:00 UTC)),
        ("Pacific/Apia", "2011-12-31", datetime!(2011-12-30 10:00 UTC)),
        ("Pacific/Apia", "2011-12-29", datetime!(2011-12-29 10:00 UTC)),
    ] {
        let zone = Zone::named(zone).unwrap();
        let query = Query::parse_in(&format!("after:{day}"), NOW, &zone).unwrap();
        assert_eq!(
            query.terms()[0].condition,
            Condition::After(start),
            "{day} in {}",
            zone.name()
        );
    }
}

#[test]
fn zone_does_not_move_ages_and_full_times() {
    let zone = Zone::named("Asia/Tokyo").unwrap();
    for query in [
        "after:2h before:15m",
        "after:2026-11-28T09:30:00Z",
        "before:2026-11-28T09:30:00+02:00",
    ] {
        assert_eq!(
            Query::parse_in(query, NOW, &zone).unwrap(),
            parse(query),
            "{query}"
        );
    }
}

#[test]
fn zone_of_unknown_name_is_refused() {
    for name in [
        "",
        "Europe/Nowhere",
        "Berlin",
        "../etc/passwd",
        "UTC+1",
        "+01:00",
        " UTC",
    ] {
        assert_eq!(Zone::named(name), None, "{name:?}");
    }
    for name in ["UTC", "Etc/UTC", "Asia/Calcutta", "Europe/Kyiv"] {
        assert!(Zone::named(name).is_some(), "{name}");
    }
    assert_eq!(Zone::default().name(), "UTC");
}

#[test]
fn parse_query_not_understood_is_error_with_position() {
    let long = "x".repeat(513);
    let many = "x ".repeat(33);
    for (query, position) in [
        ("", 0),
        ("   ", 3),
        ("a colour:red", 2),
        ("a -nope:x", 3),
        ("https://x.example", 0),
        ("before:nonsense", 7),
        ("after:2026-02-30", 6),
        ("after:1w", 6),
        ("after:-1h", 6),
        ("after:99999999999999999999d", 6),
        ("after:9223372036854775d", 6),
        ("larger:10x", 7),
        ("larger:1.5", 7),
        ("smaller:k", 8),
        ("smaller:9223372036854775807k", 8),
        ("é \"open", 2),
        ("\"a\"b", 3),
        ("foo\"bar\"", 3),
        ("a OR b", 2),
        ("NOT b", 0),
        ("(a)", 0),
        ("from:(a", 5),
        ("\"…!\"", 0),
        ("subject:...", 8),
        ("-", 1),
        ("from:", 5),
        ("from: x", 5),
        ("in:\"\"", 3),
        ("ab*", 0),
        ("-*", 1),
        ("a*b", 1),
        ("has:wings", 4),
        ("is:tagged", 3),
        (&*long, 512),
        (&*many, 64),
    ] {
        let error = Query::parse(query, NOW).expect_err(query);
        assert_eq!(error.position, position, "{query}: {error:?}");
        assert!(!error.message.is_empty());
    }
}

#[test]
fn lookups_of_query_hold_in_every_match() {
    let lookups = |query: &str| {
        let lookups = parse(query).lookups().into_iter();
        let shown = |l: Lookup| format!("{:?}:{}{}", l.column, l.word, if l.is_prefix { "*" } else { "" });
        lookups.map(shown).collect::<Vec<_>>()
    };
    assert_eq!(lookups("-a subject:b invo*"), ["Some(Subject):b", "None:invo*"]);
    assert_eq!(
        lookups("from:ann@x.example"),
        ["Some(Sender):ann", "Some(Sender):x", "Some(Sender):example"]
    );
    assert_eq!(lookups("\"voice 47 elev\""), ["None:47", "None:elev*"]);
    assert_eq!(lookups("\"voice\" is:read reply-to:x"), [""; 0]);
    assert_eq!(lookups("验证码"), ["None:验证", "None:证码", "None:码*"]);
    assert_eq!(lookups("\"码 a\""), ["None:码"]);
    let open = parse("a from:b -c \"d\" body:e cc:f").without_lookups(|column| column != Some(Column::Body));
    assert_eq!(open, parse("-c \"d\" body:e cc:f"));
    assert!(open.needs_mail() && !parse("from:a -subject:b is:read larger:1 has:code").needs_mail());
}

#[test]
fn document_beyond_bounds_is_searched_by_header() {
    let many: String = (0..10_000).map(|n| format!("w{n} ")).collect();
    let texts = Texts {
        subject: "findme",
        body: &many,
        ..Texts::default()
    };
    let document = Document::new(&texts, flags());
    let indexed: usize = Column::ALL
        .iter()
        .map(|column| document.words(*column).len())
        .sum();
    assert_eq!(indexed, 4096);
    for (query, is_match) in [("findme w1", true), ("w9999", false), ("\"w9998 w9999\"", false)] {
        assert_eq!(parse(query).matches(&document), is_match, "{query}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-c]{1,4}",
        "[A-C0-2éßİй]{1,3}",
        "[验证码ガかกำ한]{1,4}",
        "[-_.@: \"*()\u{301}\u{ad}\u{3099}]{1,2}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn parse_any_text_never_panics(query in ".{0,40}", text in text()) {
        for query in [&query, &text] {
            if let Ok(query) = Query::parse(query, NOW) {
                let _ = query.matches(&document());
                let _ = query.lookups();
            }
        }
    }

    #[test]
    fn fold_folded_text_changes_nothing(text in text()) {
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded);
    }

    /// An index that holds the words of a message finds it by the lookups of every query that matches it.
    #[test]
    fn lookups_of_matching_query_are_words_of_message(
        body in text(), from in text(), start in 0_usize..40, length in 1_usize..20, is_quoted in any::<bool>(),
    ) {
        let texts = Texts { from: vec![&from], body: &body, ..Texts::default() };
        let document = Document::new(&texts, flags());
        let part: String = body.chars().skip(start).take(length).collect();
        let query = match is_quoted {
            true => format!("\"{}\"", part.replace('"', "")),
            false => part.clone(),
        };
        let Ok(query) = Query::parse(&query, NOW) else { return Ok(()) };
        if query.matches(&document) {
            for lookup in query.lookups() {
                let is_held = Column::ALL.iter().filter(|c| lookup.column.is_none_or(|l| l == **c)).any(|column| {
                    let mut words = document.words(*column).iter();
                    words.any(|word| match lookup.is_prefix {
                        true => word.starts_with(&lookup.word),
                        false => *word == lookup.word,
                    })
                });
                prop_assert!(is_held, "{lookup:?} of {query:?}");
            }
        }
        // A quoted part of the text is found, if it has a word and no white space or mark at its ends.
        let folded = fold(&part);
        if is_quoted
            && !part.contains('"')
            && fold(&body).contains(&folded)
            && let [term] = query.terms()
        {
            prop_assert!(term.is_negated || query.matches(&document), "{query:?} in {body:?}");
        }
    }
}

#[test]
fn parse_field_of_every_name_keeps_value() {
    let query = parse("from:a message-id:b");
    let fields: Vec<Field> = query
        .terms()
        .iter()
        .filter_map(|term| match &term.condition {
            Condition::Text(field, Needle::Word(_)) => Some(*field),
            _ => None,
        })
        .collect();
    assert_eq!(fields, [Field::From, Field::MessageId]);
}
