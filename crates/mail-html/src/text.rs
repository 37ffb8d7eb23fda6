//! Plain text as HTML, and the text of HTML that exceeds the limits. Both are one pass from left to right.

use std::fmt::Write;

use memchr::{memchr, memmem};

/// Rendered length of a text; the source of the message is complete.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// A longer URL is not linked.
const MAX_LINK_BYTES: usize = 2048;

/// Renders text as HTML: everything is escaped, and web URLs become links.
pub(super) fn to_html(text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
    let mut html = String::from("<pre>\n");
    let mut rest = shown;
    while let Some(at) = next_link(rest) {
        let (before, link) = rest.split_at(at);
        let end = link_end(link);
        escape(before, &mut html);
        let (link, after) = link.split_at(end);
        if link.len() <= MAX_LINK_BYTES {
            html.push_str("<a href=\"");
            escape(link, &mut html);
            html.push_str("\" target=\"_blank\" rel=\"noopener noreferrer\">");
            escape(link, &mut html);
            html.push_str("</a>");
        } else {
            escape(link, &mut html);
        }
        rest = after;
    }
    escape(rest, &mut html);
    html.push_str("</pre>");
    if shown.len() < text.len() {
        let _ = write!(html, "<p>The rest is in the source of the message.</p>");
    }
    html
}

fn escape(text: &str, html: &mut String) {
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\0' => html.push('\u{fffd}'),
            char => html.push(char),
        }
    }
}

/// Returns the offset of the next `http` or `https` URL with a host.
fn next_link(text: &str) -> Option<usize> {
    memmem::find_iter(text.as_bytes(), "://").find_map(|colon| {
        let starts_after = text[colon + 3..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        let scheme = ["https", "http"].into_iter().find(|scheme| {
            let from = colon.checked_sub(scheme.len());
            from.and_then(|from| text.get(from..colon))
                .is_some_and(|written| written.eq_ignore_ascii_case(scheme))
        })?;
        let at = colon - scheme.len();
        let is_word = text[..at].ends_with(|c: char| c.is_alphanumeric());
        (starts_after && !is_word).then_some(at)
    })
}

/// Returns the length of a URL: it ends at white space or an illegal character, without trailing punctuation.
fn link_end(link: &str) -> usize {
    let is_end = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`{}|\\^".contains(c);
    let link = &link[..link.find(is_end).unwrap_or(link.len())];
    link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']'])
        .len()
}

/// Returns the text of HTML without tags, styles and scripts. The caller must escape it.
pub(super) fn of_html(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(open) = memchr(b'<', rest.as_bytes()) {
        let (before, markup) = rest.split_at(open);
        text.push_str(before);
        if text.len() > MAX_TEXT_BYTES {
            return text;
        }
        let is = |start: &str| {
            let found = markup.as_bytes().get(..start.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
        };
        let end = if is("<style") {
            "</style>"
        } else if is("<script") {
            "</script>"
        } else if is("<!--") {
            "-->"
        } else {
            ">"
        };
        // There can be a million tags, so the one-byte search does not build a searcher.
        let found = match end.as_bytes() {
            [byte] => memchr(*byte, markup.as_bytes()),
            end => memmem::find(markup.as_bytes(), end),
        };
        rest = found.map_or("", |at| &markup[at + end.len()..]);
        if !text.ends_with(char::is_whitespace) {
            text.push(' ');
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_to_html_links_are_escaped() {
        let link =
            |url: &str| format!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer\">{url}</a>");
        for (text, html) in [
            ("a < b & \"c\"", "a &lt; b &amp; &quot;c&quot;".to_owned()),
            (
                "see https://a.test/?b=1&c=2.",
                format!("see {}.", link("https://a.test/?b=1&amp;c=2")),
            ),
            (
                "<https://a.test/>",
                format!("&lt;{}&gt;", link("https://a.test/")),
            ),
            ("HTTP://A.test", link("HTTP://A.test")),
            (
                "https://a.test/\"onmouseover=\"alert(1)",
                format!("{}&quot;onmouseover=&quot;alert(1)", link("https://a.test/")),
            ),
            (
                "https://a.test/'><script>",
                format!("{}&#39;&gt;&lt;script&gt;", link("https://a.test/")),
            ),
            (
                "javascript://a.test/%0aalert(1)",
                "javascript://a.test/%0aalert(1)".to_owned(),
            ),
            ("xhttp://a.test", "xhttp://a.test".to_owned()),
            ("http://", "http://".to_owned()),
            ("ftp://a.test", "ftp://a.test".to_owned()),
            ("&lt;script&gt;", "&amp;lt;script&amp;gt;".to_owned()),
        ] {
            assert_eq!(to_html(text), format!("<pre>\n{html}</pre>"), "{text}");
        }
        let long = format!("https://a.test/{}", "x".repeat(3000));
        assert!(!to_html(&long).contains("<a "));
    }

    #[test]
    fn text_to_html_long_text_is_cut_with_a_notice() {
        let html = to_html(&"é".repeat(MAX_TEXT_BYTES));
        assert!(html.len() < MAX_TEXT_BYTES + 200 && html.contains("the source"));
    }

    #[test]
    fn text_of_html_skips_tags_styles_and_scripts() {
        let html = "<style>p{}</style><p>one</p><!-- no > --><b>two</b> & <script>x</script>three<";
        assert_eq!(
            of_html(html).split_whitespace().collect::<Vec<_>>(),
            ["one", "two", "&", "three"]
        );
        of_html(&"<".repeat(1 << 20));
        of_html(&"<style".repeat(1 << 17));
        of_html(&"<!--".repeat(1 << 18));
    }
}
