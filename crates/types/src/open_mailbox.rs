//! Open mailboxes: addresses of open domains, whose mail everybody may read. Their ids are made from their addresses (UUIDv8), so
//! they never are ids of mailboxes with a password (UUIDv7), and an address can be followed before its first mail.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{AccountId, Address};

const VERSION: u8 = 8;

impl AccountId {
    /// Returns the id of the open mailbox with an address.
    #[must_use]
    pub fn of_open_address(address: &Address) -> Self {
        let digest = Sha256::new()
            .chain_update(b"mayfly open mailbox\0")
            .chain_update(address.as_str())
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        // Version and variant (RFC 9562 5.8).
        bytes[6] = (bytes[6] & 0x0f) | (VERSION << 4);
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self::from_uuid(Uuid::from_bytes(bytes))
    }

    /// Returns whether the id is one of an open mailbox.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.as_uuid().get_version_num() == usize::from(VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, SystemClock};

    #[test]
    fn open_id_is_stable_and_apart_from_other_ids() {
        let open = |address: &str| AccountId::of_open_address(&address.parse().unwrap());
        let id = open("ann@open.test");
        assert_eq!(id, open(" ANN@open.test"));
        assert_ne!(id, open("bob@open.test"));
        assert!(id.is_open() && id.created_at().is_none());
        assert!(!AccountId::new(SystemClock.now()).is_open());
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
