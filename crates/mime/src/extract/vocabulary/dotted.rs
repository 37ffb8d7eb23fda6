//! Entries of the languages whose capital of `i` has a dot, as folding leaves them.

/// Returns an entry as folding leaves it if its first word, each of its words, or all of it was in capitals.
pub(super) fn folded_dots(entry: &str) -> impl Iterator<Item = String> + use<> {
    let mut at_start = true;
    let titled: String = entry
        .chars()
        .map(|char| {
            let is_dotted = char == 'i' && at_start;
            at_start = !char.is_alphanumeric() && char != '\'' && char != '\u{2019}';
            if is_dotted { '\u{131}' } else { char }
        })
        .collect();
    let first = entry.strip_prefix('i').map(|rest| format!("\u{131}{rest}"));
    // Capital `I` is folded as ASCII.
    let capitals = entry.chars().map(|char| match char {
        'i' => '\u{131}',
        '\u{131}' => 'i',
        char => char,
    });
    let capitals: String = capitals.collect();
    let mut forms = vec![titled, capitals];
    forms.extend(first);
    forms.retain(|form| form != entry && form.contains('\u{131}'));
    forms.sort_unstable();
    forms.dedup();
    forms.into_iter()
}
