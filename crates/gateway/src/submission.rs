//! Where applications send their mail to, as the API shows it. The gateway itself has no mail listener.

/// The mail edge, as clients reach it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Whether clients can send mail to sandboxes.
    pub is_on: bool,
    /// The name or address of the mail edge.
    pub host: String,
    /// Its port for clients that log in.
    pub port: u16,
    /// Its port for mail from other servers, without a login.
    pub smtp_port: u16,
    /// Its port with TLS from the start.
    pub submissions_port: Option<u16>,
    /// Whether `port` offers STARTTLS.
    pub has_tls: bool,
    /// Whether the page signs the built-in user of an open server in without a password.
    pub is_local_user: bool,
}
