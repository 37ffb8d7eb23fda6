//! Entries of the vocabulary without the marks of their letters, as banks and telephones write them.

/// A shorter entry without its marks is often a word of another language.
const MIN_UNMARKED_CHARS: usize = 6;

/// Returns an entry without the marks of its letters, if it has any and they can be left out.
pub(super) fn unmarked(entry: &str) -> Option<String> {
    if entry.is_ascii() || entry.chars().count() < MIN_UNMARKED_CHARS {
        return None;
    }
    entry.chars().map(plain).collect()
}

/// Returns the letter that senders without such a keyboard write for one with marks: `sifreniz`.
fn plain(char: char) -> Option<char> {
    Some(match char {
        char if char.is_ascii() => char,
        '\u{e1}' | '\u{e0}' | '\u{e2}' | '\u{e4}' | '\u{e3}' | '\u{e5}' | '\u{103}' | '\u{105}'
        | '\u{101}' | '\u{1ea3}' | '\u{1ea1}' | '\u{1ea5}' | '\u{1ea7}' | '\u{1ea9}' | '\u{1eab}'
        | '\u{1ead}' | '\u{1eaf}' | '\u{1eb1}' | '\u{1eb3}' | '\u{1eb5}' | '\u{1eb7}' => 'a',
        '\u{e7}' | '\u{107}' | '\u{10d}' | '\u{10b}' => 'c',
        '\u{10f}' | '\u{111}' => 'd',
        '\u{e9}' | '\u{e8}' | '\u{ea}' | '\u{eb}' | '\u{11b}' | '\u{119}' | '\u{113}' | '\u{117}'
        | '\u{1ebb}' | '\u{1ebd}' | '\u{1eb9}' | '\u{1ebf}' | '\u{1ec1}' | '\u{1ec3}' | '\u{1ec5}'
        | '\u{1ec7}' => 'e',
        '\u{11f}' | '\u{123}' | '\u{121}' => 'g',
        '\u{127}' => 'h',
        '\u{ed}' | '\u{ec}' | '\u{ee}' | '\u{ef}' | '\u{12b}' | '\u{12f}' | '\u{131}' | '\u{1ec9}'
        | '\u{129}' | '\u{1ecb}' => 'i',
        '\u{137}' => 'k',
        '\u{142}' | '\u{13e}' | '\u{13c}' | '\u{13a}' => 'l',
        '\u{f1}' | '\u{144}' | '\u{148}' | '\u{146}' => 'n',
        '\u{f3}' | '\u{f2}' | '\u{f4}' | '\u{f6}' | '\u{f5}' | '\u{f8}' | '\u{151}' | '\u{14d}'
        | '\u{1ecf}' | '\u{1ecd}' | '\u{1ed1}' | '\u{1ed3}' | '\u{1ed5}' | '\u{1ed7}' | '\u{1ed9}'
        | '\u{1a1}' | '\u{1edb}' | '\u{1edd}' | '\u{1edf}' | '\u{1ee1}' | '\u{1ee3}' => 'o',
        '\u{159}' | '\u{155}' => 'r',
        '\u{15f}' | '\u{161}' | '\u{15b}' | '\u{219}' => 's',
        '\u{165}' | '\u{163}' | '\u{21b}' => 't',
        '\u{fa}' | '\u{f9}' | '\u{fb}' | '\u{fc}' | '\u{16f}' | '\u{171}' | '\u{16b}' | '\u{173}'
        | '\u{1ee7}' | '\u{169}' | '\u{1ee5}' | '\u{1b0}' | '\u{1ee9}' | '\u{1eeb}' | '\u{1eed}'
        | '\u{1eef}' | '\u{1ef1}' => 'u',
        '\u{fd}' | '\u{1ef3}' | '\u{1ef7}' | '\u{1ef9}' | '\u{1ef5}' => 'y',
        '\u{17e}' | '\u{17a}' | '\u{17c}' => 'z',
        _ => return None,
    })
}
