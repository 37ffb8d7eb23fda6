//! JWTs: HS256 with a key id, and every rule that makes one good, checked here by our own clock.
//! What is left to the library is the signature and the parsing of JSON.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use mayfly_types::{AccountId, SecretKey, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::error::{Error, Refusal};

const ISSUER: &str = "mayfly";
const MAILBOX: &str = "mailbox";
const PRO: &str = "pro";

/// How long a JWT is good for.
const LIFE: Duration = Duration::days(7);

/// By how much clocks may differ.
const LEEWAY: Duration = Duration::seconds(5);

/// Ours have about 350 bytes; nothing much longer is worth decoding.
const MAX_BYTES: usize = 1024;

/// Whom a JWT stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Account(AccountId),
    User(UserId),
}

/// What a JWT says. Numbers are unsigned, so that a negative or fractional one cannot be read.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    r#gen: u64,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// The signing keys: all verify, the first signs.
pub(crate) struct KeyRing {
    keys: Vec<Key>,
    validation: Validation,
}

struct Key {
    id: String,
    signing: EncodingKey,
    verifying: DecodingKey,
}

impl KeyRing {
    pub(crate) fn new(keys: &[SecretKey]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would read the machine's clock, and demands neither issuer nor audience: `check` does all of it.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let keys = keys
            .iter()
            .map(|key| Key {
                id: key_id(key),
                signing: EncodingKey::from_secret(key.expose()),
                verifying: DecodingKey::from_secret(key.expose()),
            })
            .collect();
        Self { keys, validation }
    }

    /// Signs a JWT that is good from now on, as long as the subject keeps its generation.
    pub(crate) fn issue(
        &self,
        subject: Subject,
        generation: i64,
        now: OffsetDateTime,
    ) -> Result<String, Error> {
        let key = self
            .keys
            .first()
            .ok_or(Error::Defect("there is no signing key"))?;
        let seconds = |at: OffsetDateTime| {
            u64::try_from(at.unix_timestamp()).map_err(|_| Error::Defect("the clock stands before 1970"))
        };
        let (aud, sub) = match subject {
            Subject::Account(id) => (MAILBOX, id.to_string()),
            Subject::User(id) => (PRO, id.to_string()),
        };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: aud.to_owned(),
            sub,
            r#gen: u64::try_from(generation).map_err(|_| Error::Defect("a generation is negative"))?,
            iat: seconds(now)?,
            nbf: seconds(now)?,
            exp: seconds(now + LIFE)?,
        };
        jsonwebtoken::encode(&header(&key.id), &claims, &key.signing)
            .map_err(|_| Error::Defect("a JWT cannot be signed"))
    }

    /// Reads a JWT and says whom it stands for and of which generation. Whether that generation is still the subject's is
    /// for the caller to find out.
    pub(crate) fn verify(&self, token: &str, now: OffsetDateTime) -> Result<(Subject, i64), Refusal> {
        if token.len() > MAX_BYTES {
            return Err(Refusal::Malformed);
        }
        let shown = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        let key = shown
            .kid
            .as_ref()
            .and_then(|id| self.keys.iter().find(|key| key.id == *id))
            .ok_or(Refusal::UnknownKey)?;
        // Exactly the header that we write: no other algorithm, and no key, address of a key or extension.
        if shown != header(&key.id) {
            return Err(Refusal::Header);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verifying, &self.validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => Refusal::Signature,
                _ => Refusal::Claims,
            })?
            .claims;
        check(&claims, now)
    }
}

fn header(key_id: &str) -> Header {
    Header {
        kid: Some(key_id.to_owned()),
        ..Header::new(Algorithm::HS256)
    }
}

/// Names a key without telling it: the digest's use is written before the key, so that it is good for nothing else.
fn key_id(key: &SecretKey) -> String {
    let digest = Sha256::new()
        .chain_update(b"mayfly jwt kid\0")
        .chain_update(key.expose())
        .finalize();
    hex::encode(&digest[..8])
}

fn check(claims: &Claims, now: OffsetDateTime) -> Result<(Subject, i64), Refusal> {
    if claims.iss != ISSUER {
        return Err(Refusal::Claims);
    }
    let at = |seconds: u64| {
        i64::try_from(seconds)
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .ok_or(Refusal::Claims)
    };
    let (issued_at, not_before, expires_at) = (at(claims.iat)?, at(claims.nbf)?, at(claims.exp)?);
    if expires_at <= issued_at || expires_at - issued_at > LIFE {
        return Err(Refusal::Claims);
    }
    if issued_at > now + LEEWAY || not_before > now + LEEWAY {
        return Err(Refusal::NotYetValid);
    }
    if expires_at + LEEWAY <= now {
        return Err(Refusal::Expired);
    }
    let subject = match claims.aud.as_str() {
        MAILBOX => claims.sub.parse().map(Subject::Account),
        PRO => claims.sub.parse().map(Subject::User),
        _ => return Err(Refusal::Claims),
    };
    let generation = i64::try_from(claims.r#gen).map_err(|_| Refusal::Claims)?;
    Ok((subject.map_err(|_| Refusal::Claims)?, generation))
}
