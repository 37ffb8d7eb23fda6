//! Code words beside the name of another thing: `product code`, `code-server`.

use super::{Hit, is_letter};
use crate::extract::vocabulary::Keyword;

/// What can stand between the words of `código de producto`.
const JOINERS: [&str; 46] = [
    "",
    " ",
    "-",
    " de ",
    " de la ",
    " del ",
    " de l'",
    " du ",
    " des ",
    " d'",
    " d\u{2019}",
    " della ",
    " dell'",
    " di ",
    " da ",
    " do ",
    " dos ",
    " of ",
    " of the ",
    " der ",
    " van ",
    " van de ",
    " til ",
    " f\u{f6}r ",
    " fyrir ",
    " a ",
    " an ",
    " y ",
    " yr ",
    " na ",
    " za ",
    " o ",
    " ya ",
    " wa ",
    " la ",
    " cha ",
    " lui ",
    " al ",
    " ta' ",
    " ta\u{2019} ",
    " ng ",
    " sa ",
    " \u{43d}\u{430} ",
    " \u{437}\u{430} ",
    " \u{3c4}\u{3bf}\u{3c5} ",
    " \u{3c4}\u{3b7}\u{3c2} ",
];
/// The longest of them.
const MAX_JOINER_BYTES: usize = 8;

/// A shorter part of a word names another code only within a compound.
const MIN_STEM_CHARS: usize = 5;
/// Examined keywords behind a code word.
const MAX_NAMES: usize = 4;
/// Examined text behind the name of another thing, in bytes.
const MAX_PURPOSE_BYTES: usize = 40;
/// Letters of an ending after a stem.
const MAX_ENDING_CHARS: usize = 3;

/// Turns `code` beside the name of another thing into a label: `product code`, `código de producto`.
pub(super) fn name_other_codes(text: &str, hits: &mut [Hit]) {
    for index in 0..hits.len() {
        let is_beside_other = || {
            is_beside_other(text, &hits[index], hits[..index].iter().rev(), true)
                || is_beside_other(text, &hits[index], hits[index + 1..].iter(), false)
        };
        if is_start_of_name(text, &hits[index..]) {
            hits[index].keyword = Keyword::Ignored;
            continue;
        }
        if says_sign_in(text, &hits[index..]) {
            hits[index].keyword = Keyword::OneTimeCode;
            continue;
        }
        if is_start_of_label(&hits[index..])
            || is_end_of_label(text, &hits[..=index])
            || hits[index].keyword == Keyword::Code && is_beside_other()
        {
            hits[index].keyword = Keyword::Label;
        }
    }
}

/// Reports whether the first keyword is a code word beside the name of another thing, and is one for one-time codes without it:
/// `kod us\u{142}ugi logowania`, like `kod logowania`.
fn says_sign_in(text: &str, hits: &[Hit]) -> bool {
    let Some((first, after)) = hits.split_first() else {
        return false;
    };
    let (code, name_end) = match first.keyword {
        Keyword::Code => {
            let other = after
                .iter()
                .take(MAX_NAMES)
                .find(|hit| hit.keyword == Keyword::OtherCode && hit.at.start > first.at.end);
            let is_joined = |other: &&Hit| {
                let joiner = &text[first.at.end..other.at.start];
                joiner.len() <= MAX_JOINER_BYTES && JOINERS.contains(&&*joiner.to_lowercase())
            };
            let Some(other) = other.filter(is_joined) else {
                return false;
            };
            (&text[first.at.clone()], other.at.end)
        }
        // `c\u{f3}digo del servicio` is an entry.
        Keyword::Label => match text[first.at.clone()].split_once(' ') {
            Some((word, _))
                if super::find_all(word)
                    .iter()
                    .any(|hit| hit.keyword == Keyword::Code) =>
            {
                (word, first.at.end)
            }
            _ => return false,
        },
        _ => return false,
    };
    let end = text.floor_char_boundary((name_end + MAX_PURPOSE_BYTES).min(text.len()));
    // Behind the ending of the name
    let rest = text[name_end..end].trim_start_matches(|char: char| is_letter(Some(char)));
    let rest = &rest[..rest.find([':', '.', ',', '\n', '\t']).unwrap_or(rest.len())];
    if !rest.contains(char::is_alphabetic) {
        return false;
    }
    let hits = super::find_all(&format!("{code}{rest}"));
    let is_longer = |hit: &Hit| hit.at.start == 0 && hit.at.end > code.len();
    hits.iter()
        .any(|hit| hit.keyword == Keyword::OneTimeCode && is_longer(hit))
}

