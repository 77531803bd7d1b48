use events::ids::{NotaryKey, NotarySignature};
use futures_util::future::BoxFuture;
use identity::NotarySecret;

use crate::{SignError, Signer};

/// Keys that this process holds.
#[derive(Debug)]
pub struct HeldKeys {
    secrets: Vec<NotarySecret>,
    keys: Vec<NotaryKey>,
}

impl HeldKeys {
    /// These keys, in the order in which they are put in use.
    pub fn new(secrets: Vec<NotarySecret>) -> Self {
        let keys = secrets.iter().map(|secret| NotaryKey(secret.public_key())).collect();
        Self { secrets, keys }
    }
}

impl Signer for HeldKeys {
    fn keys(&self) -> &[NotaryKey] {
        &self.keys
    }

    fn sign<'a>(&'a self, key: NotaryKey, statement: &'a str) -> BoxFuture<'a, Result<NotarySignature, SignError>> {
        let secret = self.secrets.iter().find(|secret| secret.public_key() == key.0);
        let signature = secret.map(|secret| NotarySignature(secret.sign(statement.as_bytes())));
        let signature = signature.ok_or_else(|| SignError(format!("this process does not hold the key {key}")));
        Box::pin(std::future::ready(signature))
    }
}
