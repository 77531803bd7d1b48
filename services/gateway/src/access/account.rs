use std::sync::Arc;

use arc_swap::ArcSwapOption;
use domain::row::UserRow;
use domain::{Identities, JudgedCaller};
use events::ids::{UserId, UserName};
use events::user::{Limits, Role};
use identity::Secret;
use jiff::Timestamp;
use ledger::{Snapshot, StateError};
use policy::Attached;
use rights::attached;
use s3::sigv4::SigningKey;

/// A user as requests see them, with all policies parsed.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: UserName,
    pub(crate) id: UserId,
    pub(crate) display_name: String,
    pub(crate) role: Role,
    pub(crate) limits: Limits,
    /// The user's own policies and those of their groups.
    pub(crate) policies: Vec<Attached>,
    /// The state that all this was read from, and the user's id and key or session; `None` for root's key, which does not
    /// change.
    pub(crate) judged: Option<JudgedCaller>,
}

impl Account {
    /// Root, who has no row and no limits.
    pub(crate) fn root() -> Self {
        Self {
            name: UserName::root(),
            id: UserId::root(),
            display_name: UserName::ROOT.to_owned(),
            role: Role::Admin,
            limits: Limits::default(),
            policies: Vec::new(),
            judged: None,
        }
    }

    /// A user with the policies that apply to them in a state.
    pub(crate) fn gather(
        snapshot: &Snapshot,
        name: UserName,
        row: UserRow,
        judged: JudgedCaller,
    ) -> Result<Self, StateError> {
        let mut names = row.policies;
        for group in &row.groups {
            names.extend(snapshot.group(group)?.map(|group| group.policies).unwrap_or_default());
        }
        let mut policies = Vec::with_capacity(names.len());
        for policy in names {
            policies.extend(attached(snapshot, policy)?);
        }
        let UserRow { id, display_name, role, limits, .. } = row;
        Ok(Self { name, id, display_name, role, limits, policies, judged: Some(judged) })
    }
}

/// An access key that may be used, with its secret in clear.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) account: Arc<Account>,
    pub(crate) secret: Secret,
    pub(crate) expires: Option<Timestamp>,
    /// The sequence of the change of identities after which this was read. After a newer change it must be read again.
    pub(crate) changed: u64,
    /// The signing key of the last request, for its day and region.
    signing: ArcSwapOption<Signing>,
}

/// A signing key and its scope.
#[derive(Debug)]
struct Signing {
    date: String,
    region: String,
    key: SigningKey,
}

impl Credential {
    pub(crate) fn new(account: Arc<Account>, secret: Secret, expires: Option<Timestamp>, changed: u64) -> Self {
        Self { account, secret, expires, changed, signing: ArcSwapOption::empty() }
    }

    /// The signing key for a day and a region, if it is the remembered one.
    pub(crate) fn remembered(&self, date: &str, region: &str) -> Option<SigningKey> {
        let signing = self.signing.load();
        let known = signing.as_deref().filter(|known| known.date == date && known.region == region)?;
        Some(known.key.clone())
    }

    /// Remembers a key that verified a signature. Keys of failed attempts are not remembered, because they would evict
    /// this one.
    pub(crate) fn remember(&self, date: String, region: String, key: SigningKey) {
        self.signing.store(Some(Arc::new(Signing { date, region, key })));
    }
}
