//! What surrounds every dialect: connections, limits, the client's address, extractors, and the access log.

pub(crate) mod access_log;
pub(crate) mod admin_session;
pub(crate) mod auth;
pub(crate) mod base_path;
pub(crate) mod captcha;
pub(crate) mod client_address;
pub(crate) mod download;
pub(crate) mod failure;
pub(crate) mod host;
pub(crate) mod idempotency_key;
pub(crate) mod json;
pub(crate) mod listener;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod password_permit;
pub(crate) mod plain_http;
pub(crate) mod rate_limit;
pub(crate) mod search_query;
pub(crate) mod segments;
pub(crate) mod whole_message;
