//! The signature of a form's policy.
//!
//! Signature Version 4 signs it with the key of a day and a region. Version 2, which uses the secret itself and
//! HMAC-SHA1, is still used by many forms, and is accepted only for forms. A forger would have to break the HMAC, for
//! which collisions of SHA-1 are of no use (RFC 6194, section 3.3), and the signed policy has an expiry time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use super::Fields;
use crate::date;
use crate::error::{Code, Error};
use crate::sigv4::{
    ALGORITHM, PRESIGN_EXPIRES_SECONDS_MAX, SIGNATURE_BYTES, SKEW_MS_MAX, SigningKey, credential_scope,
};

/// The claimed signer of a form. Nothing is verified before [`Claim::verify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    access_key: &'a str,
    policy: &'a str,
    signature: &'a str,
    version: Version<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version<'a> {
    Two,
    Four { date: &'a str, region: &'a str, signed: Timestamp },
}

impl<'a> Claim<'a> {
    /// The claim of a form; `None` if it has none, and is anonymous.
    ///
    /// # Errors
    /// `InvalidArgument` for an incomplete one, `InvalidToken` for session tokens, `NotImplemented` for another
    /// algorithm.
    pub fn of(fields: &'a Fields) -> Result<Option<Self>, Error> {
        let four = ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"];
        let two = ["awsaccesskeyid", "signature"];
        let has = |names: &[&str]| names.iter().any(|name| fields.get(name).is_some());
        if fields.get("x-amz-security-token").is_some() {
            let why = "Session tokens are not supported; use a permanent access key";
            return Err(Error::with_message(Code::InvalidToken, why));
        }
        let needed = |name: &'static str| {
            let value = fields.get(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| {
                let why = format!("Bucket POST must contain a field named '{name}' before the file.");
                Error::invalid_argument(why, name, "")
            })
        };
        match (has(&four), has(&two)) {
            (false, false) if fields.get("policy").is_none() => Ok(None),
            (true, true) => Err(Error::invalid_argument("Only one auth mechanism allowed in a form", "signature", "")),
            (true, false) => Self::version_four(needed).map(Some),
            (false, _) => Ok(Some(Self {
                policy: needed("policy")?,
                access_key: needed("awsaccesskeyid")?,
                signature: needed("signature")?,
                version: Version::Two,
            })),
        }
    }

    fn version_four(needed: impl Fn(&'static str) -> Result<&'a str, Error>) -> Result<Self, Error> {
        match needed("x-amz-algorithm")? {
            ALGORITHM => {}
            other => {
                let message = format!("Only {ALGORITHM} is supported");
                return Err(Error::invalid_argument(message, "X-Amz-Algorithm", other));
            }
        }
        let credential = needed("x-amz-credential")?;
        let (access_key, date, region) = credential_scope(credential)
            .map_err(|error| Error::invalid_argument(error.message().to_owned(), "x-amz-credential", credential))?;
        let text = needed("x-amz-date")?;
        let signed = date::parse_iso8601_basic(text).filter(|_| text.get(..8) == Some(date));
        let signed = signed.ok_or_else(|| {
            let why = "X-Amz-Date must be of the form 20300131T120000Z, and of the day in X-Amz-Credential";
            Error::invalid_argument(why, "x-amz-date", text)
        })?;
        Ok(Self {
            policy: needed("policy")?,
            access_key,
            signature: needed("x-amz-signature")?,
            version: Version::Four { date, region, signed },
        })
    }

    /// The access key, by which to look up the secret.
    pub fn access_key(&self) -> &'a str {
        self.access_key
    }

    /// The signed policy.
    pub fn policy(&self) -> &'a str {
        self.policy
    }

    /// The claimed time of the signature, which Version 2 does not have.
    pub fn signed_at(&self) -> Option<Timestamp> {
        match self.version {
            Version::Two => None,
            Version::Four { signed, .. } => Some(signed),
        }
    }

    /// Whether it is a signature of Version 2.
    pub fn is_version_two(&self) -> bool {
        self.version == Version::Two
    }

    /// Checks the signature with the secret of the access key.
    ///
    /// # Errors
    /// `SignatureDoesNotMatch`; `AccessDenied` for a key of another week.
    pub fn verify(&self, secret: &str, now: Timestamp) -> Result<(), Error> {
        let matches = match self.version {
            Version::Two => {
                let hmac = Hmac::<Sha1>::new_from_slice(secret.as_bytes());
                let mac = hmac.map_err(|_| Error::new(Code::InternalError))?.chain_update(self.policy).finalize();
                let sent = STANDARD.decode(self.signature).unwrap_or_default();
                bool::from(mac.into_bytes().as_slice().ct_eq(&sent))
            }
            Version::Four { date, region, signed } => {
                check_age(signed, now)?;
                let mac = SigningKey::derive(secret, date, region).sign(&[self.policy.as_bytes()]);
                let mut sent = [0; SIGNATURE_BYTES];
                hex::decode_to_slice(self.signature, &mut sent).is_ok() && bool::from(mac.ct_eq(&sent))
            }
        };
        if matches {
            return Ok(());
        }
        Err(Error::new(Code::SignatureDoesNotMatch)
            .detail("AWSAccessKeyId", self.access_key)
            .detail("SignatureProvided", self.signature)
            .detail("StringToSign", self.policy))
    }
}

