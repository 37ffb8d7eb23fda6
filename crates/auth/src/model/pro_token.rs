//! Pro API tokens and passwords of sandboxes: their values, and what a token may do. A value is a prefix, 26 random base62 digits, and 6 digits of a CRC-32, which catches typos
//! without a look-up.

use std::{fmt, sync::Arc};

use mayfly_types::{TokenId, TokenLimits, TokenScope, TokenScopes, UserId, random_bytes};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The prefix of every Pro API token.
pub(crate) const PREFIX: &str = "tm_pro_";
/// The prefix of every password of a sandbox.
pub(crate) const SANDBOX_PREFIX: &str = "mfs_";
const RANDOM_DIGITS: usize = 26;
const CHECK_DIGITS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a token may do, if it is not everything that its user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Restrictions {
    /// `None` is whatever its user may do, which no scope grants.
    pub(crate) scopes: Option<TokenScopes>,
    pub(crate) limits: Option<TokenLimits>,
    pub(crate) expires_at_secs: Option<i64>,
}

impl Restrictions {
    /// Returns whether the token's life has ended.
    pub(crate) fn has_expired(&self, now_secs: i64) -> bool {
        self.expires_at_secs.is_some_and(|expires| expires <= now_secs)
    }
}

/// A token that is neither revoked nor suspended. A cached one is copied at each validation, so what few tokens have is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValidToken {
    pub(crate) id: TokenId,
    pub(crate) user_id: UserId,
    pub(crate) restrictions: Option<Arc<Restrictions>>,
}

impl ValidToken {
    /// Returns whether the token has a scope.
    pub(crate) fn allows(&self, scope: TokenScope) -> bool {
        let scopes = self.restrictions.as_ref().and_then(|all| all.scopes);
        scopes.is_none_or(|scopes| scopes.contains(scope))
    }
}

/// The SHA-256 of a token, the only form that is stored. A random secret of 155 bits needs no slow hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash(pub(crate) [u8; 32]);

impl TokenHash {
    fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Returns the hash of a token with this prefix and valid shape and checksum, else `None`.
    pub(crate) fn of_well_formed(token: &str, prefix: &str) -> Option<Self> {
        let digits = token.strip_prefix(prefix)?;
        let is_shaped =
            digits.len() == RANDOM_DIGITS + CHECK_DIGITS && digits.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_shaped {
            return None;
        }
        let (checked, check) = token.split_at(token.len() - CHECK_DIGITS);
        // The checksum depends on the caller's input alone, so its timing leaks no secret.
        (check.as_bytes() == check_digits(checked)).then(|| Self::of(token))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash([hidden])")
    }
}

/// A new token, with its value.
#[derive(Clone)]
pub(crate) struct NewToken {
    pub(crate) value: Zeroizing<String>,
    pub(crate) hash: TokenHash,
}

impl NewToken {
    pub(crate) fn random(prefix: &str) -> Self {
        let mut value = Zeroizing::new(String::with_capacity(prefix.len() + RANDOM_DIGITS + CHECK_DIGITS));
        value.push_str(prefix);
        while value.len() < prefix.len() + RANDOM_DIGITS {
            let bytes = Zeroizing::new(random_bytes::<32>());
            // 248 = 4 × 62: larger bytes are dropped, or the first digits of the alphabet would be more frequent.
            let fair = bytes.iter().filter(|byte| **byte < 248);
            let missing = prefix.len() + RANDOM_DIGITS - value.len();
            value.extend(
                fair.take(missing)
                    .map(|byte| char::from(DIGITS[usize::from(byte % 62)])),
            );
        }
        let check = check_digits(&value);
        value.extend(check.map(char::from));
        let hash = TokenHash::of(&value);
        Self { value, hash }
    }
}

/// The CRC-32 (as in zip and Ethernet) of a text as six base62 digits, most significant first.
fn check_digits(text: &str) -> [u8; CHECK_DIGITS] {
    let mut rest = crc32fast::hash(text.as_bytes()) as usize;
    let mut digits = [0; CHECK_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % 62];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// The published check value of CRC-32 is 0xCBF43926.
    #[test]
    fn check_digits_are_the_crc32_in_base62() {
        assert_eq!(check_digits("123456789"), *b"3jZRME");
        assert_eq!(check_digits(""), *b"000000");
    }

    #[test]
    fn random_token_has_documented_shape_and_uniform_digits() {
        let mut counts: HashMap<char, u32> = HashMap::new();
        for _ in 0..4000 {
            let token = NewToken::random(PREFIX);
            assert_eq!(token.value.len(), 39);
            assert_eq!(TokenHash::of_well_formed(&token.value, PREFIX), Some(token.hash));
            assert_eq!(TokenHash::of_well_formed(&token.value, SANDBOX_PREFIX), None);
            for digit in token.value[7..33].chars() {
                *counts.entry(digit).or_default() += 1;
            }
        }
        // 104,000 digits, 1,677 of each expected, deviation 41; a bias by `% 62` of a byte would show as 2,031 against 1,625.
        assert_eq!(counts.len(), 62);
        assert!(
            counts.values().all(|count| (1_400..1_950).contains(count)),
            "{counts:?}"
        );
    }

    proptest! {
        #[test]
        fn token_with_one_changed_character_is_malformed(position in 0_usize..39, with in any::<char>()) {
            let token = NewToken::random(PREFIX);
            let mut characters: Vec<char> = token.value.chars().collect();
            prop_assume!(characters[position] != with);
            characters[position] = with;
            let changed: String = characters.into_iter().collect();
            prop_assert_eq!(TokenHash::of_well_formed(&changed, PREFIX), None);
        }
    }
}
