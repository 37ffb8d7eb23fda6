//! A mailbox as a zip: `account.json`, and each message as received.

use std::io::{self, Cursor, Write};

use axum::{
    Extension,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use mayfly_proto::mailbox::{
    ExportMailboxRequest, ExportMailboxResponse, MessageSummary, export_mailbox_response::Part,
};
use mayfly_rpc::Failure;
use serde_json::{Value, json};
use tonic::Streaming;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{Services, accounts::account, failure::Rejection, guard::Operator};

/// `GET /accounts/{id}/export`. The zip is in memory: it is as large as the quota of a mailbox at most.
pub(crate) async fn export(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(account_id): Path<String>,
) -> Result<Response, Rejection> {
    let permit = services.exports.clone().try_acquire_owned();
    let _permit = permit.map_err(|_| Rejection(Failure::unavailable("another export is under way")))?;
    let request = ExportMailboxRequest {
        account_id,
        operator: operator.to_string(),
    };
    let mut parts = services.mailbox.export_mailbox(request).await?.into_inner();
    let zip = write(&mut parts).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"account.zip\"",
        ),
    ];
    Ok((headers, zip).into_response())
}

async fn write(parts: &mut Streaming<ExportMailboxResponse>) -> Result<Vec<u8>, Rejection> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let (mut found, mut messages) = (Value::Null, Vec::new());
    while let Some(ExportMailboxResponse { part }) = parts.message().await? {
        match part {
            Some(Part::Mailbox(mailbox)) => found = account(mailbox),
            Some(Part::Message(message)) => {
                let file = format!("messages/{}.eml", message.message_id);
                begin(&mut zip, &file).map_err(failed)?;
                messages.push(described(&message, &file));
            }
            Some(Part::Chunk(chunk)) => zip.write_all(&chunk).map_err(failed)?,
            None => {}
        }
    }
    let description = json!({"account": found, "messages": messages});
    begin(&mut zip, "account.json").map_err(failed)?;
    serde_json::to_writer_pretty(&mut zip, &description).map_err(failed)?;
    let zip = zip.finish().map_err(failed)?;
    Ok(zip.into_inner())
}

fn begin(zip: &mut ZipWriter<Cursor<Vec<u8>>>, file: &str) -> io::Result<()> {
    let options = SimpleFileOptions::default().unix_permissions(0o600);
    Ok(zip.start_file(file, options)?)
}

fn described(message: &MessageSummary, file: &str) -> Value {
    json!({
        "id": message.message_id,
        "file": file,
        "sender": message.sender,
        "from": message.from,
        "subject": message.subject,
        "size_bytes": message.size_bytes,
        "created_at": message.created_at,
    })
}

fn failed(error: impl Into<io::Error>) -> Rejection {
    let error: io::Error = error.into();
    Rejection(Failure::internal(error.to_string()))
}
