//! The option `--server`.

use clap::Args;
use reqwest::Url;

use super::variables;

/// The server that a command calls.
#[derive(Debug, Args)]
pub(super) struct ServerOption {
    /// The URL of the server
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = variables::SERVER,
        default_value = "http://127.0.0.1:8080",
        value_parser = parse_server
    )]
    pub(super) server: Url,
}

/// Parses the URL of a server. Without a scheme it is that of plain HTTP, as in `127.0.0.1:8080`.
pub(super) fn parse_server(text: &str) -> Result<Url, String> {
    let url = match text.contains("://") {
        true => text.parse(),
        false => format!("http://{text}").parse(),
    };
    url.map_err(|error| format!("{error}"))
}
