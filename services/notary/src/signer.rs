use events::ids::{NotaryKey, NotarySignature};
use futures_util::future::BoxFuture;

/// Who signs for the notary.
pub trait Signer: Send + Sync + 'static {
    /// The keys that it signs with, in the order in which they are put in use: at least one.
    fn keys(&self) -> &[NotaryKey];

    /// Signs a text with one of these keys.
    ///
    /// # Errors
    /// [`SignError`].
    fn sign<'a>(&'a self, key: NotaryKey, statement: &'a str) -> BoxFuture<'a, Result<NotarySignature, SignError>>;
}

/// Why something was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SignError(pub String);
