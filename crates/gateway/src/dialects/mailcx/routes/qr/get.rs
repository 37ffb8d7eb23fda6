//! `GET /api/qr`

use axum::{
    extract::RawQuery,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use qrcode::{EcLevel, QrCode, render::svg};

use mayfly_rpc::Failure;

use crate::dialects::shared::responses;
use crate::edge::failure::FailureResponse;

/// The longest text that is drawn, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// Draws a text of at most 512 bytes as a QR code.
#[utoipa::path(get, path = "/qr", tag = "mailbox", operation_id = "get_qr",
    params(("text" = String, Query, min_length = 1, max_length = 512)),
    responses((status = 200, content_type = "image/svg+xml", body = String, description = "The QR code"), responses::Invalid, responses::Always))]
pub(crate) async fn handle(RawQuery(query): RawQuery) -> Result<Response, FailureResponse> {
    let query = query.unwrap_or_default();
    let text = form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "text")
        .map(|(_, text)| text)
        .unwrap_or_default();
    if text.is_empty() || text.len() > MAX_TEXT_BYTES {
        return Err(Failure::invalid_request("text: must have 1 to 512 bytes").into());
    }
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)
        .map_err(|error| Failure::internal(format!("cannot draw a QR code: {error}")))?;
    let image = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        // Opened by itself it is a document of our origin: it gets no right there.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    Ok((StatusCode::OK, headers, image).into_response())
}
