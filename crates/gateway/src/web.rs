//! The web page: the files of `web/`, embedded in the binary, with a strict content security policy.

pub(crate) mod captcha;
pub(crate) mod server;

use std::{io::Write, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use mayfly_rpc::Failure;
use sha2::{Digest, Sha256};

use crate::{dialects::Dialects, edge::failure::FailureResponse, submission::Submission};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// Declares the files of a directory that are served under their names.
macro_rules! web_files {
    ($($kind:ident: $($name:literal)*;)*) => {
        &[$($((
            concat!("/web/", $name),
            $kind,
            include_bytes!(concat!("../web/", $name)),
        ),)*)*]
    };
}

/// Each path with its file.
const PAGES: &[(&str, &str, &[u8])] = &[
    ("/", HTML, include_bytes!("../web/index.html")),
    ("/pro", HTML, include_bytes!("../web/pro.html")),
    ("/api/docs", HTML, include_bytes!("../web/docs.html")),
    ("/api/docs/", HTML, include_bytes!("../web/docs.html")),
    ("/robots.txt", TEXT, include_bytes!("../web/robots.txt")),
];

/// What the pages load.
const FILES: &[(&str, &str, &[u8])] = web_files! {
    CSS: "docs.css" "style.css";
    SVG: "icon.svg";
    SCRIPT:
        "admin-actions.js" "admin-blocks.js" "admin-domains.js" "admin-mailboxes.js" "admin-reports.js" "admin-texts.js"
        "admin-users.js" "admin-webhooks.js" "admin.js" "api.js" "attachments.js" "captcha.js" "channel.js" "codes.js"
        "deletions.js" "docs-examples.js" "docs-operation.js" "docs-run.js" "docs-schema.js" "docs-texts.js" "docs.js" "dom.js"
        "feed.js" "inbox.js" "language.js" "mail-reader.js" "markup.js" "message-header.js" "message-list.js" "message-view.js"
        "names.js" "not-found.js" "notifications.js" "openapi.js" "pro-account.js" "pro-domains.js" "pro-mail.js"
        "pro-mailboxes.js" "pro-sandboxes.js" "pro-token-form.js" "pro-tokens.js" "pro-usage.js" "pro-webhooks.js" "pro.js" "proof-of-work.js"
        "reader-place.js" "route.js" "search-box.js" "search.js" "selection-bar.js" "server-facts.js" "session.js" "sha256.js"
        "shortcuts.js" "sidebar.js" "source.js" "stacks.js" "start.js" "teach.js" "texts.js" "texts/admin-ar.js"
        "texts/admin-de.js" "texts/admin-en.js" "texts/ar.js" "texts/de.js" "texts/docs-ar.js" "texts/docs-de.js"
        "texts/docs-en.js" "texts/en.js" "theme.js" "unread-badge.js" "usage-chart.js";
};

/// The answer to a browser that asks for a path that does not exist.
const NOT_FOUND: &[u8] = include_bytes!("../web/not-found.html");

/// The headers of every response.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
         frame-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    // Browsers revalidate on every load, so that a new version is visible at once.
    (header::CACHE_CONTROL, "no-cache"),
];

/// A file as it is sent: plain, and compressed once at start.
#[derive(Debug)]
struct File {
    content_type: &'static str,
    plain: Representation,
    gzip: Representation,
}

#[derive(Debug)]
struct Representation {
    /// A strong validator.
    etag: HeaderValue,
    bytes: Bytes,
}

impl Representation {
    fn new(bytes: Bytes) -> Self {
        let digest = Sha256::digest(&bytes);
        let hex = hex::encode(&digest[..16]);
        let etag = HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { etag, bytes }
    }
}

impl File {
    fn new(content_type: &'static str, bytes: Bytes) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail; an empty answer would show if it did.
        let _ = encoder.write_all(&bytes);
        Self {
            content_type,
            plain: Representation::new(bytes),
            gzip: Representation::new(encoder.finish().unwrap_or_default().into()),
        }
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let is_gzip = accepts_gzip(request);
        let representation = if is_gzip { &self.gzip } else { &self.plain };
        let is_known = request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|tag| tag.trim().trim_start_matches("W/").as_bytes() == representation.etag.as_bytes());
        let mut response = Response::new(if is_known {
            Body::empty()
        } else {
            Body::from(representation.bytes.clone())
        });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::ETAG, representation.etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if is_gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(|coding| {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case("gzip").then_some(parameters)
        })
        .any(|parameters| {
            !matches!(
                parameters.replace(' ', "").as_str(),
                "q=0" | "q=0.0" | "q=0.00" | "q=0.000"
            )
        })
}

