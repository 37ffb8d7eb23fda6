//! The `[telemetry]` section.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::config::ConfigError;

/// The `[telemetry]` section: exports besides standard error and `/metrics`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// A collector that speaks OTLP over gRPC, such as `http://localhost:4317`. Without it nothing is exported.
    pub otlp_endpoint: Option<String>,
    /// The share of traces that is sampled, from 0 to 1. A called service follows the decision of its caller.
    #[serde(deserialize_with = "number")]
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            sample_ratio: 1.0,
        }
    }
}

impl TelemetryConfig {
    /// Validates the section without opening a socket.
    ///
    /// # Errors
    /// Names the invalid key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if let Some(endpoint) = &self.otlp_endpoint {
            check_endpoint(endpoint)
                .map_err(|problem| ConfigError::new("telemetry.otlp_endpoint", problem))?;
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            let problem = format!("{} is not between 0 and 1", self.sample_ratio);
            return Err(ConfigError::new("telemetry.sample_ratio", problem));
        }
        Ok(())
    }
}

fn check_endpoint(endpoint: &str) -> Result<(), &'static str> {
    let url: http::Uri = endpoint.parse().map_err(|_| "is not a URL")?;
    let authority = url.authority().ok_or("is not a URL with a host")?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err("begins with http:// or https://");
    }
    if authority.as_str().contains('@') {
        return Err("holds a credential: put it in OTEL_EXPORTER_OTLP_HEADERS");
    }
    if !matches!(
        url.path_and_query().map(http::uri::PathAndQuery::as_str),
        None | Some("/")
    ) {
        return Err("has no path: it is the one of OTLP over gRPC, often port 4317");
    }
    Ok(())
}

/// Reads a number, which is text when it comes from the environment.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(number) => Ok(number),
        Written::Text(text) => text
            .parse()
            .map_err(|_| de::Error::custom(format!("`{text}` is not a number"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Sample {
        telemetry: TelemetryConfig,
    }

    fn load(key: &str, value: &str) -> Result<TelemetryConfig, ConfigError> {
        let name = format!("MAYFLY_TELEMETRY__{key}");
        let sample: Sample = crate::config::load(None, [(name, value.to_owned())], &BTreeMap::new())?;
        sample.telemetry.validate()?;
        Ok(sample.telemetry)
    }

    #[test]
    fn validate_invalid_value_names_the_key() {
        for value in ["0", "1", "0.25", "1e-3"] {
            let expected: f64 = value.parse().unwrap();
            assert!((load("SAMPLE_RATIO", value).unwrap().sample_ratio - expected).abs() < f64::EPSILON);
        }
        for value in ["-0.1", "1.5", "NaN", "often", ""] {
            let error = load("SAMPLE_RATIO", value).unwrap_err().to_string();
            assert!(error.to_lowercase().contains("sample_ratio"), "{error}");
        }
        for value in ["http://collector:4317", "https://[::1]:4317/"] {
            assert_eq!(
                load("OTLP_ENDPOINT", value).unwrap().otlp_endpoint.as_deref(),
                Some(value)
            );
        }
        for value in [
            "collector:4317",
            "/var/run/otlp",
            "grpc://collector",
            "http://user:hunter2@collector",
            "http://collector:4318/v1/traces",
            "",
        ] {
            let error = load("OTLP_ENDPOINT", value).unwrap_err().to_string();
            assert!(error.starts_with("telemetry.otlp_endpoint"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
