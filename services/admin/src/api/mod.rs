//! The admin API: users, keys, groups, policies, limits and quotas over HTTP and JSON.
//!
//! In come requests with a bearer token, out go JSON documents. One table, [`operations::operations`], says what is
//! asked where, by whom it may be asked, and how both look: routes, authorization and the `OpenAPI` document are made
//! of it, so that none of them can lack what another has.
//!
//! # Layout
//! - `operation`: the table; `method`: its HTTP methods; `access`: who asks, and whether they may; `answering`: a request
//!   from head to answer
//! - `delegation`: what of their rights people may hand on to others
//! - `asked`, `answer`, `refusal`: what handlers get and give; `shape`: the JSON documents
//! - `history`: the events of the log, and `objects`: S3 through the console's origin, a folder each; `live`: events,
//!   telemetry and log lines over a WebSocket; `evidence`: proofs that events are as they were; `insights`: what buckets
//!   hold and held
//! - `access_log`: refused requests, failed logins and reads, as they are recorded, and pages of them
//! - `telemetry`: requests, latencies and active users, now and over the last day; `logs`: log lines of all processes
//! - `login`, `users`, `keys`, `sessions`, `groups`, `policies`, `kms_keys`, `buckets`, `nodes`, `region`, `master_key`,
//!   `consumers`, `targets`: the handlers; `rewind`: what was in a bucket, and having it back
//! - `policy_check`, `search`, `site`: what people ask who find their way through a store
//! - `password`, `throttle`: what stands between a guesser and a session; `carrier`, `handover`: its refresh tokens in
//!   cookies
//! - `openapi`: the description of it all

mod access;
mod access_log;
mod answer;
mod answering;
mod asked;
mod buckets;
mod carrier;
mod consumers;
mod delegation;
mod evidence;
mod groups;
mod handover;
mod history;
mod insights;
mod keys;
mod kms_keys;
mod links;
mod listing;
mod live;
mod login;
mod logs;
mod master_key;
mod method;
mod nodes;
mod objects;
mod openapi;
mod operation;
mod operations;
mod password;
mod policies;
mod policy_check;
mod refusal;
mod region;
mod replication;
mod rewind;
mod search;
mod sessions;
mod shape;
mod site;
mod targets;
mod telemetry;
#[cfg(test)]
mod tests;
mod throttle;
mod users;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ::consumers::Consumers;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::routing::MethodRouter;
use domain::Identities;
use events::ids::{KeyCheck, MasterKeyId, RegionName};
use feed::Feed;
use futures_util::stream::BoxStream;
use http::HeaderMap;
use http::request::Parts;
use identity::{
    Credentials, HashError, Hasher, Sealers, TokenError, Tokens, UnsealError, key_context, password_context,
};
use ledger::{Ledger, Sources, StateError};
use listener::{Client, TrustedProxies};
use policy::Action;
use rights::{AccessCache, GuardedLedger};
use shards::Membership;

use ::accesslog::AccessLog;
use ::telemetry::{Aggregate, Heard};

use crate::telemetry::{Follow, Telemetry};
use access::Asker;
use handover::Handover;
use history::Streams;
use insights::Scans;
pub use objects::{ObjectService, object_routes};
pub use openapi::openapi;
use refusal::Refusal;
pub use replication::WorkerReports;
pub use site::Site;
use throttle::Throttle;
pub use throttle::{BasicLogin, BasicLogins};

/// What the rights of the user behind a session token say about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The user may do it.
    Allowed,
    /// The user may not.
    Denied,
    /// The request carries no token of an open session.
    Unknown,
}

/// Users whose secrets are tried at the start.
const USERS_CHECKED_MAX: usize = 16;