/// Reports whether the first keyword is a code word that begins a name: `code-server`. A shorter end is of its inflection: `PIN-ul`.
fn is_start_of_name(text: &str, hits: &[Hit]) -> bool {
    let Some((code, after)) = hits
        .split_first()
        .filter(|(code, _)| matches!(code.keyword, Keyword::Code | Keyword::OneTimeCode))
    else {
        return false;
    };
    let rest = text[code.at.end..].strip_prefix('-').unwrap_or_default();
    let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    letters > MAX_ENDING_CHARS && after.iter().all(|hit| hit.at.start > code.at.end + letters)
}

/// Reports whether the first keyword is a code word whose end begins a label: `votre code` in `votre code produit`.
fn is_start_of_label(hits: &[Hit]) -> bool {
    let Some((code, after)) = hits.split_first() else {
        return false;
    };
    let is_code = |hit: &Hit| matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode);
    let mut longer = after
        .iter()
        .take_while(|hit| hit.at.start < code.at.end)
        .filter(|hit| hit.at.start > code.at.start && hit.at.end > code.at.end);
    is_code(code) && longer.clone().any(|hit| hit.keyword == Keyword::Label) && !longer.any(is_code)
}

/// Reports whether the last keyword is a code word with a colon whose start ends a label: `kodas:` in `projekto kodas:`.
fn is_end_of_label(text: &str, hits: &[Hit]) -> bool {
    let Some((code, before)) = hits.split_last() else {
        return false;
    };
    let is_around = |other: &Hit| {
        other.keyword == Keyword::Label
            && other.at.start < code.at.start
            && matches!(text.get(other.at.end..code.at.end), Some(":" | "\u{ff1a}"))
    };
    matches!(code.keyword, Keyword::Code | Keyword::OneTimeCode)
        && before
            .iter()
            .rev()
            .take_while(|other| other.at.end > code.at.start)
            .any(is_around)
}

/// Reports whether the nearest keyword on one side of a code, of all its meanings, names another thing.
fn is_beside_other<'h>(
    text: &str,
    code: &Hit,
    mut others: impl Iterator<Item = &'h Hit>,
    is_before: bool,
) -> bool {
    let Some(nearest) = others.find(|other| other.at != code.at) else {
        return false;
    };
    // Compounds overlap: the stem of a word is a keyword, and its end.
    let between = if is_before {
        nearest.at.end..code.at.start
    } else {
        code.at.end..nearest.at.start
    };
    let joiner = text.get(between).unwrap_or_default();
    // A stem names a word of its own with an ending only: `barkode`, but not `kode bare` or `kode for skatteportalen`.
    let ending = text[nearest.at.end..]
        .chars()
        .take_while(|char| is_letter(Some(*char)));
    let is_name = joiner.is_empty()
        || match ending.take(MAX_ENDING_CHARS + 1).count() {
            0 => true,
            chars => chars <= MAX_ENDING_CHARS && text[nearest.at.clone()].chars().count() >= MIN_STEM_CHARS,
        };
    let is_joined = is_name && joiner.len() <= MAX_JOINER_BYTES && JOINERS.contains(&&*joiner.to_lowercase());
    let mut meanings = std::iter::once(nearest).chain(others.take_while(|other| other.at == nearest.at));
    is_joined && meanings.any(|other| other.keyword == Keyword::OtherCode)
}
