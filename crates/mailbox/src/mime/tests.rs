//! Mails and what is read from them.
