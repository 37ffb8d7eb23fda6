//! JWTs: HS256 with a key id. All claims are checked here, by the injected clock; the library checks the signature and
//! parses the JSON.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use mayfly_types::{AccountId, SecretKey, UserId, random_bytes};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::error::{Error, Refusal};

const ISSUER: &str = "mayfly";
const MAILBOX: &str = "mailbox";
const PRO: &str = "pro";
/// Of tokens that give no rights: an audience of its own, so that none passes for another JWT.
const ANONYMOUS: &str = "anonymous";
/// How an anonymous token begins; a JWT follows.
const ANONYMOUS_PREFIX: &str = "tm_anon_";
/// The lifetime of an anonymous token.
const ANONYMOUS_LIFETIME: Duration = Duration::days(1);

/// The lifetime of a JWT.
const LIFETIME: Duration = Duration::days(7);

/// The tolerated clock skew.
const LEEWAY: Duration = Duration::seconds(5);

/// Own JWTs have about 350 bytes; longer input is refused before it is decoded.
const MAX_BYTES: usize = 1024;

/// The subject of a JWT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Account(AccountId),
    User(UserId),
}

/// The claims. Numbers are unsigned, so negative and fractional ones fail to parse.
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
        // The library uses the system clock and requires neither issuer nor audience: `check` does all of it.
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

    /// Signs a JWT that is valid from now on, as long as the subject keeps its generation.
    pub(crate) fn issue(
        &self,
        subject: Subject,
        generation: i64,
        now: OffsetDateTime,
    ) -> Result<String, Error> {
        let (aud, sub) = match subject {
            Subject::Account(id) => (MAILBOX, id.to_string()),
            Subject::User(id) => (PRO, id.to_string()),
        };
        self.sign(&Claims {
            iss: ISSUER.to_owned(),
            aud: aud.to_owned(),
            sub,
            r#gen: u64::try_from(generation).map_err(|_| Error::Defect("a generation is negative"))?,
            iat: unix_secs(now)?,
            nbf: unix_secs(now)?,
            exp: unix_secs(now + LIFETIME)?,
        })
    }

    /// Signs a token that gives no rights, and returns when it expires.
    pub(crate) fn issue_anonymous(&self, now: OffsetDateTime) -> Result<(String, OffsetDateTime), Error> {
        let expires_at = now + ANONYMOUS_LIFETIME;
        let jwt = self.sign(&Claims {
            iss: ISSUER.to_owned(),
            aud: ANONYMOUS.to_owned(),
            sub: hex::encode(random_bytes::<16>()),
            r#gen: 0,
            iat: unix_secs(now)?,
            nbf: unix_secs(now)?,
            exp: unix_secs(expires_at)?,
        })?;
        Ok((format!("{ANONYMOUS_PREFIX}{jwt}"), expires_at))
    }

    /// Verifies an anonymous token.
    pub(crate) fn verify_anonymous(&self, token: &str, now: OffsetDateTime) -> Result<(), Refusal> {
        let jwt = token.strip_prefix(ANONYMOUS_PREFIX).ok_or(Refusal::Malformed)?;
        let claims = self.decode(jwt)?;
        check_times(&claims, now)?;
        match claims.aud.as_str() {
            ANONYMOUS => Ok(()),
            _ => Err(Refusal::Claims),
        }
    }

    fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let key = self
            .keys
            .first()
            .ok_or(Error::Defect("there is no signing key"))?;
        jsonwebtoken::encode(&header(&key.id), claims, &key.signing)
            .map_err(|_| Error::Defect("a JWT cannot be signed"))
    }

    /// Verifies a JWT and returns its subject and generation. The caller checks that the generation is still current.
    pub(crate) fn verify(&self, token: &str, now: OffsetDateTime) -> Result<(Subject, i64), Refusal> {
        check(&self.decode(token)?, now)
    }

    /// Checks header and signature of a JWT, and returns its claims.
    fn decode(&self, token: &str) -> Result<Claims, Refusal> {
        if token.len() > MAX_BYTES {
            return Err(Refusal::Malformed);
        }
        let found = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        let key = found
            .kid
            .as_ref()
            .and_then(|id| self.keys.iter().find(|key| key.id == *id))
            .ok_or(Refusal::UnknownKey)?;
        // Exactly the header that `issue` writes: no other algorithm, no embedded key, key URL or extension.
        if found != header(&key.id) {
            return Err(Refusal::Header);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verifying, &self.validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => Refusal::Signature,
                _ => Refusal::Claims,
            })?
            .claims;
        Ok(claims)
    }
}

fn unix_secs(at: OffsetDateTime) -> Result<u64, Error> {
    u64::try_from(at.unix_timestamp()).map_err(|_| Error::Defect("the clock is before 1970"))
}

fn header(key_id: &str) -> Header {
    Header {
        kid: Some(key_id.to_owned()),
        ..Header::new(Algorithm::HS256)
    }
}

/// Returns a key's public id. The prefix separates this digest from every other use of the key.
fn key_id(key: &SecretKey) -> String {
    let digest = Sha256::new()
        .chain_update(b"mayfly jwt kid\0")
        .chain_update(key.expose())
        .finalize();
    hex::encode(&digest[..8])
}

fn check_times(claims: &Claims, now: OffsetDateTime) -> Result<(), Refusal> {
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
    if expires_at <= issued_at || expires_at - issued_at > LIFETIME {
        return Err(Refusal::Claims);
    }
    if issued_at > now + LEEWAY || not_before > now + LEEWAY {
        return Err(Refusal::NotYetValid);
    }
    if expires_at + LEEWAY <= now {
        return Err(Refusal::Expired);
    }
    Ok(())
}

fn check(claims: &Claims, now: OffsetDateTime) -> Result<(Subject, i64), Refusal> {
    check_times(claims, now)?;
    let subject = match claims.aud.as_str() {
        MAILBOX => claims.sub.parse().map(Subject::Account),
        PRO => claims.sub.parse().map(Subject::User),
        _ => return Err(Refusal::Claims),
    };
    let generation = i64::try_from(claims.r#gen).map_err(|_| Refusal::Claims)?;
    Ok((subject.map_err(|_| Refusal::Claims)?, generation))
}
