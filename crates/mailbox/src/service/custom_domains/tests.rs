use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// Public suffixes, as people write them.
const SUFFIXES: [&str; 6] = [
    "example",
    "com",
    "co.uk",
    "github.io",
    "\u{516c}\u{53f8}.cn",
    "\u{440}\u{444}",
];

fn taken(text: &str) -> Option<String> {
    canonical(text, [&"mayfly.test".parse().unwrap()].into_iter()).ok()
}

#[test]
fn canonical_normalises_names_and_rejects_public_suffixes() {
    for text in [
        "mine.example",
        " Mine.Example. ",
        "MINE.example",
        "mine\u{3002}example",
    ] {
        assert_eq!(taken(text).as_deref(), Some("mine.example"), "{text}");
    }
    assert_eq!(
        taken("b\u{fc}cher.example").as_deref(),
        Some("xn--bcher-kva.example")
    );
    // An exception of the list of public suffixes, where all beside it are suffixes.
    assert_eq!(taken("www.ck").as_deref(), Some("www.ck"));
    let long = ["a"; 127].join(".") + ".example";
    let long_label = "a".repeat(64) + ".example";
    for text in [
        "",
        ".",
        "com",
        "co.uk",
        "github.io",
        "any.ck",
        "127.0.0.1",
        "1.2.3",
        "[::1]",
        "mayfly.test",
        "a.mayfly.test",
        "a_b.example",
        "a..example",
        "mine.example..",
        ".mine.example",
        "-a.example",
        "a-.example",
        "ab--c.example",
        "xn--a.example",
        "*.example",
        "a b.example",
        "a@b.example",
        "http://a.example",
        "a.example:25",
        "a\0.example",
        "example",
        &long,
        &long_label,
    ] {
        assert_eq!(taken(text), None, "{text}");
    }
}

/// Labels as people write them; of letters whose case mapping round-trips.
fn label() -> impl Strategy<Value = String> {
    let ascii = "[a-z0-9]{1,10}(-[a-z0-9]{1,10})?";
    let letters = "[a-z\u{e4}\u{f6}\u{fc}\u{f1}\u{f8}\u{430}-\u{44f}\u{3b1}-\u{3b9}\u{3042}]{1,12}";
    prop_oneof![ascii, letters]
        // Two hyphens in the third and fourth place mean something else.
        .prop_filter("a number alone", |text| text.bytes().any(|b| !b.is_ascii_digit()))
        .prop_filter("hyphens", |text| text.as_bytes().get(2..4) != Some(b"--"))
}

fn name() -> impl Strategy<Value = String> {
    (vec(label(), 1..4), select(&SUFFIXES[..]))
        .prop_map(|(labels, suffix)| format!("{}.{suffix}", labels.join(".")))
        .prop_filter("a suffix", |name| !is_suffix(name))
}

/// Some names under a suffix are suffixes, too: `za.com`.
fn is_suffix(name: &str) -> bool {
    let ascii = idna::domain_to_ascii(name).unwrap_or_default();
    psl::suffix_str(&ascii) == Some(&ascii)
}

proptest! {
    #[test]
    fn every_spelling_of_a_name_meets_in_its_ascii_form(name in name()) {
        let ascii = taken(&name);
        prop_assert!(ascii.is_some(), "{name}");
        let ascii = ascii.unwrap();
        prop_assert!(ascii.is_ascii());
        prop_assert_eq!(idna::domain_to_unicode(&ascii).0, name.clone());
        for spelling in [
            ascii.clone(),
            ascii.to_uppercase(),
            name.to_uppercase(),
            format!("{name}."),
            format!("\t{name} \n"),
            name.replace('.', "\u{3002}"),
            name.replace('\u{fc}', "u\u{308}"),
        ] {
            prop_assert_eq!(taken(&spelling), Some(ascii.clone()), "{}", spelling);
        }
    }

    #[test]
    fn what_is_taken_can_be_registered_whatever_was_asked_for(
        text in prop_oneof![
            "\\PC{0,40}",
            "[a-zA-Z0-9._ *@:/\\-\\[\\]\u{df}\u{3002}\u{ad}\u{200d}]{0,20}(\\.(com|co\\.uk|ck|test|mayfly\\.test|7))?\\.?",
        ],
    ) {
        let Some(name) = taken(&text) else { return Ok(()) };
        prop_assert_eq!(taken(&name), Some(name.clone()), "what is taken is taken again");
        prop_assert!(name.len() <= 253 && !name.ends_with('.'));
        for label in name.split('.') {
            prop_assert!((1..=63).contains(&label.len()), "{name}");
            prop_assert!(!label.starts_with('-') && !label.ends_with('-'), "{name}");
            prop_assert!(label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
        }
        prop_assert!(psl::suffix_str(&name).is_some_and(|suffix| suffix.len() < name.len()), "{name}");
        prop_assert!(name != "mayfly.test" && !name.ends_with(".mayfly.test"), "{name}");
        prop_assert!(name.parse::<std::net::Ipv4Addr>().is_err());
    }

    #[test]
    fn suffixes_and_system_domains_are_nobodys_but_their_neighbours_are(label in label(), suffix in select(&SUFFIXES[1..4])) {
        prop_assert_eq!(taken(suffix), None);
        prop_assert_eq!(taken(&format!(" {}. ", suffix.to_uppercase())), None);
        prop_assert_eq!(taken(&format!("{label}.mayfly.test")), None);
        prop_assert_eq!(taken(&format!("{label}.{label}.Mayfly.TEST.")), None);
        for neighbour in [format!("{label}mayfly.test"), format!("{label}.{suffix}")] {
            prop_assume!(!is_suffix(&neighbour));
            prop_assert!(taken(&neighbour).is_some(), "{neighbour}");
        }
    }
}