/// What the admin API needs.
#[derive(Debug)]
pub struct AdminOptions {
    /// The region it is about.
    pub region: RegionName,
    /// Root, who has no row.
    pub root: Credentials,
    /// Seals secrets before they get into a command.
    pub sealers: Arc<Sealers>,
    /// Makes and checks access tokens, with each of the master keys by their numbers.
    pub tokens: Vec<Tokens>,
    /// The master keys that this process holds, by their numbers.
    pub master_keys: Vec<HeldMasterKey>,
    /// Proxies whose word about the address of a client counts.
    pub trusted_proxies: TrustedProxies,
    /// Whether events say which address a request came from.
    pub records_addresses: bool,
    /// Where refused requests and failed logins are recorded, and what is read of that; nowhere without one.
    pub access_log: Option<AccessLog>,
    /// The storage nodes, as this gateway hears them.
    pub membership: Membership,
    /// The durable consumers; without them there is no NATS server that could have some.
    pub consumers: Option<Consumers>,
    /// How background workers are doing.
    pub workers: WorkerReports,
    /// Its addresses and limits.
    pub site: Site,
    /// Where time and ids come from.
    pub sources: Sources,
    /// Fills a buffer with randomness fit for keys, or says that there is none.
    pub random: fn(&mut [u8]) -> bool,
}

/// A master key as far as others may know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldMasterKey {
    /// Its id.
    pub key: MasterKeyId,
    /// What tells the gateways' keys under it from others.
    pub gateway: KeyCheck,
    /// The same of what follows lifecycle rules.
    pub lifecycle: KeyCheck,
    /// The same of the services that keep contents whole.
    pub maintenance: KeyCheck,
}

/// The admin API of a region. Clones share it.
#[derive(Clone)]
pub struct Admin(Arc<Shared>);

struct Shared {
    region: RegionName,
    root: Credentials,
    sealers: Arc<Sealers>,
    tokens: Vec<Tokens>,
    master_keys: Vec<HeldMasterKey>,
    trusted_proxies: TrustedProxies,
    records_addresses: bool,
    access_log: Option<AccessLog>,
    membership: Membership,
    consumers: Option<Consumers>,
    workers: WorkerReports,
    site: Site,
    sources: Sources,
    random: fn(&mut [u8]) -> bool,
    hasher: Hasher,
    throttle: Throttle,
    handover: Handover,
    ledger: GuardedLedger,
    /// The events of the log, for readers.
    feed: Feed,
    /// Who follows them.
    streams: Streams,
    /// Scans of buckets.
    scans: Scans,
    /// What all processes tell of themselves.
    telemetry: Telemetry,
    /// The rules of buckets, for whoever may read the events of some keys.
    bucket_rules: AccessCache,
}

