//! Password hashes with argon2id, a few at once.
//!
//! Sources: RFC 9106; OWASP "Password Storage Cheat Sheet"; "PHC string format".

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, CustomizedPasswordHasher, Params, PasswordVerifier, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::password::Password;
use crate::secret::Secret;

/// Memory of one hash, in KiB. OWASP recommends at least 19 MiB with two passes.
const MEMORY_KIB: u32 = 32 << 10;

/// Passes over that memory.
const PASSES: u32 = 2;

/// Lanes: how many cores one hash may use.
const LANES: u32 = 1;

/// Length of a hash, in bytes.
const HASH_BYTES: usize = 32;

/// Length of a salt, in bytes.
pub const SALT_BYTES: usize = 16;

/// The highest memory that a stored hash may require, in KiB, and the most passes.
const STORED_MEMORY_KIB_MAX: u32 = 256 << 10;
const STORED_PASSES_MAX: u32 = 16;

/// Hashes that are computed at once: each takes a core and its memory.
pub const HASHES_AT_ONCE_MAX: usize = 2;

/// Callers of each kind that may wait for their turn; more are turned away.
pub const HASHES_WAITING_MAX: usize = 32;

/// Hashes for unknown callers that are computed at once. A known caller always finds a turn that they cannot take.
const STRANGERS_AT_ONCE_MAX: usize = HASHES_AT_ONCE_MAX - 1;

/// Hashes and verifies passwords. Clones share the limit.
#[derive(Clone)]
pub struct Hasher(Arc<Shared>);

struct Shared {
    /// Each known caller holds one of these.
    places: Arc<Semaphore>,
    /// Each unknown caller holds one of these.
    strangers_places: Arc<Semaphore>,
    /// An unknown caller whose hash is computed, or is next, also holds one of these.
    strangers_turns: Arc<Semaphore>,
    /// Each caller whose hash is computed also holds one of these.
    turns: Arc<Semaphore>,
    /// The hash that passwords of unknown users are verified against.
    nobody: PasswordHash,
}

/// The kind of caller that needs a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A user with a session, or who had one from the same address.
    Known,
    /// Any other caller.
    Stranger,
}

/// The result of verifying a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Right {
        /// The stored hash has other parameters than a new one would: hash the password again and store it.
        needs_rehash: bool,
    },
    /// The password is wrong, or there is no such user.
    Wrong,
}

/// Why there is no hash or verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many callers are waiting: try again in a second.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// The stored hash is malformed.
    #[error("the stored password hash is damaged")]
    Damaged,
    /// The hash could not be computed, most likely for lack of memory.
    #[error("the password could not be hashed")]
    Failed,
}

impl Hasher {
    /// A hasher. The bytes need neither be secret nor be kept.
    ///
    /// # Errors
    /// [`HashError::Failed`] if the parameters are not accepted.
    pub fn new(random: [u8; HASH_BYTES]) -> Result<Self, HashError> {
        let (salt, _) = random.split_at(SALT_BYTES);
        let params = params()?;
        let nobody = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| HashError::Failed)?,
            salt: Some(Salt::new(salt).map_err(|_| HashError::Failed)?),
            hash: Some(Output::new(&random).map_err(|_| HashError::Failed)?),
        };
        Ok(Self(Arc::new(Shared {
            places: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX + HASHES_WAITING_MAX)),
            strangers_places: Arc::new(Semaphore::new(STRANGERS_AT_ONCE_MAX + HASHES_WAITING_MAX)),
            strangers_turns: Arc::new(Semaphore::new(STRANGERS_AT_ONCE_MAX)),
            turns: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)),
            nobody,
        })))
    }

    /// The hash of a new password, in PHC string form, with a fresh random salt. The caller counts as known.
    ///
    /// # Errors
    /// [`HashError::Busy`] or [`HashError::Failed`].
    pub async fn hash(&self, password: Password, salt: [u8; SALT_BYTES]) -> Result<Secret, HashError> {
        let password = password.into_secret();
        self.compute(Asker::Known, move || compute(&password, &salt)).await
    }

    /// Verifies a password. `None` stands for an unknown user, and takes as long as a wrong password of a known one.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn verify(&self, typed: Secret, stored: Option<&str>, asker: Asker) -> Result<Verdict, HashError> {
        let found = stored.map(read).transpose()?;
        let is_nobody = found.is_none();
        let stored = found.unwrap_or_else(|| self.0.nobody.clone());
        let needs_rehash = stored.params != self.0.nobody.params || stored.version != self.0.nobody.version;
        let right = self.compute(asker, move || verify(&typed, &stored)).await?;
        Ok(if right && !is_nobody { Verdict::Right { needs_rehash } } else { Verdict::Wrong })
    }

    async fn compute<T: Send + 'static>(
        &self,
        asker: Asker,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let shared = &self.0;
        let places = match asker {
            Asker::Known => &shared.places,
            Asker::Stranger => &shared.strangers_places,
        };
        // A cancelled call does not stop the thread: the permits belong to the work, not to the call.
        let mut held = vec![Arc::clone(places).try_acquire_owned().map_err(|_| HashError::Busy)?];
        if asker == Asker::Stranger {
            held.push(turn(&shared.strangers_turns).await?);
        }
        held.push(turn(&shared.turns).await?);
        let work = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(held);
            done
        });
        work.await.map_err(|_| HashError::Failed)?
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("free_turns", &self.0.turns.available_permits()).finish_non_exhaustive()
    }
}

