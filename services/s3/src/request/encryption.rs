//! The encryption at rest that a request asks for.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use crate::error::{Code, Error};
use crate::request::Head;

/// `x-amz-server-side-encryption`: the encryption of an object.
pub const ENCRYPTION: &str = "x-amz-server-side-encryption";
/// The key that SSE-KMS seals with.
pub const KMS_KEY_ID: &str = "x-amz-server-side-encryption-aws-kms-key-id";
/// Whether SSE-KMS uses a bucket key.
pub const BUCKET_KEY_ENABLED: &str = "x-amz-server-side-encryption-bucket-key-enabled";
/// The algorithm of SSE-C, as responses repeat it.
pub const CUSTOMER_ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";
/// The MD5 of the customer's key, as responses repeat it.
pub const CUSTOMER_KEY_MD5: &str = "x-amz-server-side-encryption-customer-key-md5";
const CONTEXT: &str = "x-amz-server-side-encryption-context";

/// The only algorithm.
pub const AES256: &str = "AES256";
/// The value of [`ENCRYPTION`] for SSE-KMS.
pub const AWS_KMS: &str = "aws:kms";

/// The length of a customer's key, in bytes.
pub const CUSTOMER_KEY_BYTES: usize = 32;

/// The longest encryption context in its Base64 form, in bytes.
const CONTEXT_BYTES_MAX: usize = 2048;

/// The encryption of a new object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewEncryption {
    /// SSE-S3.
    SseS3,
    /// SSE-KMS.
    SseKms {
        /// The key's id as it was sent; the default key if absent.
        key_id: Option<String>,
        /// The encryption context: a JSON object of texts, in Base64.
        context: Option<String>,
        /// `x-amz-server-side-encryption-bucket-key-enabled`.
        bucket_key: Option<bool>,
    },
    /// SSE-C.
    SseC(CustomerKey),
}

/// A key that the customer sends. `Debug` hides it, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerKey {
    key: Zeroizing<[u8; CUSTOMER_KEY_BYTES]>,
    md5: String,
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(..)")
    }
}

/// The three headers of SSE-C.
struct Names {
    algorithm: &'static str,
    key: &'static str,
    md5: &'static str,
}

const OF_OBJECT: Names =
    Names { algorithm: CUSTOMER_ALGORITHM, key: "x-amz-server-side-encryption-customer-key", md5: CUSTOMER_KEY_MD5 };

const OF_COPY_SOURCE: Names = Names {
    algorithm: "x-amz-copy-source-server-side-encryption-customer-algorithm",
    key: "x-amz-copy-source-server-side-encryption-customer-key",
    md5: "x-amz-copy-source-server-side-encryption-customer-key-md5",
};

impl CustomerKey {
    /// The key of the object that is written or read.
    ///
    /// # Errors
    /// `InvalidArgument` for a header that is missing or does not fit the others, `InvalidEncryptionAlgorithmError`.
    pub fn parse(head: &Head<'_>) -> Result<Option<Self>, Error> {
        Self::named(head, &OF_OBJECT)
    }

