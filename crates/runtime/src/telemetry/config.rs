//! The `[telemetry]` section.

use super::export;
use crate::{config::ConfigError, config_section};

config_section! {
    /// The `[telemetry]` section: export of traces, metrics and logs.
    pub struct TelemetryConfig {
        /// Collector of traces, metrics and logs: OTLP over gRPC, such as `http://localhost:4317`. Unset, nothing is
        /// exported.
        pub otlp_endpoint: Option<String> = None,
        /// Share of traces that are sampled, 0 to 1. A request that carries a trace context keeps the caller's
        /// decision.
        pub sample_ratio: f64 = 1.0,
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
            export::endpoint(endpoint)?;
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            let problem = format!("`{}` is not a number from 0 to 1", self.sample_ratio);
            return Err(ConfigError::new("telemetry.sample_ratio", problem));
        }
        Ok(())
    }
}

fn check_endpoint(endpoint: &str) -> Result<(), &'static str> {
    let url: http::Uri = endpoint.parse().map_err(|_| "is not a URL")?;
    let authority = url.authority().ok_or("is not a URL with a host")?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err("must begin with http:// or https://");
    }
    if authority.as_str().contains('@') {
        return Err("must not contain a credential; set OTEL_EXPORTER_OTLP_HEADERS");
    }
    if !matches!(
        url.path_and_query().map(http::uri::PathAndQuery::as_str),
        None | Some("/")
    ) {
        return Err("must not have a path; it is the URL of OTLP over gRPC, often port 4317");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    config_section! {
        /// A configuration.
        struct Sample {
            /// The section.
            telemetry: TelemetryConfig = TelemetryConfig::default(),
        }
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
        for value in ["-0.1", "1.5", "NaN", "often"] {
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
        ] {
            let error = load("OTLP_ENDPOINT", value).unwrap_err().to_string();
            assert!(error.starts_with("telemetry.otlp_endpoint"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
