//! The stored form of the codes and links of a mail: a JSON column of `raw_messages`.

use mayfly_mime::Extracted;

/// Encodes codes and links; nothing when there are none.
pub(crate) fn to_json(extracted: &Extracted) -> Option<String> {
    if *extracted == Extracted::default() {
        return None;
    }
    serde_json::to_string(extracted).ok()
}

/// Decodes the column. Rows from before the column exist without a value and have no codes and links.
pub(crate) fn from_json(stored: Option<&str>) -> Extracted {
    stored
        .and_then(|stored| serde_json::from_str(stored).ok())
        .unwrap_or_default()
}
