//! Encryption at rest: which key an object gets, which key seals that one, and who may have it opened.

use domain::row::{BucketRow, ObjectRow, UploadRow};
use domain::{Command, Identities, IdentityCommand, View};
use events::encryption::{DefaultEncryption, DefaultMethod, Encryption, KmsMethod, Method};
use events::ids::{ETag, KmsKeyName, Md5Digest, Salt, Sealed};
use http::{HeaderMap, HeaderName, HeaderValue};
use identity::{DataKey, DataKeyError, MasterKey, NONCE_BYTES, Sealer, kms_key_context};
use ledger::Snapshot;
use plaintext::{KMS_LABEL, seal_context};
use s3::request::{
    AES256, AWS_KMS, BUCKET_KEY_ENABLED, CUSTOMER_ALGORITHM, CUSTOMER_KEY_MD5, CustomerKey, ENCRYPTION, KMS_KEY_ID,
    NewEncryption,
};
use s3::{Code, Error};

use crate::authorization::Granted;
use crate::failure::Failure;
use crate::reply;
use crate::request::Request;

/// The label that sealed text has if the key of a client sealed it.
const CUSTOMER_LABEL: &str = "customer";

/// How the bytes of one new object are encrypted.
pub(crate) struct Protection {
    method: Method,
    key: DataKey,
    sealed: Sealed,
    customer: Option<CustomerKey>,
}

impl Protection {
    /// How a new object in a bucket is encrypted, if at all: as the request says, or else by the bucket's default.
    /// `key`: the key of the object whose bytes it shares, if it shares any.
    pub(crate) async fn of_new_object(
        call: &Granted<'_>,
        bucket: &BucketRow,
        wanted: Option<&NewEncryption>,
        key: Option<DataKey>,
    ) -> Result<Option<Self>, Failure> {
        let snapshot = call.latest();
        let default = match wanted {
            None if bucket.settings != 0 => snapshot.bucket_settings(bucket.id)?.encryption,
            _ => None,
        };
        let Some((method, customer)) = method(wanted, default)? else { return Ok(None) };
        let sealer = Sealing::of(call, &snapshot, &method, customer.as_ref()).await?;
        let key = match key {
            Some(key) => key,
            None => DataKey::new(random(call)?),
        };
        let sealed = key.seal(sealer.to_seal(call)?, &seal_context(&method), random::<NONCE_BYTES>(call)?);
        let sealed = sealed.ok().and_then(|sealed| sealed.parse().ok()).ok_or_else(internal)?;
        Ok(Some(Self { method, key, sealed, customer }))
    }

    /// How the bytes of a part are encrypted, if at all: as its upload is.
    pub(crate) async fn of_part(
        call: &Granted<'_>,
        upload: &UploadRow,
        customer: Option<CustomerKey>,
    ) -> Result<Option<Self>, Failure> {
        let takes_key = upload.encryption.as_ref().is_some_and(|encryption| encryption.method == Method::SseC);
        if customer.is_some() && !takes_key {
            let message = "The multipart upload initiate did not request encryption. Please resend the request \
                           without the encryption parameters.";
            return Err(Error::invalid_request(message).into());
        }
        let Some(encryption) = &upload.encryption else { return Ok(None) };
        if encryption.method == Method::SseC && customer.is_none() {
            let message = "The multipart upload initiate requested encryption. Subsequent part requests must include \
                           the appropriate encryption parameters.";
            return Err(Error::invalid_request(message).into());
        }
        let key = open(call, encryption, customer.as_ref()).await?;
        let Encryption { method, key: sealed, .. } = encryption.clone();
        Ok(Some(Self { method, key, sealed, customer }))
    }

    /// How bytes that are appended to an object are encrypted, if at all: as the object is. `wanted`: the request's
    /// encryption, if it names any.
    pub(crate) async fn of_appended(
        call: &Granted<'_>,
        object: &ObjectRow,
        wanted: Option<&NewEncryption>,
    ) -> Result<Option<Self>, Failure> {
        let method = object.encryption.as_ref().map(|encryption| &encryption.method);
        let agrees = match (wanted, method) {
            (None, _)
            | (Some(NewEncryption::SseS3), Some(Method::SseS3))
            | (Some(NewEncryption::SseC(_)), Some(Method::SseC)) => true,
            (Some(NewEncryption::SseKms { key_id, .. }), Some(Method::SseKms(kms))) => {
                let key = key_id.as_deref().map(kms_key_name).transpose()?;
                key.is_none_or(|key| key == kms.kms_key)
            }
            _ => false,
        };
        if !agrees {
            return Err(Error::new(Code::EncryptionTypeMismatch).into());
        }
        let customer = match wanted {
            Some(NewEncryption::SseC(key)) => Some(key.clone()),
            _ => None,
        };
        let key = open_object(call, object, customer.as_ref()).await?;
        let (Some(key), Some(encryption)) = (key, object.encryption.clone()) else { return Ok(None) };
        let Encryption { method, key: sealed, .. } = encryption;
        Ok(Some(Self { method, key, sealed, customer }))
    }

