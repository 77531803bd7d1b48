//! Seals secrets again that are sealed with a former master key: passwords, the secret halves of access keys, and the
//! keys of the key store. Keys of objects are not sealed again: each says which master key sealed it, and that one is
//! kept to open it.
//!
//! The remaining secrets are found in the state, so a crash at any point loses nothing, and any number of gateways may
//! do this.

use std::sync::Arc;
use std::time::Duration;

use domain::row::{TargetRow, UserRow};
use domain::{
    Command, Identities, IdentityCommand, LinkCommand, RESEALED_KEYS_MAX, Reseal, TARGETS_MAX, TargetCommand, View,
};
use events::Origin;
use events::ids::{AccessKeyId, AuthType, KmsKeyName, MasterKeyId, Principal, Sealed, UserName};
use identity::{NONCE_BYTES, Sealers, key_context, kms_key_context, link_context, password_context, target_context};
use ledger::{CommitError, Ledger, Progress, ReadError, Snapshot, StateError};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

/// How often to check whether another master key is in use.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Users, or keys of the key store, read at once.
const PAGE_ROWS: usize = 256;

/// The cause that the log names.
const PRINCIPAL: &str = "reseal";

/// The number of secrets that are still sealed with former master keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub(crate) struct Left {
    /// Password hashes.
    pub(crate) passwords: u64,
    /// Secret keys of access keys.
    pub(crate) access_keys: u64,
    /// KMS keys.
    pub(crate) kms_keys: u64,
    /// Keys of targets of events.
    pub(crate) targets: u64,
    /// Keys of links to other regions.
    pub(crate) links: u64,
}

impl Left {
    pub(crate) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// Why not all secrets could be sealed again now. The next attempt continues.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("the system provides no randomness, or the cipher fails")]
    Seal,
    #[error("this gateway does not have the master key {0}, which is in use")]
    NotHeld(u32),
}

/// Whether a secret is sealed with a key other than this one.
fn is_left(sealed: &Sealed, key: &str) -> bool {
    sealed.sealed_under() != Some(key)
}

/// Counts the secrets that are not sealed with this master key.
pub(crate) fn left(snapshot: &Snapshot, key: MasterKeyId) -> Result<Left, StateError> {
    let key = key.to_string();
    let mut left = Left::default();
    let mut after: Option<UserName> = None;
    loop {
        let users = snapshot.list_users(after.as_ref(), PAGE_ROWS)?;
        let Some((last, _)) = users.last() else { break };
        after = Some(last.clone());
        for (name, row) in &users {
            left.passwords += u64::from(row.password.as_ref().is_some_and(|sealed| is_left(sealed, &key)));
            for id in snapshot.keys_of(name, None, usize::MAX)? {
                let row = snapshot.key(&id)?;
                left.access_keys += u64::from(row.is_some_and(|row| is_left(&row.secret, &key)));
            }
        }
    }
    let mut after: Option<KmsKeyName> = None;
    loop {
        let keys = snapshot.list_kms_keys(after.as_ref(), PAGE_ROWS)?;
        let Some((last, _)) = keys.last() else { break };
        after = Some(last.clone());
        left.kms_keys += keys.iter().filter(|(_, row)| is_left(&row.sealed, &key)).count() as u64;
    }
    let targets = snapshot.list_targets(None, TARGETS_MAX)?;
    left.links = snapshot.links()?.iter().filter(|(_, row)| is_left(&row.secret, &key)).count() as u64;
    let is_left = |row: &TargetRow| row.secret.as_ref().is_some_and(|sealed| is_left(sealed, &key));
    left.targets = targets.iter().filter(|(_, row)| is_left(row)).count() as u64;
    Ok(left)
}

/// Seals all secrets again whenever another master key is in use. It ends with the ledger. `random` fills a buffer with
/// randomness fit for nonces, or returns that there is none.
pub async fn reseal(ledger: Ledger, sealers: Arc<Sealers>, random: fn(&mut [u8]) -> bool) {
    let mut progress = ledger.progress();
    // The number of the master key that all secrets are sealed with. 0 before the first pass.
    let mut done = 0;
    loop {
        let number = ledger.latest().totals().map(|totals| totals.keys.master_number());
        match number {
            Ok(number) if done == number => {}
            Ok(number) => {
                let pass = Pass { ledger: &ledger, sealers: &sealers, number, random };
                match pass.all().await {
                    Ok(sealed) => {
                        if sealed > 0 {
                            tracing::info!(sealed, number, "sealed secrets again with the master key in use");
                        }
                        done = number;
                    }
                    Err(error) => tracing::warn!(%error, "could not seal all secrets again; retrying"),
                }
            }
            Err(error) => tracing::warn!(%error, "cannot read which master key is in use"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = ended(&mut progress) => return,
        }
    }
}

/// Waits until the ledger has ended, with an error or without.
async fn ended(progress: &mut watch::Receiver<Progress>) {
    let _ended = progress.wait_for(|progress| progress.failed.is_some()).await;
}

/// One pass through all secrets. Nothing new is sealed with a former key, so one is enough.
struct Pass<'a> {
    ledger: &'a Ledger,
    sealers: &'a Sealers,
    number: u32,
    random: fn(&mut [u8]) -> bool,
}

