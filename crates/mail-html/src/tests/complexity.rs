//! The cost of every construct is linear, or ends in the text view.

use std::time::Duration;

use mayfly_complexity::{Construct, superlinear};

use super::shown;

/// The budget of a document with its text view. Checks between pieces of work overshoot it by a little.
const MAX_CPU: Duration = Duration::from_millis(270);

macro_rules! repeat {
    ($($name:literal: $unit:expr,)*) => {
        [$(Construct { name: $name, make: |size| around("", $unit, "", size) }),*]
    };
}

macro_rules! inside {
    ($($name:literal: $before:expr, $unit:expr, $after:expr;)*) => {
        [$(Construct { name: $name, make: |size| around($before, $unit, $after, size) }),*]
    };
}

fn around(before: &str, unit: &str, after: &str, size: usize) -> String {
    let size = size - before.len() - after.len();
    format!("{before}{}{after}", unit.repeat(size / unit.len()))
}

/// Makes units that differ by a number.
fn numbered(unit: impl Fn(usize) -> String, size: usize) -> String {
    let mut html = String::with_capacity(size + 64);
    for number in 0.. {
        if html.len() >= size {
            break;
        }
        html.push_str(&unit(number));
    }
    html
}

const TEXT: [Construct; 22] = repeat! {
    "text": "x",
    "words": "word ",
    "ampersands": "&",
    "ampersand and letter": "&n",
    "long entity name": "&abcdefghij",
    "entities": "&amp;",
    "entities without semicolon": "&amp",
    "less than": "&lt;",
    "quotes": "\"",
    "numeric references": "&#65;",
    "hexadecimal references": "&#x1F600;",
    "bare references": "&#",
    "huge references": "&#99999999999",
    "two-character entities": "&NotEqualTilde;",
    "no-break spaces": "\u{a0}",
    "no-break space entities": "&nbsp;",
    "latin letters": "\u{e9}",
    "section signs": "\u{a7}",
    "emoji": "\u{1f600}",
    "nul bytes": "\0",
    "carriage returns": "\r",
    "lines": "\r\n",
};
const MARKUP: [Construct; 42] = repeat! {
    "angle brackets": "<",
    "empty tags": "<>",
    "end of nothing": "</",
    "end tags": "</p>",
    "unknown tags": "<x>",
    "comments": "<!---->",
    "open comments": "<!--",
    "bogus comments": "<!x>",
    "dashes": "<!-- -",
    "processing instructions": "<?x?>",
    "cdata": "<![CDATA[x]]>",
    "doctypes": "<!DOCTYPE html>",
    "paragraphs": "<p>x",
    "bold": "<b>x</b>",
    "unclosed bold": "<b>",
    "crossed": "<b><i></b></i>",
    "crossed blocks": "<b><p></b></p>",
    "links": "<a href='https://a.test'>x</a>",
    "nested links": "<a href='https://a.test'>",
    "images": "<img src='cid:a'>",
    "tables and text": "<table>x",
    "table rows and text": "<table><tr>x<td>y",
    "foster parented": "<table><b>x</b>",
    "tables": "<table><tr><td>x</td></tr></table>",
    "cells": "<td>x",
    "lists": "<ul><li>x</ul>",
    "items": "<li>x",
    "selects": "<select><option>x",
    "svg": "<svg><g/></svg>",
    "svg and html": "<svg><p>",
    "math": "<math><mi>x</mi></math>",
    "integration points": "<math><mtext><p>x</math>",
    "templates": "<template>x</template>",
    "plaintext": "<plaintext>",
    "textarea": "<textarea>&x</textarea>",
    "title": "<title>x</title>",
    "noscript": "<noscript><p></noscript>",
    "scripts": "<script>x</script>",
    "script escapes": "<script><!--<script>",
    "pre": "<pre>\n\n</pre>",
    "bodies": "<body class=x>",
    "forms": "<form><p></form>",
};
const INSIDE: [Construct; 26] = inside! {
    "title of ampersands": "<p title=\"", "&", "\">";
    "title of entities": "<p title=\"", "&amp;", "\">";
    "title of no-break spaces": "<p title='", "\u{a0}", "'>";
    "title of quotes": "<p title='", "\"", "'>";
    "unclosed attribute": "<p title=\"", "x ", "";
    "unclosed ampersands": "<p title=\"", "&", "";
    "unquoted attribute": "<p title=", "x&", ">";
    "long tag name": "<", "x", ">";
    "long attribute name": "<p ", "x", ">";
    "attributes": "<p ", "a ", ">";
    "attributes of an end tag": "</p ", "a ", ">";
    "long link": "<a href='https://a.test/", "x&y", "'>x</a>";
    "long data image": "<img src='data:image/png;base64,", "AAAA", "'>";
    "long comment": "<!--", "x-", "-->";
    "dashes in a comment": "<!--", "-", "";
    "long cdata": "<svg><![CDATA[", "]]", "";
    "text in plaintext": "<plaintext>", "&<", "";
    "text in textarea": "<textarea>", "&<", "";
    "text in a script": "<script>", "</scrip", "";
    "text in a table": "<table>", "x&", "";
    "blanks in a table": "<table>", " ", "";
    "text in pre": "<pre>", "\n&", "";
    "foster parents in bold": "<table><b>", "<i>x</i>", "";
    "style attribute": "<p style='", "color:red;", "'>";
    "style of parentheses": "<p style='width:", "(", "'>";
    "style of quotes": "<p style=\"font-family:", "' ", "\">";
};
const STYLES: [Construct; 22] = inside! {
    "rules": "<style>", "p{color:red}", "</style>";
    "rules of classes": "<style>", ".a .b>.c:hover{margin:0 auto!important}", "</style>";
    "declarations": "<style>p{", "color:red;", "}</style>";
    "open blocks": "<style>", "a{", "</style>";
    "closed blocks": "<style>", "}", "</style>";
    "open parentheses": "<style>p{width:", "(", "}</style>";
    "open functions": "<style>p{width:", "calc(", "}</style>";
    "open brackets": "<style>", "[", "{}</style>";
    "open strings": "<style>", "'", "</style>";
    "open comments of css": "<style>", "/*", "</style>";
    "comments of css": "<style>", "/**/", "</style>";
    "comment starts": "<style>", "/* *", "</style>";
    "escapes": "<style>", "\\61", "{}</style>";
    "backslashes": "<style>", "\\", "</style>";
    "selectors": "<style>", "p,", "p{color:red}</style>";
    "compound selectors": "<style>", "p ", "p{color:red}</style>";
    "pseudo-elements": "<style>", "::before", "{color:red}</style>";
    "media": "<style>", "@media screen{p{color:red}}", "</style>";
    "nested media": "<style>", "@media screen{", "</style>";
    "at signs": "<style>", "@", "</style>";
    "words": "<style>p{font-family:", "a ", "}</style>";
    "semicolons": "<style>p{", ";", "}</style>";
};
const NUMBERED: [Construct; 8] = [
    Construct {
        name: "style elements",
        make: |size| numbered(|n| format!("<style>.a{n}{{color:red}}</style>"), size),
    },
    Construct {
        name: "distinct attributes",
        make: |size| format!("<p {}>", numbered(|n| format!("a{n} "), size)),
    },
    Construct {
        name: "tags of attributes",
        make: |size| {
            numbered(
                |n| {
                    if n % 800 == 0 {
                        "><p ".to_owned()
                    } else {
                        format!("a{n} ")
                    }
                },
                size,
            )
        },
    },
    Construct {
        name: "end tags of attributes",
        make: |size| {
            numbered(
                |n| {
                    if n % 800 == 0 {
                        "></p ".to_owned()
                    } else {
                        format!("a{n} ")
                    }
                },
                size,
            )
        },
    },
    Construct {
        name: "bodies of attributes",
        make: |size| numbered(|n| format!("<body a{n}>"), size),
    },
    Construct {
        name: "distinct bold",
        make: |size| numbered(|n| format!("<b a{n}>x</b>"), size),
    },
    Construct {
        name: "distinct open bold",
        make: |size| numbered(|n| format!("<p><b a{n}></p>"), size),
    },
    Construct {
        name: "bold in cells",
        make: |size| numbered(|n| format!("<table><tr><td><b a{n}>x</table>"), size),
    },
];

#[test]
fn document_cost_is_linear_in_every_construct() {
    let tables: [&[Construct]; 5] = [&TEXT, &MARKUP, &INSIDE, &STYLES, &NUMBERED];
    let failed: Vec<_> = tables
        .iter()
        .flat_map(|table| {
            superlinear(table, MAX_CPU, |html| {
                std::hint::black_box(shown(html));
            })
        })
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Links and punctuation make the text view look for the ends of URLs.
#[test]
fn text_cost_is_linear_in_every_construct() {
    let table = repeat! {
        "link starts": "http://",
        "links": "http://a.test ",
        "joined links": "http://a",
        "colons": "://",
        "closing parentheses": "http://a)))) ",
        "parentheses": ")",
        "quotes": "'http://a",
        "styles": "<style",
        "comments": "<!--",
    };
    let failed = superlinear(&table, MAX_CPU, |text| {
        std::hint::black_box(crate::text::to_html(&crate::text::of_html(text)));
    });
    assert!(failed.is_empty(), "{failed:?}");
}
