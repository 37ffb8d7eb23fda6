mod complexity;

use mayfly_complexity::cpu_time;
use proptest::prelude::*;

use super::*;

/// Returns the whole sanitised document.
fn cleaned(html: &str, images: RemoteImages) -> Option<String> {
    let budget = Budget::new(html.len(), &|| false);
    clean::clean(html, InlineImages::new(), images, &budget).map(|cleaned| cleaned.to_string())
}

/// Returns the document that shows HTML without loading remote images.
fn shown(html: &str) -> String {
    document(
        Some(html),
        None,
        InlineImages::new(),
        RemoteImages::Blocked,
        &|| false,
    )
}

/// One a line: payloads that have bypassed sanitisers.
const PAYLOADS: &str = include_str!("tests/hostile/payloads.txt");
/// One a line: ways to make a browser load a remote resource.
const LOADS: &str = include_str!("tests/hostile/loads.txt");

/// Asserts that a document has no forbidden elements, attributes, rules or values.
fn assert_clean(document: &str) {
    let lower = document.to_ascii_lowercase();
    let (head, html) = lower.split_once("</head>").unwrap();
    let css = head.split_once("<style>").map_or("", |(_, css)| css);
    assert_clean_css(css.strip_suffix("</style>").unwrap_or(css));
    for element in [
        "script",
        "style",
        "svg",
        "math",
        "meta",
        "link",
        "base",
        "form",
        "input",
        "button",
        "iframe",
        "object",
        "embed",
        "noscript",
        "template",
        "video",
        "audio",
        "title",
        "textarea",
        "xmp",
        "plaintext",
    ] {
        assert!(!html.contains(&format!("<{element}")), "{element} in {html}");
    }
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at..];
        let end = tag.find('>').unwrap_or(tag.len());
        let mut words = tag[..end].split('"');
        while let Some(name) = words.next() {
            let name = name.rsplit(' ').next().unwrap_or_default().trim_end_matches('=');
            let value = words.next().unwrap_or_default();
            assert!(
                !name.starts_with("on") && !["id", "name", "srcset", "background"].contains(&name),
                "{name} in {html}"
            );
            if name == "href" {
                assert!(
                    ["http://", "https://", "mailto:"]
                        .iter()
                        .any(|scheme| value.starts_with(scheme)),
                    "{value}"
                );
            }
            if name == "style" {
                assert_clean_css(value);
            }
        }
        rest = &tag[end..];
    }
}

