//! Encryption in rows, which are encoded without field names: no field is omitted, and no variant is named.

use events::encryption::{DefaultEncryption, DefaultMethod, Encryption, KmsMethod, Method};
use events::ids::{KmsKeyName, Salt, Sealed};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
enum MethodForm {
    SseS3,
    SseKms(KmsKeyName, Option<String>, bool),
    SseC,
}

type Form = (MethodForm, Sealed, Option<Salt>);

#[expect(clippy::ref_option, reason = "serde calls it so")]
pub(in crate::row) fn serialize<S: Serializer>(
    encryption: &Option<Encryption>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let form: Option<Form> = encryption.as_ref().map(|encryption| {
        let method = match &encryption.method {
            Method::SseS3 => MethodForm::SseS3,
            Method::SseKms(kms) => MethodForm::SseKms(kms.kms_key.clone(), kms.context.clone(), kms.bucket_key),
            Method::SseC => MethodForm::SseC,
        };
        (method, encryption.key.clone(), encryption.salt.clone())
    });
    form.serialize(serializer)
}

pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Encryption>, D::Error> {
    let form: Option<Form> = Deserialize::deserialize(deserializer)?;
    Ok(form.map(|(method, key, salt)| {
        let method = match method {
            MethodForm::SseS3 => Method::SseS3,
            MethodForm::SseKms(kms_key, context, bucket_key) => {
                Method::SseKms(KmsMethod { kms_key, context, bucket_key })
            }
            MethodForm::SseC => Method::SseC,
        };
        Encryption { method, key, salt }
    }))
}

/// The default encryption of a bucket.
pub(in crate::row) mod by_default {
    use super::{DefaultEncryption, DefaultMethod, Deserialize, Deserializer, KmsKeyName, Serialize, Serializer};

    /// Whether it uses a KMS key, its name, and whether it uses a bucket key.
    type Form = (bool, Option<KmsKeyName>, bool);

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(in crate::row) fn serialize<S: Serializer>(
        default: &Option<DefaultEncryption>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let form: Option<Form> = default.as_ref().map(|default| match &default.by {
            DefaultMethod::SseS3 => (false, None, default.bucket_key),
            DefaultMethod::SseKms { kms_key } => (true, kms_key.clone(), default.bucket_key),
        });
        form.serialize(serializer)
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DefaultEncryption>, D::Error> {
        let form: Option<Form> = Deserialize::deserialize(deserializer)?;
        Ok(form.map(|(is_kms, kms_key, bucket_key)| {
            let by = if is_kms { DefaultMethod::SseKms { kms_key } } else { DefaultMethod::SseS3 };
            DefaultEncryption { by, bucket_key }
        }))
    }
}