async fn turn(turns: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, HashError> {
    Arc::clone(turns).acquire_owned().await.map_err(|_| HashError::Failed)
}

fn params() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(|_| HashError::Failed)
}

fn compute(password: &Secret, salt: &[u8]) -> Result<Secret, HashError> {
    let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?).hash_password_customized(
        password.expose().as_bytes(),
        salt,
        None,
        None,
        params()?,
    );
    hashed.map(|hash| Secret::new(hash.to_string())).map_err(|_| HashError::Failed)
}

fn verify(typed: &Secret, stored: &PasswordHash) -> Result<bool, HashError> {
    use argon2::password_hash::Error;
    match Argon2::default().verify_password(typed.expose().as_bytes(), stored) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(HashError::Failed),
    }
}

/// Parses a stored hash, and refuses one that would cost more than any of ours.
fn read(stored: &str) -> Result<PasswordHash, HashError> {
    let hash = PasswordHash::new(stored).map_err(|_| HashError::Damaged)?;
    let params = Params::try_from(&hash).map_err(|_| HashError::Damaged)?;
    let fits = hash.algorithm == ARGON2ID_IDENT
        && hash.salt.is_some()
        && hash.hash.is_some()
        && params.m_cost() <= STORED_MEMORY_KIB_MAX
        && params.t_cost() <= STORED_PASSES_MAX
        && params.p_cost() == LANES;
    if fits { Ok(hash) } else { Err(HashError::Damaged) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn hasher() -> Hasher {
        Hasher::new([5; HASH_BYTES]).unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    fn password(text: &str) -> Password {
        Password::new(secret(text), "name").unwrap()
    }

    #[test]
    fn the_parameters_are_not_below_what_owasp_asks_for() {
        const { assert!(MEMORY_KIB >= 19 << 10 && PASSES >= 2 && LANES >= 1) };
        const { assert!(MEMORY_KIB <= STORED_MEMORY_KIB_MAX && PASSES <= STORED_PASSES_MAX) };
    }

    #[tokio::test]
    async fn a_hash_names_its_parameters_and_knows_its_password() {
        let hasher = hasher();
        let hash = hasher.hash(password("hunter2hunter2"), [7; SALT_BYTES]).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=32768,t=2,p=1$"), "{}", hash.expose());
        let verdict = |typed: &str| hasher.verify(secret(typed), Some(hash.expose()), Asker::Known);
        assert_eq!(verdict("hunter2hunter2").await, Ok(Verdict::Right { needs_rehash: false }));
        for wrong in ["hunter2hunter3", "", "hunter2hunter2 "] {
            assert_eq!(verdict(wrong).await, Ok(Verdict::Wrong), "{wrong}");
        }
        let salted = hasher.hash(password("hunter2hunter2"), [8; SALT_BYTES]).await.unwrap();
        assert_ne!(hash, salted);
    }

    #[tokio::test]
    async fn weaker_hashes_are_still_known_and_named_for_renewal() {
        let weak = Params::new(8 << 10, 1, 1, Some(HASH_BYTES)).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak.clone());
        let hash: PasswordHash =
            argon2.hash_password_customized(b"hunter2hunter2", &[1; 16], None, None, weak).unwrap();
        let verdict = hasher().verify(secret("hunter2hunter2"), Some(&hash.to_string()), Asker::Known).await;
        assert_eq!(verdict, Ok(Verdict::Right { needs_rehash: true }));
    }

    #[tokio::test]
    async fn damaged_and_greedy_hashes_are_refused() {
        let greedy =
            "$argon2id$v=19$m=4194304,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        let other = greedy.replace("argon2id", "argon2d").replace("4194304", "19456");
        for stored in ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$", greedy, &other] {
            assert_eq!(
                hasher().verify(secret("x"), Some(stored), Asker::Known).await,
                Err(HashError::Damaged),
                "{stored}"
            );
        }
    }

    #[tokio::test]
    async fn nobody_has_no_right_password_and_costs_as_much_as_somebody() {
        let hasher = hasher();
        let hash = hasher.hash(password("hunter2hunter2"), [7; SALT_BYTES]).await.unwrap();
        let mut fastest = [f64::MAX; 2];
        for _ in 0..8 {
            for (stored, fastest) in [None, Some(hash.expose())].into_iter().zip(&mut fastest) {
                let begun = Instant::now();
                assert_eq!(hasher.verify(secret("hunter2hunter3"), stored, Asker::Stranger).await, Ok(Verdict::Wrong));
                *fastest = fastest.min(begun.elapsed().as_secs_f64());
            }
        }
        let [nobody, somebody] = fastest;
        // Without a hash it would take a thousandth of the time; the tolerance is for other work on the machine.
        assert!(nobody > 0.3 * somebody && somebody > 0.3 * nobody, "{nobody} s against {somebody} s");
    }

    #[tokio::test]
    async fn few_are_computed_at_once_and_who_comes_too_late_is_told() {
        let hasher = hasher();
        // No call gets a turn for now.
        let turns = Arc::clone(&hasher.0.turns).acquire_many_owned(2).await.unwrap();
        let waiting: Vec<_> = (0..HASHES_AT_ONCE_MAX + HASHES_WAITING_MAX)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.compute(Asker::Known, || Ok(())).await })
            })
            .collect();
        while hasher.0.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.verify(secret("x"), None, Asker::Known).await, Err(HashError::Busy));
        drop(turns);
        for asker in waiting {
            assert_eq!(asker.await.unwrap(), Ok(()));
        }
        assert_eq!(hasher.verify(secret("x"), None, Asker::Known).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_crowd_of_strangers_keeps_nobody_out_who_is_known() {
        let hasher = hasher();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let crowd = STRANGERS_AT_ONCE_MAX + HASHES_WAITING_MAX;
        let strangers: Vec<_> = (0..crowd)
            .map(|_| {
                let (hasher, wait) = (hasher.clone(), Arc::clone(&wait));
                let work = move || wait.lock().unwrap().recv().map_err(|_| HashError::Failed);
                tokio::spawn(async move { hasher.compute(Asker::Stranger, work).await })
            })
            .collect();
        while hasher.0.strangers_places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.verify(secret("x"), None, Asker::Stranger).await, Err(HashError::Busy));
        assert_eq!(hasher.verify(secret("x"), None, Asker::Known).await, Ok(Verdict::Wrong));
        for stranger in strangers {
            go.send(()).unwrap();
            assert_eq!(stranger.await.unwrap(), Ok(()));
        }
    }

    #[tokio::test]
    async fn an_asker_who_leaves_does_not_free_the_turn_of_what_is_still_computed() {
        let hasher = hasher();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let asker = {
            let hasher = hasher.clone();
            tokio::spawn(async move {
                hasher.compute(Asker::Known, move || wait.recv().map_err(|_| HashError::Failed)).await
            })
        };
        while hasher.0.turns.available_permits() == HASHES_AT_ONCE_MAX {
            tokio::task::yield_now().await;
        }
        asker.abort();
        assert!(asker.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.0.turns.available_permits(), HASHES_AT_ONCE_MAX - 1);
        go.send(()).unwrap();
        while hasher.0.turns.available_permits() < HASHES_AT_ONCE_MAX {
            tokio::task::yield_now().await;
        }
    }
}