    /// The key of the object that is copied.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_copy_source(head: &Head<'_>) -> Result<Option<Self>, Error> {
        Self::named(head, &OF_COPY_SOURCE)
    }

    fn named(head: &Head<'_>, names: &Names) -> Result<Option<Self>, Error> {
        let (algorithm, key, md5) = (head.text(names.algorithm)?, head.text(names.key)?, head.text(names.md5)?);
        if algorithm.is_none() && key.is_none() && md5.is_none() {
            return Ok(None);
        }
        let missing = |what| {
            let message =
                format!("Requests specifying Server Side Encryption with Customer provided keys must provide {what}.");
            Error::with_message(Code::InvalidArgument, message)
        };
        let wrong = |message: &'static str, name: &'static str| Error::invalid_argument(message, name, "");
        match algorithm {
            None => return Err(missing("a valid encryption algorithm")),
            Some(AES256) => {}
            Some(other) => {
                let error = Error::new(Code::InvalidEncryptionAlgorithmError);
                return Err(error.detail("ArgumentName", names.algorithm).detail("ArgumentValue", other));
            }
        }
        let key = key.ok_or_else(|| missing("an appropriate secret key"))?;
        let md5 = md5.ok_or_else(|| missing("the client calculated MD5 of the secret key"))?;
        let bytes = Zeroizing::new(STANDARD.decode(key).unwrap_or_default());
        let mut key = Zeroizing::new([0; CUSTOMER_KEY_BYTES]);
        if bytes.len() != key.len() {
            return Err(wrong("The secret key was invalid for the specified algorithm.", names.key));
        }
        key.copy_from_slice(&bytes);
        if STANDARD.decode(md5).ok().as_deref() != Some(Md5::digest(key.as_slice()).as_slice()) {
            return Err(wrong(
                "The calculated MD5 hash of the key did not match the hash that was provided.",
                names.md5,
            ));
        }
        Ok(Some(Self { key, md5: md5.to_owned() }))
    }

    /// The key itself. The caller is responsible for where it goes.
    pub fn expose(&self) -> &[u8; CUSTOMER_KEY_BYTES] {
        &self.key
    }

    /// The MD5 of the key in Base64, as it was sent and is returned.
    pub fn md5(&self) -> &str {
        &self.md5
    }
}

impl NewEncryption {
    /// Parses the encryption that a request for a new object or upload specifies.
    ///
    /// # Errors
    /// `InvalidArgument` for unknown or contradictory values, and those of [`CustomerKey::parse`].
    pub fn parse(head: &Head<'_>) -> Result<Option<Self>, Error> {
        let method = head.text(ENCRYPTION)?;
        let of_kms = [KMS_KEY_ID, CONTEXT, BUCKET_KEY_ENABLED];
        let is_kms = method == Some(AWS_KMS);
        for name in of_kms {
            // A bucket key may be requested with the bucket's default encryption, which may be SSE-KMS.
            let is_out_of_place = head.text(name)?.is_some() && !is_kms && (name != BUCKET_KEY_ENABLED);
            if is_out_of_place {
                let message = "Server Side Encryption with AWS KMS managed key requires HTTP header \
                               x-amz-server-side-encryption : aws:kms";
                return Err(Error::invalid_argument(message, name, ""));
            }
        }
        let customer = CustomerKey::parse(head)?;
        match (method, customer) {
            (None, None) => Ok(None),
            (None, Some(key)) => Ok(Some(Self::SseC(key))),
            (Some(method), Some(_)) => Err(Error::invalid_argument(
                "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
                ENCRYPTION,
                method,
            )),
            (Some(AES256), None) => Ok(Some(Self::SseS3)),
            (Some(AWS_KMS), None) => Ok(Some(Self::SseKms {
                key_id: head.text(KMS_KEY_ID)?.filter(|id| !id.is_empty()).map(str::to_owned),
                context: context(head)?,
                bucket_key: bucket_key(head)?,
            })),
            (Some(other), None) => {
                let message = "The encryption method specified is not supported";
                Err(Error::invalid_argument(message, ENCRYPTION, other))
            }
        }
    }
}

fn context(head: &Head<'_>) -> Result<Option<String>, Error> {
    let Some(text) = head.text(CONTEXT)? else { return Ok(None) };
    let malformed =
        || Error::invalid_argument("The encryption context must be Base64 of a JSON object of texts", CONTEXT, text);
    if text.len() > CONTEXT_BYTES_MAX {
        return Err(malformed());
    }
    let decoded = STANDARD.decode(text).map_err(|_| malformed())?;
    let pairs: Result<BTreeMap<String, String>, _> = serde_json::from_slice(&decoded);
    pairs.map(|_| Some(text.to_owned())).map_err(|_| malformed())
}