fn assert_clean_css(css: &str) {
    for forbidden in [
        "<",
        "var(",
        "@import",
        "@font-face",
        "image-set",
        "attr(",
        "fixed",
        "sticky",
        "absolute",
        "expression",
    ] {
        assert!(!css.contains(forbidden), "{forbidden} in {css}");
    }
    for (at, _) in css.match_indices("url(") {
        let url = &css[at + 4..];
        let is_local = ["'cid:", "'data:image/"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        assert!(is_local, "{css}");
    }
    assert_eq!(css.matches('{').count(), css.matches('}').count(), "{css}");
}

/// Asserts that another pass changes nothing.
fn assert_idempotent(html: &str, images: RemoteImages) {
    assert_eq!(cleaned(html, images).as_deref(), Some(html));
}

#[test]
fn clean_payloads_is_safe_and_idempotent() {
    let payloads: Vec<&str> = PAYLOADS.lines().chain(LOADS.lines()).collect();
    assert!(payloads.len() >= 190, "{}", payloads.len());
    for payload in payloads {
        for images in [RemoteImages::Blocked, RemoteImages::Allowed] {
            let Some(html) = cleaned(payload, images) else {
                assert!(payload.starts_with("<frameset>"), "{payload}");
                continue;
            };
            assert_clean(&html);
            assert_idempotent(&html, images);
            if images == RemoteImages::Blocked {
                assert!(!html.contains("src=\"http"), "{html}");
            }
        }
    }
}

#[test]
fn clean_mutation_xss_is_idempotent_or_rejected() {
    for html in [
        "<pre>\n\n\nx</pre>",
        "<a><table><td><a href='https://a.test'>x",
        "<table><a href='https://a.test'><tr><td><a>",
        "<b><p></b><i></p>",
        "<a href='x' style='color:red' title=t dir=ltr>x</a>",
        "<form><div></form><form>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
        "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    ] {
        if let Some(cleaned) = cleaned(html, RemoteImages::Blocked) {
            assert_idempotent(&cleaned, RemoteImages::Blocked);
        }
    }
}

#[test]
fn clean_ordinary_mail_is_unchanged() {
    let html = "<table width=\"100%\" cellpadding=\"0\" bgcolor=\"#eeeeee\"><tbody><tr><td align=\"center\" \
                style=\"padding:10px;font-family:arial, sans-serif\"><b>Hi</b><br></td></tr></tbody></table>";
    let whole = cleaned(&format!("<!DOCTYPE html><body>{html}"), RemoteImages::Blocked).unwrap();
    let expected = format!("<!DOCTYPE html>\n<html><head></head><body>{html}</body></html>");
    assert_eq!(whole, expected);
}

/// A background of the root element would keep that of the body from the rest of the page.
#[test]
fn document_has_no_background_of_its_own() {
    for html in ["<body style='background:#eef2f7'>Hello</body>", "Hello"] {
        let document = shown(html);
        let (head, _) = document.split_once("</head>").unwrap();
        assert!(!head.contains("background"), "{head}");
    }
}

#[test]
fn document_cancelled_stops_early() {
    let html = "<p>one <b>two</b></p>".repeat(10_000);
    let checks = std::cell::Cell::new(0);
    let is_cancelled = || checks.replace(checks.get() + 1) > 0;
    let shown = document(
        Some(&html),
        None,
        InlineImages::new(),
        RemoteImages::Blocked,
        &is_cancelled,
    );
    assert_eq!((shown.as_str(), checks.get()), ("", 3));
}

#[test]
fn document_html_over_limits_is_shown_as_text() {
    for unit in ["<div>", "<ul><li>", "<b>", "<a><b>"] {
        for kib in [64, 128, 256, 488, 1024] {
            let html = format!("{}hello", unit.repeat(kib * 1024 / unit.len()));
            let started = cpu_time();
            let shown = shown(&html);
            let took = cpu_time() - started;
            assert!(shown.contains("<pre>") && shown.contains("hello"), "{unit} {kib}");
            assert!(took.as_millis() < 250, "{unit} {kib}: {took:?}");
        }
    }
    let text = document(
        Some(&"x".repeat((1 << 20) + 1)),
        Some("the text"),
        InlineImages::new(),
        RemoteImages::Blocked,
        &|| false,
    );
    assert!(text.contains("<pre>\nthe text</pre>"));
}

/// Half of the largest document: how much fits into the budget depends on the machine.
#[test]
fn document_ordinary_html_of_512_kib_is_shown_as_html() {
    let unit = "<p style='color:red'>one <b>two</b> <a href='https://a.test/'>three</a></p>\n";
    let html = unit.repeat((512 << 10) / unit.len());
    let started = cpu_time();
    let shown = shown(&html);
    println!("512 KiB of ordinary HTML: {:?}", cpu_time() - started);
    assert!(shown.contains("<b>two</b>"));
}

proptest! {
    #[test]
    fn clean_arbitrary_html_is_safe_and_idempotent(pieces in proptest::collection::vec(0usize..70, 0..40), text in ".{0,20}") {
        let payloads: Vec<&str> = PAYLOADS.lines().collect();
        let tags = ["<style>p{color:red;background:url('</style>')}</style>", "<style>/*</style>*/a{color:red}</style>",
            "<body class=x style='color:red'>", "<style>p::before{content:'</style><img src=x onerror=y>'}</style>", "<table>", "<td>", "</table>", "<svg>", "<math>", "</svg>", "<style>", "</style>", "<!--", "-->",
            "<p>", "</p>", "<a href=https://a.test>", "</a>", "<b>", "</b>", "<select>", "<template>", "<![CDATA[",
            "<mtext>", "<form>", "<title>", "<pre>\n", "<img src=x onerror=y>"];
        let mut html = text;
        for piece in pieces {
            html.push_str(if piece % 2 == 0 { tags[piece % tags.len()] } else { payloads[piece % payloads.len()] });
        }
        if let Some(cleaned) = cleaned(&html, RemoteImages::Blocked) {
            assert_clean(&cleaned);
            assert_idempotent(&cleaned, RemoteImages::Blocked);
        }
    }
}
