//! gRPC between roles: one transport type for generated clients, whether the service runs in this process or elsewhere.

mod credential;
mod deadline;
mod endpoints;
mod link;
mod local;
mod observe;
mod pool;
mod remote;
mod retry;
mod server;
mod status;
#[cfg(test)]
mod tests;
mod trace_context;

use http::{Request, Response};
use tonic::{Status, body::Body};
use tower::util::BoxCloneSyncService;

pub use credential::{Credential, MutualTls};
pub use deadline::DEFAULT_TIMEOUT;
pub use endpoints::Endpoints;
pub use local::local;
pub use remote::{Peer, Reach, remote};
pub use server::{Health, serve};
pub use status::Failure;

/// The transport of generated clients.
pub type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// The largest message of a call. Mail and attachments are streamed in smaller chunks.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The largest answer with messages. It contains decoded bodies, which can be longer than the mail.
pub const MAX_MAIL_ANSWER_BYTES: usize = 96 * 1024 * 1024;

/// The size of the chunks in which mail and attachments are streamed.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// The metadata key that carries the service credential.
const CREDENTIAL: &str = "authorization";