fn bucket_key(head: &Head<'_>) -> Result<Option<bool>, Error> {
    match head.text(BUCKET_KEY_ENABLED)? {
        None => Ok(None),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(other) => Err(Error::invalid_argument("The value must be true or false", BUCKET_KEY_ENABLED, other)),
    }
}

/// Refuses a read with the encryption headers of a write.
pub(crate) fn refuse_on_read(head: &Head<'_>) -> Result<(), Error> {
    for name in [ENCRYPTION, KMS_KEY_ID, CONTEXT, BUCKET_KEY_ENABLED] {
        if let Some(value) = head.text(name)? {
            return Err(Error::invalid_argument(
                format!("{name} header is not supported for this operation."),
                name,
                value,
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use http::{HeaderMap, HeaderName, HeaderValue};

    const KEY: &str = "pO3upElrwuEXSoFwCfnZPdSsmt/xWeFa0N9KgDijwVs=";
    const MD5: &str = "DWygnHRtgiJ77HCm+1rvHw==";

    fn parsed(headers: &[(&'static str, &str)]) -> Result<Option<NewEncryption>, Code> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let query = Query::parse(None).unwrap();
        NewEncryption::parse(&Head::new(&map, &query)).map_err(|error| error.code())
    }

    #[test]
    fn each_kind_is_read() {
        assert_eq!(parsed(&[]), Ok(None));
        assert_eq!(parsed(&[(ENCRYPTION, "AES256")]), Ok(Some(NewEncryption::SseS3)));
        let kms = NewEncryption::SseKms {
            key_id: Some("k1".into()),
            context: Some("eyJhIjoiYiJ9".into()),
            bucket_key: Some(true),
        };
        let asked =
            [(ENCRYPTION, "aws:kms"), (KMS_KEY_ID, "k1"), (CONTEXT, "eyJhIjoiYiJ9"), (BUCKET_KEY_ENABLED, "True")];
        assert_eq!(parsed(&asked), Ok(Some(kms)));
        let asked = parsed(&[(OF_OBJECT.algorithm, AES256), (OF_OBJECT.key, KEY), (OF_OBJECT.md5, MD5)]);
        let Ok(Some(NewEncryption::SseC(key))) = asked else { panic!("{asked:?}") };
        assert_eq!((STANDARD.encode(key.expose()).as_str(), key.md5()), (KEY, MD5));
        assert_eq!(format!("{key:?}"), "CustomerKey(..)");
    }

    #[test]
    fn what_lacks_something_or_contradicts_itself_is_refused() {
        let (algorithm, key, md5) = ((OF_OBJECT.algorithm, AES256), (OF_OBJECT.key, KEY), (OF_OBJECT.md5, MD5));
        for headers in [
            &[algorithm][..],
            &[algorithm, key],
            &[algorithm, md5],
            &[key, md5],
            &[algorithm, (OF_OBJECT.key, "AAAA"), md5],
            &[algorithm, key, (OF_OBJECT.md5, "AAAAAAAAAAAAAAAAAAAAAA==")],
            &[algorithm, key, md5, (ENCRYPTION, AES256)],
            &[(ENCRYPTION, "aes:kms")],
            &[(ENCRYPTION, "")],
            &[(ENCRYPTION, AES256), (KMS_KEY_ID, "k1")],
            &[(KMS_KEY_ID, "k1")],
            &[(ENCRYPTION, AWS_KMS), (CONTEXT, "?")],
            &[(ENCRYPTION, AWS_KMS), (CONTEXT, "e25vIEpTT059")], // {no JSON}
            &[(ENCRYPTION, AWS_KMS), (CONTEXT, "eyJhIjp7fX0=")], // {"a":{}}
            &[(ENCRYPTION, AWS_KMS), (BUCKET_KEY_ENABLED, "perhaps")],
        ] {
            assert_eq!(parsed(headers), Err(Code::InvalidArgument), "{headers:?}");
        }
        let other = parsed(&[(OF_OBJECT.algorithm, "AES192"), key, md5]);
        assert_eq!(other, Err(Code::InvalidEncryptionAlgorithmError));
    }
}
