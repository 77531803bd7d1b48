use domain::Identities;
use domain::row::ObjectRow;
use events::encryption::Method;
use events::ids::KmsKeyName;
use identity::{DataKey, DataKeyError, MasterKey, Sealer, Sealers, UnsealError, kms_key_context};

/// The label that sealed text has if a key of the key store sealed it.
pub const KMS_LABEL: &str = "kms";

/// Why the key of an object cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError<E> {
    /// The state cannot be read.
    #[error(transparent)]
    View(E),
    /// The client has the key (SSE-C), and gave it to nobody.
    #[error("it is encrypted with a key that only its client has (SSE-C)")]
    OfClient,
    /// The key of the key store is not there.
    #[error("the KMS key {0} does not exist")]
    NoSuchKmsKey(KmsKeyName),
    /// The key of the key store may not be used.
    #[error("the KMS key {0} is disabled")]
    KmsKeyDisabled(KmsKeyName),
    /// No master key that is there sealed it, or it is damaged.
    #[error("its key cannot be opened: {0}")]
    Unseal(#[from] UnsealError),
    /// The same.
    #[error("its key cannot be opened: {0}")]
    DataKey(#[from] DataKeyError),
    /// The key of the key store is none.
    #[error("the KMS key {0} is damaged")]
    KmsKeyDamaged(KmsKeyName),
}

/// The text that a sealed key is authenticated with: how it is sealed, and the client's encryption context.
pub fn seal_context(method: &Method) -> String {
    match method {
        Method::SseS3 => "sse-s3".to_owned(),
        Method::SseKms(kms) => format!("sse-kms:{}:{}", kms.kms_key, kms.context.as_deref().unwrap_or_default()),
        Method::SseC => "sse-c".to_owned(),
    }
}

/// Opens the key of an object that the region can open by itself; `None` if it is not encrypted.
///
/// # Errors
/// [`KeyError`].
pub fn open_key<V: Identities>(
    view: &V,
    sealers: &Sealers,
    object: &ObjectRow,
) -> Result<Option<DataKey>, KeyError<V::Error>> {
    let Some(encryption) = &object.encryption else { return Ok(None) };
    let (sealed, context) = (encryption.key.as_str(), seal_context(&encryption.method));
    match &encryption.method {
        Method::SseC => Err(KeyError::OfClient),
        Method::SseS3 => Ok(Some(DataKey::unseal(sealers.that_sealed(sealed)?, sealed, &context)?)),
        Method::SseKms(kms) => {
            let name = &kms.kms_key;
            let row = view.kms_key(name).map_err(KeyError::View)?;
            let row = row.ok_or_else(|| KeyError::NoSuchKmsKey(name.clone()))?;
            if !row.enabled {
                return Err(KeyError::KmsKeyDisabled(name.clone()));
            }
            let key = sealers.unseal(row.sealed.as_str(), &kms_key_context(name.as_str()))?;
            let key = MasterKey::parse(key.expose()).map_err(|_| KeyError::KmsKeyDamaged(name.clone()))?;
            let sealer = Sealer::labelled(&key, KMS_LABEL).map_err(|_| KeyError::KmsKeyDamaged(name.clone()))?;
            Ok(Some(DataKey::unseal(&sealer, sealed, &context)?))
        }
    }
}
