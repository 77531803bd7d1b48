use std::sync::Arc;

use domain::{Identities, JudgedCaller, Who};
use events::ids::{AccessKeyId, SessionId};
use identity::{Credentials, Sealers};
use jiff::Timestamp;
use ledger::Snapshot;
use s3::{Code, Error};

use super::account::{Account, Credential};
use crate::failure::Failure;

/// The number of cached access keys. Each takes a few KiB with the policies of its user.
const CREDENTIALS_MAX: usize = 4_096;

/// The number of cached sessions.
const SESSIONS_MAX: usize = 1_024;

/// The access keys and sessions of the region: root's, and those of the projection. They are cached until any identity changes.
pub(crate) struct Accounts {
    root: Arc<Credential>,
    root_access_key: String,
    sealers: Arc<Sealers>,
    known: quick_cache::sync::Cache<String, Arc<Credential>>,
    sessions: quick_cache::sync::Cache<SessionId, Arc<Account>>,
}

impl Accounts {
    pub(crate) fn new(root: Credentials, sealers: Arc<Sealers>) -> Self {
        Self {
            root: Arc::new(Credential::new(Arc::new(Account::root()), root.secret_key, None, u64::MAX)),
            root_access_key: root.access_key,
            sealers,
            known: quick_cache::sync::Cache::new(CREDENTIALS_MAX),
            sessions: quick_cache::sync::Cache::new(SESSIONS_MAX),
        }
    }

    /// The credential of an access key that works now. Unknown, expired and disabled keys are not told apart, because
    /// the caller is not authenticated yet.
    pub(crate) fn find(
        &self,
        snapshot: &Snapshot,
        access_key: &str,
        now: Timestamp,
    ) -> Result<Arc<Credential>, Failure> {
        let unknown = || Failure::from(Error::new(Code::InvalidAccessKeyId).detail("AWSAccessKeyId", access_key));
        if access_key == self.root_access_key {
            return Ok(Arc::clone(&self.root));
        }
        let changed = snapshot.identities_changed()?;
        let known = self.known.get(access_key).filter(|known| known.changed == changed);
        let found = if let Some(known) = known {
            known
        } else {
            let read = self.read(snapshot, access_key, changed)?.ok_or_else(unknown)?;
            self.known.insert(access_key.to_owned(), Arc::clone(&read));
            read
        };
        if found.expires.is_some_and(|expires| expires <= now) {
            return Err(unknown());
        }
        Ok(found)
    }

    /// The account of an open session. Root's has a state that it was read from, too, because the session may end.
    pub(crate) fn of_session(
        &self,
        snapshot: &Snapshot,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Arc<Account>, Failure> {
        let ended = || Failure::from(Error::with_message(Code::AccessDenied, "Access Denied: this session has ended."));
        snapshot.session(session)?.filter(|row| now < row.expires).ok_or_else(ended)?;
        let identities = snapshot.identities_changed()?;
        let is_current =
            |account: &Arc<Account>| account.judged.as_ref().is_some_and(|judged| judged.identities == identities);
        if let Some(known) = self.sessions.get(&session).filter(is_current) {
            return Ok(known);
        }
        let who = Who::Session(session);
        let standing = domain::standing(&**snapshot, &who)?.ok_or_else(ended)?;
        let name = standing.user.clone();
        let judged = JudgedCaller { who, identities, standing: Arc::new(standing) };
        let account = if name.is_root() {
            Account { judged: Some(judged), ..Account::root() }
        } else {
            let row = snapshot.user(&name)?.ok_or_else(ended)?;
            Account::gather(snapshot, name, row, judged)?
        };
        let account = Arc::new(account);
        self.sessions.insert(session, Arc::clone(&account));
        Ok(account)
    }

    fn read(&self, snapshot: &Snapshot, access_key: &str, changed: u64) -> Result<Option<Arc<Credential>>, Failure> {
        let Ok(id) = access_key.parse::<AccessKeyId>() else { return Ok(None) };
        let Some(key) = snapshot.key(&id)?.filter(|key| key.enabled) else { return Ok(None) };
        let Some(row) = snapshot.user(&key.user)?.filter(|row| row.enabled) else { return Ok(None) };
        let context = identity::key_context(id.as_str());
        let secret = self.sealers.unseal(key.secret.as_str(), &context).map_err(|error| {
            tracing::error!(access_key, %error, "the secret of an access key cannot be unsealed");
            Error::with_message(Code::InternalError, "The secret of this access key cannot be unsealed.")
        })?;
        let who = Who::Key(id);
        let Some(standing) = domain::standing(&**snapshot, &who)? else { return Ok(None) };
        let judged = JudgedCaller { who, identities: changed, standing: Arc::new(standing) };
        let account = Arc::new(Account::gather(snapshot, key.user, row, judged)?);
        Ok(Some(Arc::new(Credential::new(account, secret, key.expires, changed))))
    }
}
