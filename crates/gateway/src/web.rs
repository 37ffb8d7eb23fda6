//! The web page: the files of `web/`, embedded in the binary, with a strict content security policy.

use std::{io::Write, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Each path with its file.
const FILES: &[(&str, &str, &[u8])] = &[
    ("/", HTML, include_bytes!("../web/index.html")),
    ("/pro", HTML, include_bytes!("../web/pro.html")),
    (
        "/web/style.css",
        "text/css; charset=utf-8",
        include_bytes!("../web/style.css"),
    ),
    (
        "/web/icon.svg",
        "image/svg+xml",
        include_bytes!("../web/icon.svg"),
    ),
    ("/web/api.js", SCRIPT, include_bytes!("../web/api.js")),
    ("/web/dom.js", SCRIPT, include_bytes!("../web/dom.js")),
    ("/web/feed.js", SCRIPT, include_bytes!("../web/feed.js")),
    ("/web/inbox.js", SCRIPT, include_bytes!("../web/inbox.js")),
    ("/web/sidebar.js", SCRIPT, include_bytes!("../web/sidebar.js")),
    (
        "/web/message-list.js",
        SCRIPT,
        include_bytes!("../web/message-list.js"),
    ),
    (
        "/web/message-view.js",
        SCRIPT,
        include_bytes!("../web/message-view.js"),
    ),
    ("/web/names.js", SCRIPT, include_bytes!("../web/names.js")),
    ("/web/pro.js", SCRIPT, include_bytes!("../web/pro.js")),
    (
        "/web/pro-account.js",
        SCRIPT,
        include_bytes!("../web/pro-account.js"),
    ),
    (
        "/web/pro-domains.js",
        SCRIPT,
        include_bytes!("../web/pro-domains.js"),
    ),
    (
        "/web/pro-mailboxes.js",
        SCRIPT,
        include_bytes!("../web/pro-mailboxes.js"),
    ),
    (
        "/web/pro-tokens.js",
        SCRIPT,
        include_bytes!("../web/pro-tokens.js"),
    ),
    (
        "/web/pro-sandboxes.js",
        SCRIPT,
        include_bytes!("../web/pro-sandboxes.js"),
    ),
    ("/web/stacks.js", SCRIPT, include_bytes!("../web/stacks.js")),
    ("/web/pro-usage.js", SCRIPT, include_bytes!("../web/pro-usage.js")),
    (
        "/web/usage-chart.js",
        SCRIPT,
        include_bytes!("../web/usage-chart.js"),
    ),
    (
        "/web/pro-webhooks.js",
        SCRIPT,
        include_bytes!("../web/pro-webhooks.js"),
    ),
    (
        "/web/proof-of-work.js",
        SCRIPT,
        include_bytes!("../web/proof-of-work.js"),
    ),
    ("/web/session.js", SCRIPT, include_bytes!("../web/session.js")),
    ("/web/start.js", SCRIPT, include_bytes!("../web/start.js")),
    ("/web/texts.js", SCRIPT, include_bytes!("../web/texts.js")),
];

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

/// Marks the pages of an open server, which sign its built-in user in (`session.js`).
fn marked(is_local_user: bool, content_type: &str, bytes: Bytes) -> Bytes {
    match str::from_utf8(&bytes) {
        Ok(page) if is_local_user && content_type == HTML => {
            let mark = "<head>\n<meta name=\"mayfly-local-user\">";
            page.replacen("<head>", mark, 1).into()
        }
        _ => bytes,
    }
}

/// Serves the files, each at its path and nowhere else.
pub(crate) fn routes(base_path: &str, is_local_user: bool) -> Router {
    FILES
        .iter()
        .fold(Router::new(), |router, (path, content_type, bytes)| {
            let page = under(base_path, content_type, bytes);
            let file = Arc::new(File::new(content_type, marked(is_local_user, content_type, page)));
            router.route(
                path,
                get(move |headers: HeaderMap| async move { file.answer(&headers) }),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
        let names = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        for name in names.filter(|name| !name.to_string_lossy().ends_with(".d.ts")) {
            let path = match name.to_str().unwrap() {
                "index.html" => "/".to_owned(),
                "pro.html" => "/pro".to_owned(),
                name => format!("/web/{name}"),
            };
            assert!(FILES.iter().any(|(known, ..)| *known == path), "{path}");
        }
    }

    #[test]
    fn under_prefix_changes_every_link_of_a_page() {
        for (path, content_type, bytes) in FILES {
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

    #[test]
    fn marked_pages_are_those_of_an_open_server() {
        for (path, content_type, bytes) in FILES {
            let plain = Bytes::from_static(bytes);
            assert_eq!(marked(false, content_type, plain.clone()), plain, "{path}");
            let is_marked = marked(true, content_type, plain.clone()) != plain;
            assert_eq!(is_marked, *content_type == HTML, "{path}");
        }
    }

    /// What a first visit loads stays under 100 kB.
    #[test]
    fn files_compressed_stay_under_100_kb() {
        let total: usize = FILES
            .iter()
            .map(|(_, kind, bytes)| File::new(kind, Bytes::from_static(bytes)).gzip.bytes.len())
            .sum();
        assert!(total < 100_000, "{total}");
    }
}
