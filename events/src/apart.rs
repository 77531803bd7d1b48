//! Separates secrets from other facts, so that consumers of the other facts receive none.

use crate::fact::Fact;
use crate::ids::{RegionName, Sealed};
use crate::secret::Kept;
use crate::user::{LoggedIn, LoggedOut};

/// The nouns whose facts hold secrets: sealed passwords and keys, ids of sessions, digests of their tokens. A consumer
/// that must not receive secrets gets a mirror of the log that leaves these nouns out by subject,
/// `ps.<region>.<noun>.>`.
///
/// This holds from [`Fact::SECRETS_LEVEL`] on. Before a region reached that level, facts of other nouns held secrets
/// too. So such a mirror begins after the `region.upgraded` that raised the region to that level.
pub const SECRET_NOUNS: &[&str] = &["secret", "session"];

impl Fact {
    /// The fact's sealed secret, or the placeholder for one that is kept apart. No fact of a noun outside
    /// [`SECRET_NOUNS`] has more than one.
    pub(crate) fn secret(&self) -> Option<&Sealed> {
        match self {
            Self::UserCreated(fact) => fact.password.as_ref(),
            Self::UserPasswordChanged(fact) => fact.password.as_ref(),
            Self::KeyCreated(fact) => Some(&fact.secret),
            Self::KmsKeyCreated(fact) => Some(&fact.sealed),
            Self::ObjectCreated(fact) => fact.encryption.as_ref().map(|encryption| &encryption.key),
            Self::UploadCreated(fact) => fact.encryption.as_ref().map(|encryption| &encryption.key),
            Self::LinkAdded(fact) => Some(&fact.secret),
            Self::TargetCreated(fact) => fact.secret.as_ref(),
            Self::TargetChanged(fact) => fact.secret.as_ref(),
            _ => None,
        }
    }

    fn secret_mut(&mut self) -> Option<&mut Sealed> {
        match self {
            Self::UserCreated(fact) => fact.password.as_mut(),
            Self::UserPasswordChanged(fact) => fact.password.as_mut(),
            Self::KeyCreated(fact) => Some(&mut fact.secret),
            Self::KmsKeyCreated(fact) => Some(&mut fact.sealed),
            Self::ObjectCreated(fact) => fact.encryption.as_mut().map(|encryption| &mut encryption.key),
            Self::UploadCreated(fact) => fact.encryption.as_mut().map(|encryption| &mut encryption.key),
            Self::LinkAdded(fact) => Some(&mut fact.secret),
            Self::TargetCreated(fact) => fact.secret.as_mut(),
            Self::TargetChanged(fact) => fact.secret.as_mut(),
            _ => None,
        }
    }

    /// Whether the fact's secret is in the previous event.
    pub fn lacks_secret(&self) -> bool {
        self.secret().is_some_and(Sealed::is_apart)
    }

    /// Whether the whole fact is for the store itself, because of its noun.
    pub fn is_for_the_store(&self) -> bool {
        SECRET_NOUNS.contains(&self.kind().noun)
    }

    /// Whether the fact, of whatever noun, has a sealed secret in itself. Facts of ordinary nouns had before their region
    /// reached [`Self::SECRETS_LEVEL`], and the log is never rewritten.
    pub fn holds_secret(&self) -> bool {
        self.secret().is_some_and(|secret| !secret.is_apart())
    }

    /// The fact with the placeholder of a secret that is kept apart in place of its secret. It cannot be joined again.
    #[must_use]
    pub fn without_secret(mut self) -> Self {
        if let Some(secret) = self.secret_mut() {
            *secret = Sealed::apart();
        }
        self
    }

    /// Splits a fact with a secret into two: the fact to write right before it, if there is one, and the rest. A secret
    /// is written before the fact it belongs to, and the public fact of a session before the secret one, so that no
    /// session exists without a public fact.
    #[must_use]
    pub fn part(mut self, region: &RegionName) -> (Option<Self>, Self) {
        let before = match &self {
            Self::SessionOpened(fact) => Some(Self::UserLoggedIn(LoggedIn { user: fact.user.clone() })),
            Self::SessionRevoked(fact) => {
                Some(Self::UserLoggedOut(LoggedOut { user: fact.user.clone(), all: fact.session.is_none() }))
            }
            _ => self.secret_mut().filter(|secret| !secret.is_apart()).map(|secret| {
                let secret = std::mem::replace(secret, Sealed::apart());
                Self::SecretKept(Kept { region: region.clone(), secret })
            }),
        };
        (before, self)
    }

    /// Puts the secret back: the inverse of [`Self::part`].
    #[must_use]
    pub fn joined(mut self, with: &Sealed) -> Self {
        if let Some(secret) = self.secret_mut() {
            secret.clone_from(with);
        }
        self
    }
}