/// A signing key is valid for a week.
fn check_age(signed: Timestamp, now: Timestamp) -> Result<(), Error> {
    let age = now.duration_since(signed);
    if age < -SignedDuration::from_millis(SKEW_MS_MAX.cast_signed()) {
        return Err(Error::access_denied("The form is not yet valid"));
    }
    if age > SignedDuration::from_secs(PRESIGN_EXPIRES_SECONDS_MAX.cast_signed()) {
        return Err(Error::access_denied("The form was signed more than a week ago"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fields::fields;
    use super::*;

    // The example of "Browser-based uploads using POST", Amazon S3 API Reference, shortened to its signature's inputs.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const CREDENTIAL: &str = "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request";

    fn four<'a>(signature: &'a str, date: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("policy", "cG9saWN5"),
            ("x-amz-algorithm", ALGORITHM),
            ("x-amz-credential", CREDENTIAL),
            ("x-amz-date", date),
            ("x-amz-signature", signature),
        ]
    }

    fn verified(pairs: &[(&str, &str)], now: &str) -> Result<(), Code> {
        let form = fields(pairs);
        let claim = Claim::of(&form).map_err(|error| error.code())?.unwrap();
        assert_eq!(claim.access_key(), "AKIAIOSFODNN7EXAMPLE");
        claim.verify(SECRET, now.parse().unwrap()).map_err(|error| error.code())
    }

    #[test]
    fn version_four_signs_the_policy_with_the_key_of_a_day() {
        let mac = SigningKey::derive(SECRET, "20151229", "us-east-1").sign(&[b"cG9saWN5"]);
        let (signature, date) = (hex::encode(mac), "20151229T000000Z");
        assert_eq!(verified(&four(&signature, date), "2015-12-29T12:00:00Z"), Ok(()));
        assert_eq!(verified(&four(&"0".repeat(64), date), "2015-12-29T12:00:00Z"), Err(Code::SignatureDoesNotMatch));
        assert_eq!(verified(&four("", date), "2015-12-29T12:00:00Z"), Err(Code::InvalidArgument));
        assert_eq!(verified(&four(&signature, date), "2016-01-06T12:00:00Z"), Err(Code::AccessDenied));
        assert_eq!(verified(&four(&signature, date), "2015-12-28T12:00:00Z"), Err(Code::AccessDenied));
        assert_eq!(verified(&four(&signature, "20151230T000000Z"), "2015-12-30T00:00:00Z"), Err(Code::InvalidArgument));
    }

    #[test]
    fn version_two_signs_it_with_the_secret() {
        let sign = |secret: &str| {
            let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap().chain_update("cG9saWN5").finalize();
            STANDARD.encode(mac.into_bytes())
        };
        let two = |signature: &str| {
            let pairs = [("awsaccesskeyid", "AKIAIOSFODNN7EXAMPLE"), ("policy", "cG9saWN5"), ("signature", signature)];
            verified(&pairs, "2015-12-29T12:00:00Z")
        };
        assert_eq!(two(&sign(SECRET)), Ok(()));
        for wrong in [&sign("another"), "", "AAAA", "no base64"] {
            assert_ne!(two(wrong), Ok(()), "{wrong}");
        }
    }

    #[test]
    fn hmac_sha1_is_that_of_rfc_2202() {
        let mac = Hmac::<Sha1>::new_from_slice(&[0x0b; 20]).unwrap().chain_update("Hi There").finalize();
        assert_eq!(hex::encode(mac.into_bytes()), "b617318655057264e28bc0b6fb378c8ef146be00");
    }

    #[test]
    fn a_claim_is_whole_or_none() {
        let code = |pairs: &[(&str, &str)]| Claim::of(&fields(pairs)).unwrap_err().code();
        assert_eq!(Claim::of(&fields(&[("key", "k")])), Ok(None));
        assert_eq!(code(&[("policy", "p")]), Code::InvalidArgument, "nobody signed it");
        assert_eq!(code(&[("awsaccesskeyid", "a"), ("signature", "s")]), Code::InvalidArgument, "nothing is signed");
        assert_eq!(code(&[("policy", "p"), ("awsaccesskeyid", "a")]), Code::InvalidArgument);
        assert_eq!(code(&[("x-amz-security-token", "t")]), Code::InvalidToken);
        let both = [four("s", "20151229T000000Z"), vec![("signature", "s")]].concat();
        assert_eq!(code(&both), Code::InvalidArgument);
    }
}
