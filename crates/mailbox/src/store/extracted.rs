//! The stored form of the codes and links of a mail: a version and a JSON column of `raw_messages`.

use mayfly_mime::{EXTRACTION_VERSION, Extracted};
use mayfly_types::RawMessageId;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::entities::raw_message::{Column, Entity, Model};
use crate::error::Error;

/// Codes and links as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredExtracted {
    /// The [`EXTRACTION_VERSION`] that wrote them.
    pub(crate) version: i16,
    /// Null when there are none.
    pub(crate) json: Option<String>,
}

/// Why stored codes and links cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Another version wrote them.
    OtherVersion,
    /// They cannot be parsed.
    Corrupt,
}

impl StoredExtracted {
    /// Returns the codes and links of a row.
    pub(crate) fn of(row: &Model) -> Self {
        Self {
            version: row.extracted_version,
            json: row.extracted.clone(),
        }
    }

    /// Encodes codes and links of this version.
    pub(crate) fn encode(extracted: &Extracted) -> Result<Self, Error> {
        let is_empty = *extracted == Extracted::default();
        let json = (!is_empty).then(|| serde_json::to_string(extracted));
        let json = json.transpose();
        Ok(Self {
            version: EXTRACTION_VERSION,
            json: json.map_err(|_| Error::Defect("codes and links cannot be encoded"))?,
        })
    }

    /// Decodes codes and links of this version.
    pub(crate) fn decode(&self) -> Result<Extracted, Unusable> {
        if self.version != EXTRACTION_VERSION {
            return Err(Unusable::OtherVersion);
        }
        match &self.json {
            None => Ok(Extracted::default()),
            Some(json) => serde_json::from_str(json).map_err(|_| Unusable::Corrupt),
        }
    }

    /// Returns the length of the JSON.
    pub(crate) fn len(&self) -> usize {
        self.json.as_ref().map_or(0, String::len)
    }
}

/// Lists the codes and links of deliveries. Deliveries that are deleted meanwhile are left out.
pub(crate) async fn list(
    c: &impl ConnectionTrait,
    raw_ids: Vec<RawMessageId>,
) -> Result<Vec<(RawMessageId, StoredExtracted)>, DbErr> {
    let rows: Vec<(RawMessageId, i16, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::ExtractedVersion, Column::Extracted])
        .filter(Column::Id.is_in(raw_ids))
        .into_tuple()
        .all(c)
        .await?;
    let stored = rows.into_iter();
    Ok(stored
        .map(|(id, version, json)| (id, StoredExtracted { version, json }))
        .collect())
}

/// Replaces unusable codes and links, unless a newer version wrote them.
pub(crate) async fn replace(
    c: &impl ConnectionTrait,
    id: RawMessageId,
    stored: StoredExtracted,
) -> Result<(), DbErr> {
    Entity::update_many()
        .filter(Column::Id.eq(id))
        .filter(Column::ExtractedVersion.lte(stored.version))
        .col_expr(Column::ExtractedVersion, Expr::value(stored.version))
        .col_expr(Column::Extracted, Expr::value(stored.json))
        .exec(c)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use mayfly_mime::{Code, CodePlace};

    use super::*;

    #[test]
    fn decode_returns_what_encode_stored() {
        let code = Code {
            value: "123456".to_owned(),
            found_in: CodePlace::Subject,
            confidence: serde_json::from_str("0.97").unwrap(),
        };
        let some = Extracted {
            codes: vec![code],
            links: Vec::new(),
        };
        for extracted in [Extracted::default(), some] {
            let stored = StoredExtracted::encode(&extracted).unwrap();
            assert_eq!(stored.decode(), Ok(extracted));
        }
    }

    #[test]
    fn decode_other_version_or_corrupt_row_is_not_none() {
        let stored = |version, json: Option<&str>| StoredExtracted {
            version,
            json: json.map(str::to_owned),
        };
        for json in [None, Some("{}"), Some("not JSON")] {
            for version in [EXTRACTION_VERSION - 1, EXTRACTION_VERSION + 1] {
                assert_eq!(stored(version, json).decode(), Err(Unusable::OtherVersion));
            }
        }
        let corrupt = stored(EXTRACTION_VERSION, Some("not JSON"));
        assert_eq!(corrupt.decode(), Err(Unusable::Corrupt));
    }
}
