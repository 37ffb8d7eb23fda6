//! Environment variables that the client reads or prints. They are not keys of the configuration.

/// The URL of the server.
pub(crate) const SERVER: &str = "MAYFLY_SERVER";
/// The token of the mailbox.
pub(crate) const TOKEN: &str = "MAYFLY_TOKEN";
/// The address of a new mailbox.
pub(crate) const ADDRESS: &str = "MAYFLY_ADDRESS";
/// The generated password of a new mailbox.
pub(crate) const PASSWORD: &str = "MAYFLY_PASSWORD";

/// The URL of the admin listener.
pub(crate) const ADMIN_URL: &str = "MAYFLY_ADMIN_URL";

/// The secret of a new webhook.
pub(crate) const WEBHOOK_SECRET: &str = "MAYFLY_WEBHOOK_SECRET";
/// The URL that an application sends its mail to.
pub(crate) const SMTP_URL: &str = "SMTP_URL";

/// Every variable of the client with the prefix of the configuration.
pub(crate) const ALL: [&str; 6] = [SERVER, TOKEN, ADDRESS, PASSWORD, ADMIN_URL, WEBHOOK_SECRET];

/// Returns the line `NAME=value`, if a shell reads the value as one literal word, so that it is safe in `export`.
pub(crate) fn assignment(name: &str, value: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@._+-:/=[]".contains(c);
    let is_word = !value.is_empty() && value.chars().all(is_plain);
    is_word.then(|| format!("{name}={value}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignment_rejects_shell_syntax() {
        for word in [
            "ann+a.b_c-1@mayfly.test",
            "eyJh.eyJp.c2ln_-",
            "smtp://sb_a:mfs_b@[::1]:25",
            "whsec_a+/=",
        ] {
            assert_eq!(assignment("A", word), Some(format!("A={word}\n")));
        }
        for value in ["", "a b", "a\nPATH=b", "$(id)", "a;b", "*", "a&b"] {
            assert_eq!(assignment("A", value), None, "{value}");
        }
    }
}
