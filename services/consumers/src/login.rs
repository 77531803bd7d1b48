//! Passwords of consumers, and the key pair of those who judge them.

use events::ids::LoginKey;
use identity::{NATS_KEY_BYTES, NatsKey, NatsKeyError, Secret, nats_password};

/// A fresh login of a consumer.
#[derive(Debug)]
pub struct Login {
    /// The password, which is stored nowhere.
    pub password: Secret,
    /// The public key that belongs to it.
    pub key: LoginKey,
}

impl Login {
    /// A login of fresh random bytes.
    ///
    /// # Errors
    /// [`NatsKeyError`] if the library makes no key of them.
    pub fn new(random: &[u8; NATS_KEY_BYTES]) -> Result<Self, NatsKeyError> {
        let password = nats_password(random);
        let key = public(password.expose()).ok_or(NatsKeyError)?;
        Ok(Self { password, key })
    }
}

/// Whether a password belongs to a public key.
pub(crate) fn is_right(password: &str, key: &LoginKey) -> bool {
    public(password).as_ref() == Some(key)
}

fn public(password: &str) -> Option<LoginKey> {
    NatsKey::user(password).ok()?.public().parse().ok()
}

/// The key pair with which gateways sign what a consumer may do. NATS servers have its public key in their
/// configuration.
#[derive(Debug)]
pub struct Issuer(NatsKey);

impl Issuer {
    /// The key pair of a seed, which all gateways of a region have.
    ///
    /// # Errors
    /// [`NatsKeyError`] if the library makes no key of it.
    pub fn new(seed: &[u8; NATS_KEY_BYTES]) -> Result<Self, NatsKeyError> {
        NatsKey::account(seed).map(Self)
    }

    /// The public key.
    pub fn public(&self) -> String {
        self.0.public()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_belongs_to_its_own_key_alone() {
        let [one, other] = [1, 2].map(|byte| Login::new(&[byte; NATS_KEY_BYTES]).unwrap());
        assert!(is_right(one.password.expose(), &one.key));
        assert!(!is_right(other.password.expose(), &one.key));
        assert!(!is_right("", &one.key) && !is_right(one.key.as_str(), &one.key));
        assert!(!format!("{one:?}").contains(one.password.expose()));
    }
}
