//! Where our words differ from those of UAX #29, by the tables of Unicode that Debian's `unicode-data` installs. ADR 19 says why.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::char::is_combining_mark;

use crate::{
    fold,
    words::{is_dense, is_word_char, segments},
};

const TABLES: &str = "/usr/share/unicode";
/// Scripts without spaces whose letters we join. UAX #29 gives their letters no property and separates them all.
const JOINED_SCRIPTS: [&str; 9] = [
    "Ahom",
    "Khitan_Small_Script",
    // Its extended blocks only.
    "Myanmar",
    "New_Tai_Lue",
    "Nushu",
    "Tai_Le",
    "Tai_Tham",
    "Tai_Viet",
    "Tangut",
];
/// The category of the other characters without a property that we join: numbers that are no digits, such as fractions.
const JOINED_CATEGORY: &str = "No";

fn table(name: &str) -> String {
    let path = format!("{TABLES}/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}; run `make tools`"))
}

fn char_of(hex: &str) -> char {
    let code = u32::from_str_radix(hex, 16).unwrap();
    char::from_u32(code).unwrap_or('\u{fffd}')
}

/// Returns the value of a property for each character that has one.
fn property(name: &str) -> BTreeMap<char, String> {
    let mut values = BTreeMap::new();
    for line in table(name).lines() {
        let line = line.split('#').next().unwrap();
        let Some((range, value)) = line.split_once(';') else {
            continue;
        };
        let (first, last) = range
            .trim()
            .split_once("..")
            .unwrap_or((range.trim(), range.trim()));
        for c in char_of(first)..=char_of(last) {
            values.insert(c, value.trim().to_owned());
        }
    }
    values
}

/// Unicode's own cases. In a run of letters, digits and marks we find each of their boundaries but one: that after a mark which
/// begins the run, since we take it as a part of the first word.
#[test]
fn words_break_where_cases_of_unicode_do() {
    let (mut boundaries, mut joined) = (0, 0);
    for line in table("auxiliary/WordBreakTest.txt").lines() {
        let case = line.split('#').next().unwrap();
        let (mut text, mut breaks) = (String::new(), Vec::new());
        for token in case.split_whitespace() {
            match token {
                "÷" => breaks.push(text.len()),
                "×" => {}
                hex => text.push(char_of(hex)),
            }
        }
        for at in breaks {
            let (before, after) = (&text[..at], &text[at..]);
            let run = before.chars().rev().take_while(|c| is_word_char(*c));
            let run: Vec<char> = run.collect();
            if run.is_empty() || !after.starts_with(is_word_char) {
                continue;
            }
            boundaries += 1;
            let within = segments(&text).find(|segment| segment.start < at && at < segment.end());
            if within.is_some_and(|segment| !segment.is_dense) {
                assert!(run.iter().all(|c| is_combining_mark(*c)), "{case}");
                joined += 1;
            }
        }
    }
    assert!(boundaries > 100, "{boundaries} boundaries");
    assert!(joined > 0, "no case has a mark that begins a run");
}

#[test]
fn words_join_listed_scripts_and_numbers_only() {
    let breaks = property("auxiliary/WordBreakProperty.txt");
    let categories = property("extracted/DerivedGeneralCategory.txt");
    let scripts = property("Scripts.txt");
    let is_separate = |c: char| !breaks.contains_key(&c) && fold(&c.to_string()) == c.to_string();
    let mut found = BTreeSet::new();
    let mut numbers = 0;
    for (c, category) in &categories {
        // What the tables do not know yet.
        let is_unassigned = category == "Cn";
        if is_unassigned || !is_word_char(*c) || is_dense(*c) || !is_separate(*c) {
            continue;
        }
        if category == JOINED_CATEGORY {
            numbers += 1;
        } else {
            found.insert(scripts[c].as_str());
        }
    }
    assert_eq!(found, BTreeSet::from(JOINED_SCRIPTS));
    assert!(numbers > 0, "no number that is no digit");
}
