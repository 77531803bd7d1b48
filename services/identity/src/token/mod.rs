//! Session tokens: JWTs with one fixed algorithm, checked against a time that the caller passes in.
//!
//! Sources: RFC 7519; RFC 8725 (best current practices); RFC 9068 (the profile for access tokens).

use std::fmt;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::master_key::{MasterKey, Purpose};
use crate::refresh::{REFRESH_RANDOM_BYTES, RefreshToken};
use crate::secret::Secret;
use crate::ticket::Tickets;

/// The lifetime of a token in seconds.
pub const TOKEN_TIME_SECONDS: i64 = 10 * 60;

/// The longest lifetime that a token may claim, whoever made it, in seconds.
const TOKEN_TIME_SECONDS_MAX: i64 = 15 * 60;

/// The tolerated difference between the clocks of two gateways, in seconds.
const LEEWAY_SECONDS: i64 = 5;

/// The longest token that is parsed, in bytes.
const TOKEN_BYTES_MAX: usize = 2 << 10;

/// The type of these tokens.
const TYPE: &str = "at+jwt";

/// The audience of these tokens.
const AUDIENCE: &str = "planetstore-admin";

/// Makes and verifies session tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    /// The first part of every token, including the `.`. It is the same for all, and any other is refused unparsed: an
    /// algorithm or key that a token names has no effect.
    head: String,
    issuer: String,
    refresh: hmac::Key,
    tickets: Tickets,
}

/// The session that a token is issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The user's id.
    pub user_id: String,
    /// The user's name.
    pub user_name: String,
    /// The user's role, for the client to see; the user's rights are looked up with every request.
    pub role: String,
    /// The session.
    pub session: Uuid,
}

/// A new token.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: Secret,
    /// The expiry.
    pub expires: Timestamp,
}

/// The claims of a token, verified except for whether its session is still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    aud: String,
    /// The user's id.
    pub sub: String,
    /// The user's name.
    pub name: String,
    /// The user's role when the token was made.
    pub role: String,
    /// The session.
    pub sid: Uuid,
    /// The id of this token.
    pub jti: Uuid,
    iat: i64,
    nbf: i64,
    /// The expiry, in seconds since 1970.
    pub exp: i64,
    /// When the password was verified again for it, in seconds since 1970.
    #[serde(default, rename = "auth_time", skip_serializing_if = "Option::is_none")]
    pub proved: Option<i64>,
}

/// Why a token is refused. For logs and tests only: clients learn only that they have to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token has another form, algorithm, key or type.
    #[error("this is not a session token of this region")]
    Foreign,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// Claims are missing, of the wrong type or not known.
    #[error("the token's claims are malformed")]
    Claims,
    /// The token is of another region or for another API.
    #[error("the token is not of this region, or not for this API")]
    Misdirected,
    /// The token is not valid yet.
    #[error("the token is not valid yet: is the clock right?")]
    NotYet,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token claims a longer lifetime than tokens have.
    #[error("the token claims to be valid for too long")]
    TooLong,
    /// The token could not be created.
    #[error("the token cannot be created")]
    Failed,
}

impl Tokens {
    /// Tokens of a region.
    ///
    /// # Errors
    /// [`TokenError::Failed`] if the key is not accepted.
    pub fn new(master: &MasterKey, region: &str) -> Result<Self, TokenError> {
        let key = master.subkey(Purpose::SessionTokens);
        let encoding = EncodingKey::from_secret(key.as_slice());
        let header = Header { typ: Some(TYPE.into()), kid: Some(master.key_id()), ..Header::new(Algorithm::HS256) };
        let any = jsonwebtoken::encode(&header, &(), &encoding).map_err(|_| TokenError::Failed)?;
        let (head, _) = any.split_once('.').ok_or(TokenError::Failed)?;
        Ok(Self {
            head: format!("{head}."),
            decoding: DecodingKey::from_secret(key.as_slice()),
            issuer: format!("planetstore:{region}"),
            encoding,
            header,
            refresh: hmac::Key::new(hmac::HMAC_SHA256, master.subkey(Purpose::RefreshTokens).as_slice()),
            tickets: Tickets::new(master, region),
        })
    }

    /// Issues a token that is valid from now on.
    ///
    /// # Errors
    /// [`TokenError::Failed`].
    pub fn issue(&self, bearer: Bearer, id: Uuid, now: Timestamp) -> Result<Issued, TokenError> {
        self.make(bearer, id, now, None)
    }

    /// Like [`issue`](Self::issue), for a user whose password has just been verified again.
    ///
    /// # Errors
    /// [`TokenError::Failed`].
    pub fn issue_proven(&self, bearer: Bearer, id: Uuid, now: Timestamp) -> Result<Issued, TokenError> {
        self.make(bearer, id, now, Some(now.as_second()))
    }

    fn make(&self, bearer: Bearer, id: Uuid, now: Timestamp, proved: Option<i64>) -> Result<Issued, TokenError> {
        let from = now.as_second();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.into(),
            sub: bearer.user_id,
            name: bearer.user_name,
            role: bearer.role,
            sid: bearer.session,
            jti: id,
            iat: from,
            nbf: from,
            exp: from + TOKEN_TIME_SECONDS,
            proved,
        };
        let expires = Timestamp::from_second(claims.exp).map_err(|_| TokenError::Failed)?;
        let token = jsonwebtoken::encode(&self.header, &claims, &self.encoding).map_err(|_| TokenError::Failed)?;
        Ok(Issued { token: Secret::new(token), expires })
    }

    /// The next refresh token of a session.
    pub fn refresh_token(&self, session: Uuid, random: [u8; REFRESH_RANDOM_BYTES]) -> RefreshToken {
        RefreshToken::new(&self.refresh, session, random)
    }

    /// The tickets that are made with the same master key.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// Whether a refresh token was issued.
    pub fn has_issued(&self, token: &RefreshToken) -> bool {
        token.is_of(&self.refresh)
    }

    /// Verifies a token and its validity at `now`, and returns its claims.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX || !token.starts_with(&self.head) {
            return Err(TokenError::Foreign);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &signature_only());
        let claims = claims.map_err(|error| sort(error.kind()))?.claims;
        self.check(&claims, now.as_second())?;
        Ok(claims)
    }

    fn check(&self, claims: &Claims, now: i64) -> Result<(), TokenError> {
        if claims.iss != self.issuer || claims.aud != AUDIENCE {
            return Err(TokenError::Misdirected);
        }
        let (iat, nbf, exp) = (claims.iat, claims.nbf, claims.exp);
        if exp.saturating_sub(iat) > TOKEN_TIME_SECONDS_MAX || exp.saturating_sub(nbf) > TOKEN_TIME_SECONDS_MAX {
            return Err(TokenError::TooLong);
        }
        if now.saturating_add(LEEWAY_SECONDS) < nbf.max(iat) {
            return Err(TokenError::NotYet);
        }
        if now >= exp.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Expired);
        }
        Ok(())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The library verifies the signature with the one algorithm; the claims are checked here, without its clock.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn sort(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => TokenError::Claims,
        _ => TokenError::Foreign,
    }
}

#[cfg(test)]
mod tests;
