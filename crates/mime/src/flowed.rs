//! Joins the lines of `format=flowed` text (RFC 3676).

/// Joins lines that end with a space to the next one of the same quote depth. With `delsp` that space is no text.
pub(super) fn unflow(text: &str, deletes_space: bool) -> String {
    let mut joined = String::with_capacity(text.len());
    // The quote depth of a line that the next one continues.
    let mut open: Option<usize> = None;
    let mut end_of_line = "";
    for sent in text.split_inclusive('\n') {
        let line = sent.strip_suffix('\n').unwrap_or(sent);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        // The separator of a signature ends with a space and is a line of its own.
        let is_separator = content == "-- ";
        if open != Some(depth) || is_separator {
            if open.is_some() {
                joined.push_str(end_of_line);
            }
            joined.push_str(&line[..depth]);
            if depth > 0 && !content.is_empty() {
                joined.push(' ');
            }
        }
        end_of_line = &sent[line.len()..];
        let is_flowed = content.ends_with(' ') && !is_separator;
        open = is_flowed.then_some(depth);
        if is_flowed && deletes_space {
            joined.push_str(&content[..content.len() - 1]);
        } else {
            joined.push_str(content);
        }
        if !is_flowed {
            joined.push_str(end_of_line);
        }
    }
    if open.is_some() {
        joined.push_str(end_of_line);
    }
    joined
}