    /// Whether the store must hide everything that lets a caller test guesses at the plaintext.
    pub(crate) fn hides_plaintext(&self) -> bool {
        hides_plaintext(&self.method)
    }

    /// The entity tag of bytes with an MD5: the MD5 itself, unless that would reveal hidden plaintext.
    pub(crate) fn tag(&self, md5: Md5Digest) -> Md5Digest {
        if self.hides_plaintext() { Md5Digest(self.key.tag(&md5.0)) } else { md5 }
    }

    pub(crate) fn key(&self) -> &DataKey {
        &self.key
    }

    /// The encryption as the fact records it.
    pub(crate) fn encryption(&self, salt: Option<Salt>) -> Encryption {
        Encryption { method: self.method.clone(), key: self.sealed.clone(), salt }
    }

    pub(crate) fn insert_headers(&self, headers: &mut HeaderMap) -> Result<(), Error> {
        insert_headers(headers, &self.method, self.customer.as_ref())
    }
}

fn hides_plaintext(method: &Method) -> bool {
    *method != Method::SseS3
}

type Asked = (Method, Option<CustomerKey>);

fn method(wanted: Option<&NewEncryption>, default: Option<DefaultEncryption>) -> Result<Option<Asked>, Error> {
    let kms = |key: Option<KmsKeyName>, context, bucket_key| {
        let kms_key = key.unwrap_or_else(KmsKeyName::default_key);
        Method::SseKms(KmsMethod { kms_key, context, bucket_key })
    };
    Ok(match (wanted, default) {
        (Some(NewEncryption::SseS3), _) | (None, Some(DefaultEncryption { by: DefaultMethod::SseS3, .. })) => {
            Some((Method::SseS3, None))
        }
        (Some(NewEncryption::SseKms { key_id, context, bucket_key }), _) => {
            let key = key_id.as_deref().map(kms_key_name).transpose()?;
            Some((kms(key, context.clone(), bucket_key.unwrap_or_default()), None))
        }
        (Some(NewEncryption::SseC(key)), _) => Some((Method::SseC, Some(key.clone()))),
        (None, Some(DefaultEncryption { by: DefaultMethod::SseKms { kms_key }, bucket_key })) => {
            Some((kms(kms_key, None, bucket_key), None))
        }
        (None, None) => None,
    })
}

/// Parses how S3 names a KMS key: by its name, or by the ARN of a key or an alias.
pub(crate) fn kms_key_name(id: &str) -> Result<KmsKeyName, Error> {
    let resource = id.strip_prefix("arn:").and_then(|arn| arn.splitn(5, ':').nth(4)).unwrap_or(id);
    let name = resource.strip_prefix("key/").or_else(|| resource.strip_prefix("alias/")).unwrap_or(resource);
    name.parse().map_err(|_| no_such_kms_key(id))
}

fn no_such_kms_key(id: &str) -> Error {
    Error::with_message(Code::KmsNotFound, format!("The KMS key '{id}' does not exist."))
}

/// Opens the key of an object for a caller who may read it.
pub(crate) async fn open_object(
    call: &Granted<'_>,
    object: &ObjectRow,
    customer: Option<&CustomerKey>,
) -> Result<Option<DataKey>, Failure> {
    match &object.encryption {
        Some(encryption) if encryption.method == Method::SseC && customer.is_none() => {
            let message = "The object was stored using a form of Server Side Encryption. The correct parameters must be \
                           provided to retrieve the object.";
            Err(Error::invalid_request(message).into())
        }
        Some(encryption) if encryption.method == Method::SseC || customer.is_none() => {
            open(call, encryption, customer).await.map(Some)
        }
        None if customer.is_none() => Ok(None),
        _ => Err(Error::invalid_request("The encryption parameters are not applicable to this object.").into()),
    }
}

async fn open(call: &Granted<'_>, encryption: &Encryption, customer: Option<&CustomerKey>) -> Result<DataKey, Failure> {
    let method = &encryption.method;
    let sealer = Sealing::of(call, &call.latest(), method, customer).await?;
    let sealed = encryption.key.as_str();
    let opened = sealer.to_open(call, sealed).and_then(|sealer| DataKey::unseal(sealer, sealed, &seal_context(method)));
    opened.map_err(|error| {
        if *method == Method::SseC {
            let message = "The provided encryption parameters did not match the ones used originally.";
            return Error::invalid_request(message).into();
        }
        tracing::error!(%error, "the key of an object cannot be opened");
        internal().into()
    })
}

/// The key that seals the keys of objects.
enum Sealing {
    /// The region's master key, with the number of the one in use.
    Region(u32),
    /// Another key.
    Other(Sealer),
}

