//! Secrets that are sealed with a former master key are sealed anew with the one in use: passwords, the secret halves of
//! access keys, and the keys of the key store. Keys of objects are not: each says which master key sealed it, and that
//! one opens it for as long as it is there.
//!
//! What is left is looked for in the state, so an end at any point loses nothing, and any number of gateways may do it.

use std::sync::Arc;
use std::time::Duration;

use domain::row::UserRow;
use domain::{Command, Identities, IdentityCommand, RESEALED_KEYS_MAX, Reseal, View};
use events::Origin;
use events::ids::{AccessKeyId, AuthType, KmsKeyName, MasterKeyId, Principal, Sealed, UserName};
use identity::{NONCE_BYTES, Sealers, key_context, kms_key_context, password_context};
use ledger::{CommitError, Ledger, Progress, ReadError, Snapshot, StateError};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

/// How often it is looked whether another master key is in use.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Users, or keys of the key store, that are read at once.
const PAGE_ROWS: usize = 256;

/// Whom the log names as the cause.
const PRINCIPAL: &str = "reseal";

/// Secrets that are still sealed with former master keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub(crate) struct Left {
    /// Password hashes.
    pub(crate) passwords: u64,
    /// Secret keys of access keys.
    pub(crate) access_keys: u64,
    /// KMS keys.
    pub(crate) kms_keys: u64,
}

impl Left {
    pub(crate) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// Why not all could be sealed anew now. The next try goes on.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("the system gives no randomness, or the cipher fails")]
    Seal,
    #[error("the master key {0} is in use, and is not held here")]
    NotHeld(u32),
}

/// Whether something is sealed with another key than this one.
fn is_left(sealed: &Sealed, key: &str) -> bool {
    sealed.sealed_under() != Some(key)
}

/// What is sealed with others than this master key.
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
        let Some((last, _)) = keys.last() else { return Ok(left) };
        after = Some(last.clone());
        left.kms_keys += keys.iter().filter(|(_, row)| is_left(&row.sealed, &key)).count() as u64;
    }
}

/// Seals anew what former master keys sealed, whenever another one is in use. It ends with the ledger. `random` fills a
/// buffer with randomness fit for nonces, or says that there is none.
pub async fn reseal(ledger: Ledger, sealers: Arc<Sealers>, random: fn(&mut [u8]) -> bool) {
    let mut progress = ledger.progress();
    // The number of the master key with which all is sealed. Before the first one there was none.
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

/// Waits for the end of the ledger, with a reason or without.
async fn ended(progress: &mut watch::Receiver<Progress>) {
    let _ended = progress.wait_for(|progress| progress.failed.is_some()).await;
}

/// One time through all secrets. Nothing new is sealed with a former key once another is in use, so one is enough.
struct Pass<'a> {
    ledger: &'a Ledger,
    sealers: &'a Sealers,
    number: u32,
    random: fn(&mut [u8]) -> bool,
}

impl Pass<'_> {
    /// How many were sealed anew.
    async fn all(&self) -> Result<usize, Stuck> {
        Ok(self.users().await? + self.kms_keys().await?)
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

    /// What is sealed of one user, in facts of bounded length.
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
                self.commit(IdentityCommand::Reseal(reseal)).await?;
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
                    self.commit(IdentityCommand::ResealKmsKey { name, from: row.sealed, to }).await?;
                    sealed += 1;
                }
            }
        }
    }

    /// The same secret under the master key in use; `None` if it is sealed with that already.
    fn anew(&self, sealed: &Sealed, context: &str) -> Result<Option<Sealed>, Stuck> {
        let in_use = self.sealers.of(self.number).ok_or(Stuck::NotHeld(self.number))?;
        if !is_left(sealed, in_use.key_id()) {
            return Ok(None);
        }
        let secret = match self.sealers.unseal(sealed.as_str(), context) {
            Ok(secret) => secret,
            // It holds up no other one, and whoever asks what is left sees it.
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

    async fn commit(&self, command: IdentityCommand) -> Result<(), Stuck> {
        let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
        let origin = Origin { principal, request_id: String::new(), traceparent: None };
        self.ledger.commit(Command::Identity(Box::new(command)), origin).await?;
        Ok(())
    }
}
