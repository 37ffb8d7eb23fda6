//! `style` attributes: rebuilt from allowed properties and values only. These cannot load anything or move an element out of
//! its place.

const PROPERTIES: [&str; 61] = [
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "clear",
    "color",
    "direction",
    "display",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "visibility",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
];
/// No negative lengths, so an element cannot overlay another.
const MARGINS: [&str; 5] = [
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
];
const UNITS: [&str; 10] = ["", "%", "ch", "cm", "em", "ex", "in", "mm", "pt", "px"];
const COLOR_FUNCTIONS: [&str; 4] = ["hsl(", "hsla(", "rgb(", "rgba("];
/// A longer attribute is removed.
const MAX_BYTES: usize = 16 * 1024;

/// Returns the allowed declarations of a `style` attribute in normal form.
pub(super) fn clean(written: &str) -> Option<String> {
    if written.len() > MAX_BYTES {
        return None;
    }
    let kept: Vec<String> = written.split(';').filter_map(declaration).collect();
    (!kept.is_empty()).then(|| kept.join(";"))
}

/// Reads one declaration. A `;` inside a string or a function yields pieces that are not declarations and are removed.
fn declaration(written: &str) -> Option<String> {
    let (property, value) = written.split_once(':')?;
    let property = property.trim_ascii().to_ascii_lowercase();
    let is_margin = MARGINS.contains(&property.as_str());
    if !is_margin && !PROPERTIES.contains(&property.as_str()) {
        return None;
    }
    let mut value = value.trim_ascii().to_ascii_lowercase();
    let mut important = "";
    if let Some(rest) = value.strip_suffix("!important") {
        value.truncate(rest.trim_ascii_end().len());
        important = "!important";
    }
    let words = words(&value)?;
    let is_known = |word: &String| is_word(word) && !(is_margin && word.starts_with('-'));
    if words.is_empty() || !words.iter().all(is_known) {
        return None;
    }
    Some(format!("{property}:{}{important}", words.join(" ")))
}

/// Splits a value at white space, commas and slashes; commas and slashes are words too. Parentheses and quotes group.
fn words(value: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_ascii_start();
        let Some(first) = rest.chars().next() else {
            return Some(words);
        };
        let len = match first {
            ',' | '/' => 1,
            '"' | '\'' => rest[1..].find(first)? + 2,
            _ => {
                let end = rest.find([' ', '\t', '\n', '\r', '\x0c', ',', '/', '(', '"', '\'']);
                match end {
                    Some(at) if rest[at..].starts_with('(') => rest.find(')')? + 1,
                    Some(at) => at,
                    None => rest.len(),
                }
            }
        };
        words.push(rest[..len].to_owned());
        rest = &rest[len..];
    }
}

fn is_word(word: &str) -> bool {
    word == "," || word == "/" || is_name(word) || is_quoted(word) || is_length(word) || is_color(word)
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase() || c == '-')
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// A quoted font name.
fn is_quoted(word: &str) -> bool {
    let inner = word
        .strip_prefix(['"', '\''])
        .and_then(|rest| rest.strip_suffix(['"', '\'']));
    inner.is_some_and(|inner| {
        inner
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" _-".contains(&byte))
    })
}

/// At most five digits before the point and after it.
fn is_length(word: &str) -> bool {
    let number = word.strip_prefix(['-', '+']).unwrap_or(word);
    let unit_at = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    let (number, unit) = number.split_at(unit_at);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let are_digits = |digits: &str| digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    !number.is_empty() && are_digits(whole) && are_digits(part) && (UNITS.contains(&unit) || unit == "rem")
}

fn is_color(word: &str) -> bool {
    if let Some(hex) = word.strip_prefix('#') {
        return matches!(hex.len(), 3 | 4 | 6 | 8) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    COLOR_FUNCTIONS.iter().any(|function| {
        word.strip_prefix(function)
            .and_then(|rest| rest.strip_suffix(')'))
            .is_some_and(|arguments| {
                arguments
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || b" .,%/".contains(&byte))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_common_declarations_are_kept() {
        for (written, kept) in [
            ("color:red", "color:red"),
            (" COLOR : #FFF ; ", "color:#fff"),
            (
                "font: bold 12px/1.5 'Segoe UI', Arial, sans-serif",
                "font:bold 12px / 1.5 'segoe ui' , arial , sans-serif",
            ),
            ("background:rgba(0, 0, 0, .5)", "background:rgba(0, 0, 0, .5)"),
            (
                "width:100%;max-width:600px!important",
                "width:100%;max-width:600px!important",
            ),
            ("margin:0 auto", "margin:0 auto"),
            ("display:none", "display:none"),
            ("text-indent:-10px", "text-indent:-10px"),
        ] {
            assert_eq!(clean(written).as_deref(), Some(kept), "{written}");
            assert_eq!(clean(kept).as_deref(), Some(kept), "again");
        }
    }

    #[test]
    fn style_loading_or_moving_declarations_are_removed() {
        for written in [
            "",
            "color",
            "position:fixed",
            "position:absolute;top:0",
            "margin:-100px",
            "margin-left:calc(0px - 100px)",
            "background:url(http://t.test)",
            "background:url('//t.test')",
            "background:u\\72l(http://t.test)",
            "background:url/**/(http://t.test)",
            "background:red/*;*/url(//t.test)",
            "background-image:red",
            "background:image-set('http://t.test' 1x)",
            "background:-webkit-image-set(url(x) 1x)",
            "background:cross-fade(url(x),url(y))",
            "background:element(#x)",
            "background:src('http://t.test')",
            "background:image('http://t.test')",
            "background:var(--x)",
            "background:attr(x)",
            "--x:url(http://t.test)",
            "cursor:url(http://t.test),auto",
            "content:'x'",
            "list-style:url(http://t.test)",
            "filter:url(http://t.test#f)",
            "behavior:url(x.htc)",
            "-moz-binding:url(x)",
            "width:expression(alert(1))",
            "width:999999px",
            "width:1e9px",
            "color:red}body{color:blue",
            "@import 'http://t.test'",
            "font-family:\"a;b\"",
            "font-family:'</style>'",
            "color:rgb(url(x))",
            "color:\u{ff55}rl(x)",
            "all:unset",
            "transform:scale(9)",
            "z-index:9",
            "animation:x 1s",
        ] {
            assert_eq!(clean(written), None, "{written}");
        }
        assert_eq!(
            clean("color:red;background:url(x);width:1px").as_deref(),
            Some("color:red;width:1px")
        );
        assert_eq!(clean(&"color:red;".repeat(2000)), None);
    }
}