impl Pass<'_> {
    /// Seals all secrets again. Returns their number.
    async fn all(&self) -> Result<usize, Stuck> {
        Ok(self.users().await? + self.kms_keys().await? + self.targets().await? + self.links().await?)
    }

    async fn users(&self) -> Result<usize, Stuck> {
        let mut sealed = 0;
        let mut after: Option<UserName> = None;
        loop {
            let snapshot = self.ledger.read().await?;
            let users = snapshot.list_users(after.as_ref(), PAGE_ROWS)?;
            let Some((last, _)) = users.last() else { return Ok(sealed) };
            after = Some(last.clone());
            for (name, row) in &users {
                sealed += self.user(&snapshot, name, row).await?;
            }
        }
    }

    /// Seals the secrets of one user again, in facts of bounded length.
    async fn user(&self, snapshot: &Snapshot, name: &UserName, row: &UserRow) -> Result<usize, Stuck> {
        let context = password_context(row.id.as_str());
        let mut password = match &row.password {
            Some(sealed) => self.anew(sealed, &context)?.map(|anew| (sealed.clone(), anew)),
            None => None,
        };
        let mut count = 0;
        let mut after: Option<AccessKeyId> = None;
        loop {
            let ids = snapshot.keys_of(name, after.as_ref(), RESEALED_KEYS_MAX)?;
            let mut keys = Vec::with_capacity(ids.len());
            for id in &ids {
                let Some(row) = snapshot.key(id)? else { continue };
                if let Some(anew) = self.anew(&row.secret, &key_context(id.as_str()))? {
                    keys.push((id.clone(), row.secret, anew));
                }
            }
            if password.is_some() || !keys.is_empty() {
                count += usize::from(password.is_some()) + keys.len();
                let reseal = Reseal { user: name.clone(), password: password.take(), keys };
                self.commit(Command::Identity(Box::new(IdentityCommand::Reseal(reseal)))).await?;
            }
            let Some(last) = ids.last() else { return Ok(count) };
            after = Some(last.clone());
        }
    }

    async fn kms_keys(&self) -> Result<usize, Stuck> {
        let mut sealed = 0;
        let mut after: Option<KmsKeyName> = None;
        loop {
            let keys = self.ledger.read().await?.list_kms_keys(after.as_ref(), PAGE_ROWS)?;
            let Some((last, _)) = keys.last() else { return Ok(sealed) };
            after = Some(last.clone());
            for (name, row) in keys {
                if let Some(to) = self.anew(&row.sealed, &kms_key_context(name.as_str()))? {
                    let command = IdentityCommand::ResealKmsKey { name, from: row.sealed, to };
                    self.commit(Command::Identity(Box::new(command))).await?;
                    sealed += 1;
                }
            }
        }
    }

    async fn targets(&self) -> Result<usize, Stuck> {
        let mut count = 0;
        for (target, row) in self.ledger.read().await?.list_targets(None, TARGETS_MAX)? {
            let Some(from) = row.secret else { continue };
            if let Some(to) = self.anew(&from, &target_context(target.as_str()))? {
                self.commit(TargetCommand::Reseal { target, from, to }).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    async fn links(&self) -> Result<usize, Stuck> {
        let mut count = 0;
        for (link, row) in self.ledger.read().await?.links()? {
            if let Some(to) = self.anew(&row.secret, &link_context(link.as_str()))? {
                self.commit(LinkCommand::Reseal { link, from: row.secret, to }).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// The same secret under the master key in use; `None` if it is sealed with that already.
    fn anew(&self, sealed: &Sealed, context: &str) -> Result<Option<Sealed>, Stuck> {
        let in_use = self.sealers.of(self.number).ok_or(Stuck::NotHeld(self.number))?;
        if !is_left(sealed, in_use.key_id()) {
            return Ok(None);
        }
        let secret = match self.sealers.unseal(sealed.as_str(), context) {
            Ok(secret) => secret,
            // It blocks no other secret, and the counts show it as remaining.
            Err(error) => {
                tracing::error!(context, %error, "a secret cannot be opened, and stays as it is");
                return Ok(None);
            }
        };
        let mut nonce = [0; NONCE_BYTES];
        if !(self.random)(&mut nonce) {
            return Err(Stuck::Seal);
        }
        let anew = in_use.seal(secret.expose(), context, nonce).map_err(|_| Stuck::Seal)?;
        anew.parse().map(Some).map_err(|_| Stuck::Seal)
    }

    async fn commit(&self, command: impl Into<Command>) -> Result<(), Stuck> {
        let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
        let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
        self.ledger.commit(command.into(), origin).await?;
        Ok(())
    }
}
