//! Passwords on their way in and out of the state.

use domain::{Identities, View};
use events::ids::{InvalidName, Sealed, UserId, UserName};
use events::user::Role;
use identity::{Asker, HashError, Password, Sealer, Secret, Tokens, Verdict, password_context};

use super::Admin;
use super::refusal::Refusal;

/// Somebody who typed the right password.
pub(super) struct Proven {
    pub(super) name: UserName,
    pub(super) id: UserId,
    pub(super) role: Role,
    /// The sealed hash that their password was compared with. Root has none.
    pub(super) password: Option<Sealed>,
}

impl Admin {
    /// Who has this name and password. What takes time is the same for everybody: root, users with and without a
    /// password, disabled ones, and names of nobody.
    pub(super) async fn prove(&self, name: &str, typed: Secret, asker: Asker) -> Result<Option<Proven>, Refusal> {
        let snapshot = self.0.ledger.read().await?;
        let root = &self.0.root;
        let has_roots_name = name == root.access_key || name == UserName::ROOT;
        let is_root = has_roots_name && typed == root.secret_key;
        let name = name.parse::<UserName>().ok().filter(|name| !name.is_root() && name.as_str() != root.access_key);
        let row = match &name {
            Some(name) => snapshot.user(name)?.filter(|row| row.enabled),
            None => None,
        };
        let stored = row.as_ref().and_then(|row| self.stored_hash(&row.id, row.password.as_ref()?));
        let verdict = match self.0.hasher.verify(typed, stored.as_ref().map(Secret::expose), asker).await {
            Err(HashError::Damaged) => {
                tracing::error!(user = ?name, "the password hash of a user is damaged: set a new password");
                return Ok(None);
            }
            verdict => verdict?,
        };
        if is_root {
            return Ok(Some(Proven { name: UserName::root(), id: UserId::root(), role: Role::Admin, password: None }));
        }
        let Verdict::Right { needs_rehash } = verdict else { return Ok(None) };
        if needs_rehash {
            tracing::info!(user = ?name, "the password hash has old parameters: hashing the password again");
        }
        Ok(name.zip(row).map(|(name, row)| Proven { name, id: row.id, role: row.role, password: row.password }))
    }

    /// The hash that was sealed for a user. One that cannot be unsealed fits no password.
    fn stored_hash(&self, id: &UserId, sealed: &Sealed) -> Option<Secret> {
        let unsealed = self.0.sealers.unseal(sealed.as_str(), &password_context(id.as_str()));
        unsealed.inspect_err(|error| tracing::error!(user = %id, %error, "a password hash cannot be unsealed")).ok()
    }

    /// The sealed hash of a new password.
    pub(super) async fn new_password(&self, name: &UserName, id: &UserId, wanted: Secret) -> Result<Sealed, Refusal> {
        let password = Password::new(wanted, name.as_str())?;
        let hash = self.0.hasher.hash(password, self.random()?).await?;
        self.seal(&hash, &password_context(id.as_str()))
    }

    /// What seals with the master key in use.
    pub(super) fn sealer(&self) -> Result<&Sealer, Refusal> {
        let number = self.0.ledger.latest().totals()?.keys.master_number();
        self.0.sealers.of(number).ok_or_else(|| {
            tracing::error!(number, "this gateway does not have the master key in use");
            Refusal::internal()
        })
    }

    /// What makes tokens with the master key in use.
    pub(super) fn tokens(&self) -> Result<&Tokens, Refusal> {
        let number = usize::try_from(self.0.ledger.latest().totals()?.keys.master_number());
        number.ok().and_then(|number| self.0.tokens.get(number)).ok_or_else(Refusal::internal)
    }

    /// Seals a secret for a command.
    pub(super) fn seal(&self, secret: &Secret, context: &str) -> Result<Sealed, Refusal> {
        let sealed = self.sealer()?.seal(secret.expose(), context, self.random()?);
        let sealed = sealed.map_err(|error| error.to_string());
        let sealed = sealed.and_then(|text| text.parse().map_err(|error: InvalidName| error.why.to_owned()));
        sealed.map_err(|error| {
            tracing::error!(error, "a secret cannot be sealed");
            Refusal::internal()
        })
    }
}
