//! The endpoints of a service: URLs, and the look-up of their addresses.

use std::{fmt, io, net::SocketAddr, str::FromStr, sync::Arc};

use futures_util::future::BoxFuture;
use http::Uri;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use mayfly_runtime::config::{ConfigValue, Schema, Syntax};

/// The URLs of a service, separated by commas. A name may resolve to several processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<Uri>);

impl Endpoints {
    /// Returns whether connections use TLS. All URLs have the same scheme.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.iter().all(|url| url.scheme_str() == Some("https"))
    }

    /// The URLs.
    pub(super) fn urls(&self) -> &[Uri] {
        &self.0
    }
}

impl ConfigValue for Endpoints {
    const SCHEMA: Schema = Schema::Value(
        Syntax::Text,
        "URL such as `http://auth:50051`, or several with commas",
    );
}

impl FromStr for Endpoints {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |text: &str| {
            let url = text.parse::<Uri>().ok()?;
            let is_bare = url.path() == "/" && url.query().is_none();
            let is_known = matches!(url.scheme_str(), Some("http" | "https"));
            (is_bare && is_known && !host(&url).is_empty()).then_some(url)
        };
        let urls = text
            .split(',')
            .map(str::trim)
            .map(|text| {
                read(text).ok_or_else(|| format!("`{text}` is not a URL such as http://127.0.0.1:50051"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if urls.iter().any(|url| url.scheme() != urls[0].scheme()) {
            return Err(format!("`{text}` mixes http and https"));
        }
        Ok(Self(urls))
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, url) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (scheme, authority) = (url.scheme_str(), url.authority());
            let authority = authority.map_or("", |authority| authority.as_str());
            write!(f, "{comma}{}://{authority}", scheme.unwrap_or_default())?;
        }
        Ok(())
    }
}

impl Serialize for Endpoints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The host of a URL, without the brackets of an IPv6 address.
pub(super) fn host(url: &Uri) -> &str {
    let host = url.host().unwrap_or_default();
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// The port of a URL, or the default of its scheme.
pub(super) fn port(url: &Uri) -> u16 {
    let of_scheme = if url.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    url.port_u16().unwrap_or(of_scheme)
}

/// Resolves a host and port.
pub(super) type Lookup =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The resolver of the operating system.
pub(super) fn system() -> Lookup {
    Arc::new(|host, port| Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_and_display_round_trip() {
        for text in [
            "http://127.0.0.1:50051",
            "https://mayfly-auth:50051",
            "http://[::1]:50051,http://b:1",
        ] {
            assert_eq!(text.parse::<Endpoints>().unwrap().to_string(), text);
        }
        let endpoints: Endpoints = "http://a:1 , http://[::1]".parse().unwrap();
        let read: Vec<_> = endpoints
            .urls()
            .iter()
            .map(|url| (host(url), port(url)))
            .collect();
        assert_eq!(read, [("a", 1), ("::1", 80)]);
        assert!(!endpoints.is_https() && "https://a".parse::<Endpoints>().unwrap().is_https());
    }

    #[test]
    fn parse_invalid_endpoint_names_it() {
        for text in [
            "",
            "localhost",
            "localhost:50051",
            "ftp://a",
            "http://",
            "http://a/path",
            "http://a?q",
            "http://a,,http://b",
            "http://a,https://b",
        ] {
            let error = text.parse::<Endpoints>().unwrap_err();
            assert!(error.starts_with('`'), "{text}: {error}");
        }
    }
}