/// Why there is no admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The system gives no randomness.
    #[error("the system provides no randomness")]
    NoRandomness,
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed: {0}")]
    Hasher(#[from] HashError),
    /// Tokens cannot be made.
    #[error("tokens cannot be made: {0}")]
    Tokens(#[from] TokenError),
}

/// Why a process must not serve with the master key that it has.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyMismatch {
    /// A secret on the log was sealed with another key, or is damaged.
    #[error("a secret on the log cannot be opened: {0}; start with the master keys that the region was made with")]
    Unseal(#[from] UnsealError),
    /// The state cannot be read.
    #[error("the state cannot be read: {0}")]
    State(String),
}

impl Admin {
    /// The admin API over a ledger. This must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`AdminError`].
    pub fn new(options: AdminOptions, ledger: Ledger) -> Result<Self, AdminError> {
        let mut random = [0; 32];
        if !(options.random)(&mut random) {
            return Err(AdminError::NoRandomness);
        }
        let AdminOptions {
            region,
            root,
            sealers,
            tokens,
            master_keys,
            trusted_proxies,
            records_addresses,
            access_log,
            membership,
            consumers,
            workers,
            site,
            sources,
            random: source,
        } = options;
        let feed = Feed::start(ledger.clone(), region.clone());
        Ok(Self(Arc::new(Shared {
            region,
            root,
            sealers,
            tokens,
            master_keys,
            trusted_proxies,
            records_addresses,
            access_log,
            membership,
            consumers,
            workers,
            site,
            sources,
            random: source,
            hasher: Hasher::new(random)?,
            throttle: Throttle::new(),
            handover: Handover::new(),
            ledger: GuardedLedger::new(ledger),
            feed,
            streams: Streams::new(),
            scans: Scans::new(),
            telemetry: Telemetry::new(),
            bucket_rules: AccessCache::new(),
        })))
    }

    /// Takes up what all processes of the region tell of themselves, and keeps the last day of it in a file, until nothing
    /// more can be heard. It may be dropped at any moment. One such call is made.
    pub fn follow_telemetry(
        &self,
        ledger: Ledger,
        heard: BoxStream<'static, Aggregate>,
        file: PathBuf,
    ) -> impl Future<Output = ()> + Send + 'static {
        let Shared { telemetry, membership, sources, .. } = &*self.0;
        let (telemetry, membership, sources) = (telemetry.clone(), membership.clone(), sources.clone());
        Follow { telemetry, ledger, membership, sources }.run(heard, file)
    }

    /// Takes up what all processes of the region log, until nothing more can be heard. It may be dropped at any moment.
    pub fn follow_logs(&self, heard: BoxStream<'static, Heard>) -> impl Future<Output = ()> + Send + 'static {
        let now = self.0.sources.now.clone();
        self.0.telemetry.clone().collect_logs(heard, move || now())
    }

    /// A login by HTTP Basic over a connection with `peer`, of which `is_right` knows whether it is right. It counts as a
    /// login of the API does, for the address of the client.
    pub fn login_by_basic(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        user: &[u8],
        is_right: impl FnOnce() -> bool,
    ) -> BasicLogin {
        let client = Client::of(peer, headers, &self.0.trusted_proxies);
        let outcome = self.0.throttle.basic(user, client.counted, is_right);
        if outcome != BasicLogin::Right {
            let user = String::from_utf8_lossy(user).into_owned();
            self.note_failed_login("basic", user, client.address, String::new());
        }
        outcome
    }

    /// Judges whether the user whose session token a request carries may do something with `target`, which is called as
    /// policies call it behind `arn:aws:admin:::`.
    pub async fn judge(&self, parts: &Parts, action: Action, target: &str) -> Judgement {
        let now = (self.0.sources.now)();
        let Ok(caller) = access::identify(self, &parts.headers, now).await else { return Judgement::Unknown };
        let may = caller.decide(action, target, &Asker::new(self, parts, now)).is_allowed();
        if may { Judgement::Allowed } else { Judgement::Denied }
    }

    /// Whether the secrets on the log can be opened with the master key of this process: looked at for some users.
    ///
    /// # Errors
    /// If they cannot. A gateway must not serve then: it would seal secrets that no other gateway can open.
    pub async fn check_master_key(&self) -> Result<(), MasterKeyMismatch> {
        let snapshot = self.0.ledger.read().await.map_err(|error| MasterKeyMismatch::State(error.to_string()))?;
        let state = |error: StateError| MasterKeyMismatch::State(error.to_string());
        for (name, user) in snapshot.list_users(None, USERS_CHECKED_MAX).map_err(state)? {
            if let Some(password) = &user.password {
                self.0.sealers.unseal(password.as_str(), &password_context(user.id.as_str()))?;
            }
            if let Some(id) = snapshot.keys_of(&name, None, 1).map_err(state)?.first()
                && let Some(key) = snapshot.key(id).map_err(state)?
            {
                self.0.sealers.unseal(key.secret.as_str(), &key_context(id.as_str()))?;
            }
        }
        Ok(())
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], Refusal> {
        let mut bytes = [0; N];
        if (self.0.random)(&mut bytes) {
            return Ok(bytes);
        }
        tracing::error!("the system provides no randomness");
        Err(Refusal::internal())
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("region", &self.0.region).finish_non_exhaustive()
    }
}

/// Everything below `/api/v1` that is about who may do what.
pub fn admin_routes(admin: &Admin) -> Router {
    let mut routes = Router::new();
    for operation in operations::operations() {
        let admin = admin.clone();
        let path = operation.path;
        let filter = operation.method.filter();
        let handler = move |params: RawPathParams, request: Request<Body>| {
            answering::answer(admin.clone(), operation.clone(), params, request)
        };
        routes = routes.route(path, MethodRouter::new().on(filter, handler));
    }
    routes.method_not_allowed_fallback(async || answering::refuse(&Refusal::method_not_allowed()))
}