impl Sealing {
    fn to_seal<'a>(&'a self, request: &'a Request<'_>) -> Result<&'a Sealer, Error> {
        match self {
            Self::Region(number) => request.gateway.0.options.sealers.of(*number).ok_or_else(internal),
            Self::Other(sealer) => Ok(sealer),
        }
    }

    /// A former master key is kept, and opens everything that it sealed.
    fn to_open<'a>(&'a self, request: &'a Request<'_>, sealed: &str) -> Result<&'a Sealer, DataKeyError> {
        match self {
            Self::Region(_) => Ok(request.gateway.0.options.sealers.that_sealed(sealed)?),
            Self::Other(sealer) => Ok(sealer),
        }
    }

    async fn of(
        call: &Granted<'_>,
        snapshot: &Snapshot,
        method: &Method,
        customer: Option<&CustomerKey>,
    ) -> Result<Self, Failure> {
        let (key, label) = match method {
            Method::SseS3 => return Ok(Self::Region(snapshot.totals()?.keys.master_number())),
            Method::SseKms(kms) => (kms_key(call, snapshot, &kms.kms_key).await?, KMS_LABEL),
            Method::SseC => (MasterKey::new(*customer.ok_or_else(internal)?.expose()), CUSTOMER_LABEL),
        };
        Sealer::labelled(&key, label).map(Self::Other).map_err(|_| internal().into())
    }
}

/// A key of the key store. The default key is created when it is first needed.
async fn kms_key(call: &Granted<'_>, snapshot: &Snapshot, name: &KmsKeyName) -> Result<MasterKey, Failure> {
    let row = match snapshot.kms_key(name)? {
        None if *name == KmsKeyName::default_key() => {
            make_default_key(call, name).await?;
            call.latest().kms_key(name)?
        }
        found => found,
    };
    let row = row.ok_or_else(|| no_such_kms_key(name.as_str()))?;
    if !row.enabled {
        return Err(Error::with_message(Code::KmsDisabled, format!("The KMS key '{name}' is disabled.")).into());
    }
    let opened = call.gateway.0.options.sealers.unseal(row.sealed.as_str(), &kms_key_context(name.as_str()));
    let opened = opened.map_err(|error| {
        tracing::error!(%error, key = %name, "a KMS key cannot be opened");
        internal()
    })?;
    MasterKey::parse(opened.expose()).map_err(|_| internal().into())
}

async fn make_default_key(call: &Granted<'_>, name: &KmsKeyName) -> Result<(), Failure> {
    let number = call.latest().totals()?.keys.master_number();
    let sealer = call.gateway.0.options.sealers.of(number).ok_or_else(internal)?;
    let sealed = sealer.fresh_kms_key(name.as_str(), random(call)?, random(call)?);
    let sealed = sealed.ok().and_then(|sealed| sealed.parse().ok()).ok_or_else(internal)?;
    let command = IdentityCommand::CreateKmsKey { name: name.clone(), sealed };
    match call.commit(Command::Identity(Box::new(command))).await {
        Ok(_) => Ok(()),
        // Another request has just created the key, which is as good.
        Err(_) if call.read().await?.kms_key(name)?.is_some() => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Random bytes that are fit for keys.
pub(crate) fn random<const N: usize>(request: &Request<'_>) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    if (request.gateway.0.options.random)(&mut bytes) {
        return Ok(bytes);
    }
    tracing::error!("the system provides no randomness");
    Err(internal())
}

fn internal() -> Error {
    Error::new(Code::InternalError)
}

/// The entity tag of an object that shares the bytes of another one. The source's tag may reveal too much about the
/// plaintext.
pub(crate) fn etag_of_copy(source: &ObjectRow, target: &Protection) -> ETag {
    let tells = source.encryption.as_ref().is_none_or(|encryption| !hides_plaintext(&encryption.method));
    if tells { ETag { md5: target.tag(source.etag.md5), ..source.etag } } else { source.etag }
}

/// Inserts the headers that say how an object is encrypted.
pub(crate) fn insert_headers(
    headers: &mut HeaderMap,
    method: &Method,
    customer: Option<&CustomerKey>,
) -> Result<(), Error> {
    let mut insert = |name: &'static str, value: HeaderValue| headers.insert(HeaderName::from_static(name), value);
    match (method, customer) {
        (Method::SseS3, _) => drop(insert(ENCRYPTION, HeaderValue::from_static(AES256))),
        (Method::SseKms(kms), _) => {
            insert(ENCRYPTION, HeaderValue::from_static(AWS_KMS));
            insert(KMS_KEY_ID, reply::value(kms.kms_key.as_str())?);
            if kms.bucket_key {
                insert(BUCKET_KEY_ENABLED, HeaderValue::from_static("true"));
            }
        }
        (Method::SseC, Some(key)) => {
            insert(CUSTOMER_ALGORITHM, HeaderValue::from_static(AES256));
            insert(CUSTOMER_KEY_MD5, reply::value(key.md5())?);
        }
        (Method::SseC, None) => {}
    }
    Ok(())
}
