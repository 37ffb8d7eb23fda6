//! `mayfly mailbox source` and `mayfly mailbox attachment`: the bytes of a mail.

use std::{
    fs::OpenOptions,
    io::{IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use mayfly_types::MessageId;
use reqwest::Method;
use serde_json::json;

use super::{access::Access, api::Client, table, text::clean};

/// Where the bytes go.
#[derive(Debug, Args)]
struct Target {
    /// A new file in place of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Source {
    #[command(flatten)]
    pub(super) access: Access,
    /// Id of the message
    id: MessageId,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(super) struct Attachment {
    #[command(flatten)]
    pub(super) access: Access,
    /// Id of the message
    id: MessageId,
    /// Index of the attachment, from 0; without it they are listed: index, size, type, name
    index: Option<u32>,
    #[command(flatten)]
    target: Target,
}

/// Writes a message as it was received; returns the rest of the output.
pub(super) async fn source(client: &Client, source: &Source, is_json: bool) -> anyhow::Result<String> {
    let path = format!("/api/messages/{}/source", source.id);
    source.target.download(client, &path, is_json).await
}

/// Writes an attachment, or lists them.
pub(super) async fn attachment(
    client: &Client,
    attachment: &Attachment,
    is_json: bool,
) -> anyhow::Result<String> {
    let message = format!("/api/messages/{}", attachment.id);
    if let Some(index) = attachment.index {
        let path = format!("{message}/attachments/{index}");
        return attachment.target.download(client, &path, is_json).await;
    }
    if attachment.target.output.is_some() {
        bail!("--output: needs the index of an attachment");
    }
    let mut message = client.call(Method::GET, &message).await?;
    let attachments = message["attachments"].take();
    if is_json {
        return Ok(format!("{}\n", json!({ "attachments": attachments })));
    }
    let columns = ["index", "size", "content_type", "filename"];
    let attachments = attachments.as_array().map_or(&[][..], Vec::as_slice);
    Ok(table::objects(&columns, attachments))
}

impl Target {
    async fn download(&self, client: &Client, path: &str, is_json: bool) -> anyhow::Result<String> {
        if is_json && self.output.is_none() {
            bail!("--json: the result is no JSON; with --output, its file and size are");
        }
        let bytes = client.bytes(client.request(Method::GET, path)).await?;
        match &self.output {
            Some(file) => write_new(file, &bytes)?,
            None => write(&bytes)?,
        }
        Ok(match is_json {
            true => format!("{}\n", json!({ "file": self.output, "size": bytes.len() })),
            false => String::new(),
        })
    }
}

/// Writes bytes to stdout. A terminal gets text only, and no control characters.
fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return stdout.write_all(bytes).context("cannot write the output");
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        bail!("this is no text: write it to a file with --output, or into a pipe");
    };
    let text: String = text.lines().map(|line| clean(line) + "\n").collect();
    super::write(&text)
}

/// Writes a file that does not exist, and that only its owner can read.
pub(super) fn write_new(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut target| target.write_all(bytes));
    written.with_context(|| file.display().to_string())
}