/// Puts the path that the server is under before the links of a page. Scripts find it by themselves.
fn under(base_path: &str, content_type: &str, bytes: &'static [u8]) -> Bytes {
    match (content_type, str::from_utf8(bytes)) {
        (HTML, Ok(page)) if !base_path.is_empty() => page
            .replace("href=\"/", &format!("href=\"{base_path}/"))
            .replace("src=\"/", &format!("src=\"{base_path}/"))
            .into(),
        _ => Bytes::from_static(bytes),
    }
}

/// Writes into a page what it needs to know about the server (`session.js`): where clients send mail to, which dialects it
/// serves, and whether it signs its built-in user in.
fn marked(submission: &Submission, dialects: &Dialects, content_type: &str, bytes: Bytes) -> Bytes {
    match str::from_utf8(&bytes) {
        Ok(page) if content_type == HTML => {
            let local_user = if submission.is_local_user {
                "<meta name=\"mayfly-local-user\">\n"
            } else {
                ""
            };
            let smtp = format!("{}:{}", submission.host, submission.smtp_port);
            let marks = format!(
                "<head>\n{local_user}<meta name=\"mayfly-smtp\" content=\"{smtp}\">\n\
                 <meta name=\"mayfly-dialects\" content=\"{dialects}\">"
            );
            page.replacen("<head>", &marks, 1).into()
        }
        _ => bytes,
    }
}

/// Serves the files, each at its path and nowhere else.
pub(crate) fn routes(base_path: &str, submission: &Submission, dialects: &Dialects) -> Router {
    PAGES
        .iter()
        .chain(FILES)
        .fold(Router::new(), |router, (path, content_type, bytes)| {
            let page = under(base_path, content_type, bytes);
            let file = Arc::new(File::new(
                content_type,
                marked(submission, dialects, content_type, page),
            ));
            router.route(
                path,
                get(move |headers: HeaderMap| async move { file.answer(&headers) }),
            )
        })
}

/// Answers for a path that does not exist: with a page where a browser shows it, else with the failure of the API.
pub(crate) fn not_found(base_path: &str) -> impl Fn(&Request) -> Response + Clone + Send + Sync + 'static {
    let file = Arc::new(File::new(HTML, under(base_path, HTML, NOT_FOUND)));
    move |request| {
        if !is_browser_navigation(request) {
            return FailureResponse(Failure::not_found()).into_response();
        }
        let mut response = file.answer(request.headers());
        *response.status_mut() = StatusCode::NOT_FOUND;
        response.headers_mut().remove(header::ETAG);
        response
    }
}

/// Reports whether a browser navigates to a path that is not of an API.
fn is_browser_navigation(request: &Request) -> bool {
    let path = request.uri().path();
    let is_api = ["/api", "/pro/api", "/v1"].iter().any(|prefix| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let accepts = request.headers().get_all(header::ACCEPT).iter();
    let accepts_html = accepts
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("text/html"));
    request.method() == Method::GET && !is_api && accepts_html
}

#[cfg(test)]
mod tests {
    use mayfly_runtime::config::List;

    use super::*;
    use crate::dialects::Dialect;

