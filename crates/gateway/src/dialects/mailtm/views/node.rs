//! The two representations of an object and of a collection.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dialects::mailtm::accept::Format;

/// Objects on a page.
pub(crate) const PAGE_SIZE: u32 = 30;
/// The memory that a page is written to: enough for 30 usual messages.
const PAGE_BYTES: usize = 32 << 10;

/// An object with a type and a path.
pub(crate) trait Resource: Serialize {
    /// Its type.
    const TYPE: &'static str;

    /// Its path.
    fn path(&self) -> String;
}

/// An object that writes itself into the text of a collection.
pub(crate) trait Member {
    /// Its type.
    const TYPE: &'static str;

    /// Appends the object, in JSON-LD without `@context`.
    fn write(&self, format: Format, text: &mut Vec<u8>);
}

impl<T: Resource> Member for T {
    const TYPE: &'static str = <T as Resource>::TYPE;

    fn write(&self, format: Format, text: &mut Vec<u8>) {
        let encoded = match format {
            Format::Json => serde_json::to_vec(self),
            Format::JsonLd => serde_json::to_vec(&Node::member(self)),
        };
        // Objects of these types always encode.
        text.extend(encoded.unwrap_or_default());
    }
}

/// An object in JSON-LD.
#[derive(Serialize)]
struct Node<'a, T> {
    /// Absent in collections.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(rename = "@id")]
    id: String,
    #[serde(rename = "@type")]
    r#type: &'static str,
    #[serde(flatten)]
    object: &'a T,
}

impl<'a, T: Resource> Node<'a, T> {
    fn single(object: &'a T) -> Self {
        Self {
            context: Some(format!("/contexts/{}", T::TYPE)),
            ..Self::member(object)
        }
    }

    fn member(object: &'a T) -> Self {
        Self {
            context: None,
            id: object.path(),
            r#type: T::TYPE,
            object,
        }
    }
}

/// The links between pages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageLinks {
    #[serde(rename = "@id")]
    id: String,
    /// Always `hydra:PartialCollectionView`.
    #[serde(rename = "@type")]
    r#type: &'static str,
    #[serde(rename = "hydra:first")]
    first: String,
    #[serde(rename = "hydra:last")]
    last: String,
    /// Absent on the first page.
    #[serde(rename = "hydra:previous", skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    previous: Option<String>,
    /// Absent on the last page.
    #[serde(rename = "hydra:next", skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    next: Option<String>,
}

impl PageLinks {
    /// Returns the links of a page, `None` when everything is on one.
    fn of(path: &str, page: u32, total: i64) -> Option<Self> {
        let total = u64::try_from(total).unwrap_or(0);
        let last = total.div_ceil(u64::from(PAGE_SIZE));
        let page = u64::from(page);
        let link = |page: u64| format!("{path}?page={page}");
        (last > 1).then(|| Self {
            id: link(page),
            r#type: "hydra:PartialCollectionView",
            first: link(1),
            last: link(last),
            previous: (page > 1).then(|| link((page - 1).min(last))),
            next: (page < last).then(|| link(page + 1)),
        })
    }
}

/// A page of a collection.
pub(crate) struct Listed<T> {
    pub(crate) path: &'static str,
    pub(crate) members: Vec<T>,
    /// Members of all pages.
    pub(crate) total: i64,
    pub(crate) page: u32,
}

/// Answers with an object.
pub(crate) fn object<T: Resource>(format: Format, status: StatusCode, object: &T) -> Response {
    let response = match format {
        Format::Json => (status, Json(object)).into_response(),
        Format::JsonLd => (status, Json(Node::single(object))).into_response(),
    };
    typed(format, response)
}

/// Answers with a page of a collection.
pub(crate) fn collection<T: Member>(format: Format, listed: &Listed<T>) -> Response {
    let mut text = Vec::with_capacity(PAGE_BYTES);
    if format == Format::JsonLd {
        let head = format!(
            r#"{{"@context":"/contexts/{}","@id":"{}","@type":"hydra:Collection","hydra:member":"#,
            T::TYPE,
            listed.path,
        );
        text.extend_from_slice(head.as_bytes());
    }
    text.push(b'[');
    for (index, member) in listed.members.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        member.write(format, &mut text);
    }
    text.push(b']');
    if format == Format::JsonLd {
        let total = format!(r#","hydra:totalItems":{}"#, listed.total);
        text.extend_from_slice(total.as_bytes());
        if let Some(links) = PageLinks::of(listed.path, listed.page, listed.total) {
            text.extend_from_slice(br#","hydra:view":"#);
            text.extend(serde_json::to_vec(&links).unwrap_or_default());
        }
        text.push(b'}');
    }
    typed(format, text.into_response())
}

/// Returns an object in JSON-LD, for an event stream.
pub(crate) fn json_ld<T: Resource>(object: &T) -> impl Serialize {
    Node::single(object)
}

fn typed(format: Format, mut response: Response) -> Response {
    let content_type = HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_links_name_neighbours_that_exist() {
        let shown = |page, total| {
            let links = PageLinks::of("/messages", page, total)?;
            Some((links.last, links.previous, links.next))
        };
        let link = |page: u32| format!("/messages?page={page}");
        assert_eq!(shown(1, 30), None);
        assert_eq!(shown(7, 0), None);
        assert_eq!(shown(1, 31), Some((link(2), None, Some(link(2)))));
        assert_eq!(shown(2, 65), Some((link(3), Some(link(1)), Some(link(3)))));
        assert_eq!(shown(3, 65), Some((link(3), Some(link(2)), None)));
        assert_eq!(shown(9, 65), Some((link(3), Some(link(3)), None)));
    }
}
