//! Secrets are kept apart from what happened: who reads the log for what happened is given none.

use crate::fact::Fact;
use crate::ids::{RegionName, Sealed};
use crate::secret::Kept;
use crate::user::{LoggedIn, LoggedOut};

/// The nouns whose facts hold secrets: sealed passwords and keys, ids of sessions, digests of their tokens. All else on
/// the log is fit for whoever may know what happened. A mirror for such readers leaves these out by subject,
/// `ps.<region>.<noun>.>`.
///
/// That holds from [`Fact::SECRETS_LEVEL`] on. What a region wrote before it reached that level held secrets in facts of
/// other nouns: such a mirror begins behind the `region.upgraded` that brought it there.
pub const SECRET_NOUNS: &[&str] = &["secret", "session"];

impl Fact {
    /// The secret in it, sealed, or what stands for one that is kept apart. No fact of other nouns than
    /// [`SECRET_NOUNS`] has more than one.
    pub(crate) fn secret(&self) -> Option<&Sealed> {
        match self {
            Self::UserCreated(fact) => fact.password.as_ref(),
            Self::UserPasswordChanged(fact) => fact.password.as_ref(),
            Self::KeyCreated(fact) => Some(&fact.secret),
            Self::KmsKeyCreated(fact) => Some(&fact.sealed),
            Self::ObjectCreated(fact) => fact.encryption.as_ref().map(|encryption| &encryption.key),
            Self::UploadCreated(fact) => fact.encryption.as_ref().map(|encryption| &encryption.key),
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
            _ => None,
        }
    }

    /// Whether its secret is in the event before it.
    pub fn lacks_secret(&self) -> bool {
        self.secret().is_some_and(Sealed::is_apart)
    }

    /// Parts what all may read from what few may: the fact that goes right before it, if there is one, and what it is
    /// itself from then on. A secret goes before what it is the secret of, and what all may know of a session before
    /// what few may: a session is never without a word.
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

    /// The fact with its secret, as it was before [`Self::part`].
    #[must_use]
    pub fn joined(mut self, with: &Sealed) -> Self {
        if let Some(secret) = self.secret_mut() {
            secret.clone_from(with);
        }
        self
    }
}