    #[test]
    fn accepts_gzip_with_zero_quality_is_false() {
        for (value, is_accepted) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepts_gzip(&headers), is_accepted, "{value}");
        }
    }

    #[test]
    fn routes_serve_every_file_of_the_directory() {
        let names = |directory: &str| {
            let path = format!("{}/web/{directory}", env!("CARGO_MANIFEST_DIR"));
            let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
            let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
            files
                .map(|entry| format!("{directory}{}", entry.file_name().to_str().unwrap()))
                .collect::<Vec<_>>()
        };
        for name in [names(""), names("texts/")].concat() {
            let path = match name.as_str() {
                "index.html" => "/".to_owned(),
                "pro.html" => "/pro".to_owned(),
                "docs.html" => "/api/docs".to_owned(),
                "robots.txt" => "/robots.txt".to_owned(),
                "not-found.html" => continue,
                name => format!("/web/{name}"),
            };
            let mut all = PAGES.iter().chain(FILES);
            assert!(all.any(|(known, ..)| *known == path), "{path}");
        }
    }

    #[test]
    fn under_prefix_changes_every_link_of_a_page() {
        for (path, content_type, bytes) in PAGES.iter().chain(FILES) {
            let served = under("/mail", content_type, bytes);
            if *content_type != HTML {
                assert_eq!(served, bytes[..], "{path}");
                continue;
            }
            let page = std::str::from_utf8(&served).unwrap();
            assert!(page.contains("href=\"/mail/web/style.css\""), "{path}");
            let links = page.matches("=\"/").count();
            assert_eq!(page.matches("=\"/mail/web/").count(), links, "{path}");
            assert_eq!(under("", content_type, bytes), bytes[..], "{path}");
        }
    }

    fn submission(is_local_user: bool) -> Submission {
        Submission {
            is_on: true,
            host: "mx.mayfly.test".to_owned(),
            port: 587,
            smtp_port: 25,
            submissions_port: None,
            has_tls: true,
            is_local_user,
        }
    }

    #[test]
    fn marked_pages_name_dialects_that_are_on() {
        let dialects = Dialects::new(&List(vec![Dialect::MailTd, Dialect::MailTm]));
        let page = marked(
            &submission(false),
            &dialects,
            HTML,
            Bytes::from_static(PAGES[0].2),
        );
        let page = str::from_utf8(&page).unwrap();
        assert!(
            page.contains("<meta name=\"mayfly-dialects\" content=\"mailtm mailtd\">"),
            "{page}"
        );
    }

    #[test]
    fn marked_pages_name_smtp_server_and_local_user() {
        let none = Dialects::new(&List::default());
        for (path, content_type, bytes) in PAGES.iter().chain(FILES) {
            let plain = Bytes::from_static(bytes);
            let is_page = *content_type == HTML;
            for is_local_user in [false, true] {
                let page = marked(&submission(is_local_user), &none, content_type, plain.clone());
                let page = str::from_utf8(&page).unwrap_or_default();
                let has = |mark: &str| page.contains(mark);
                let smtp = "<meta name=\"mayfly-smtp\" content=\"mx.mayfly.test:25\">";
                assert_eq!(has(smtp), is_page, "{path}");
                assert_eq!(
                    has("<meta name=\"mayfly-local-user\">"),
                    is_page && is_local_user,
                    "{path}"
                );
            }
        }
    }

    /// A browser learns of a module that another one imports only when it has that one, unless the page names it.
    #[test]
    fn pages_preload_every_module_that_they_import() {
        let text = |name: &str| {
            let path = format!("/web/{name}");
            let (.., bytes) = FILES.iter().find(|(known, ..)| *known == path).unwrap();
            str::from_utf8(bytes).unwrap()
        };
        for (page, entry) in [
            (PAGES[0], "inbox.js"),
            (PAGES[1], "pro.js"),
            (PAGES[2], "docs.js"),
        ] {
            let (mut modules, mut left) = (vec![entry], vec![entry]);
            while let Some(module) = left.pop() {
                for import in text(module).lines().filter(|line| line.starts_with("import ")) {
                    let path = import.rsplit('"').nth(1).unwrap();
                    let name = path.trim_start_matches("../").trim_start_matches("./");
                    if !modules.contains(&name) {
                        modules.push(name);
                        left.push(name);
                    }
                }
            }
            let html = str::from_utf8(page.2).unwrap();
            let preloaded: Vec<&str> = html
                .split("<link rel=\"modulepreload\" href=\"/web/")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            modules.sort_unstable();
            assert_eq!(preloaded, modules, "{}", page.0);
        }
    }

    #[test]
    fn not_found_is_a_page_for_browsers_only() {
        for (method, path, accept, is_page) in [
            (
                Method::GET,
                "/inbox",
                "text/html,application/xhtml+xml,*/*;q=0.8",
                true,
            ),
            (Method::GET, "/api/inbox", "text/html", false),
            (Method::GET, "/pro/api/x", "text/html", false),
            (Method::GET, "/inbox", "*/*", false),
            (Method::GET, "/inbox", "application/json", false),
            (Method::POST, "/inbox", "text/html", false),
        ] {
            let request = Request::builder().method(&method).uri(path);
            let request = request.header(header::ACCEPT, accept).body(Body::empty());
            let response = not_found("")(&request.unwrap());
            let content_type = response.headers().get(header::CONTENT_TYPE);
            let is_html = content_type.is_some_and(|value| value == HTML);
            assert_eq!(is_html, is_page, "{method} {path} {accept}");
            assert!(!is_page || response.status() == StatusCode::NOT_FOUND);
        }
    }

    /// A first visit loads a page, what it names, and the texts of one language besides English.
    #[test]
    fn first_load_compressed_stays_under_100_kb() {
        let size = |kind: &'static str, bytes: &'static [u8]| {
            File::new(kind, Bytes::from_static(bytes)).gzip.bytes.len()
        };
        for (page, kind, html) in &PAGES[..2] {
            let text = str::from_utf8(html).unwrap();
            let is_translation = |path: &str| path.starts_with("/web/texts/") && !text.contains(path);
            let named = FILES.iter().filter(|(path, ..)| text.contains(path));
            let translations = FILES.iter().filter(|(path, ..)| is_translation(path));
            let total = size(kind, html)
                + named.map(|(_, kind, bytes)| size(kind, bytes)).sum::<usize>()
                + translations
                    .map(|(_, kind, bytes)| size(kind, bytes))
                    .max()
                    .unwrap();
            assert!(total > 30_000 && total < 100_000, "{page}: {total}");
        }
    }
}
