use std::sync::Arc;

use events::access::ObjectOwnership;
use events::ids::RegionName;
use identity::Sealer;
use ledger::{Ledger, Sources};
use shards::ShardStore;
use tokio::sync::Semaphore;

use crate::access::{Accounts, RulesCache};
use crate::cache::{Cache, CacheFigures};
use crate::cors::CorsCache;
use crate::limits::{Limiter, RateLimits};

/// KiB of request bodies that may be gathered in memory at once, over all requests.
const BUFFERED_KIB_MAX: usize = 128 * 1024;

/// KiB of them that anonymous requests may gather, beside those of everybody else.
const STRANGERS_KIB_MAX: usize = 16 * 1024;

/// Root's access key and secret key.
#[derive(Clone)]
pub struct Credentials {
    /// The access key's id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// How a gateway is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The region it serves.
    pub region: RegionName,
    /// Domains under which a bucket may stand as the first label of the host.
    pub domains: Vec<String>,
    /// Root, who is no user of the projection.
    pub credentials: Credentials,
    /// Opens the secrets of access keys.
    pub sealer: Arc<Sealer>,
    /// Who owns what is stored in a bucket that is made without saying so.
    pub default_ownership: ObjectOwnership,
    /// How much anybody may ask for.
    pub limits: RateLimits,
    /// Bytes of hot contents kept in memory.
    pub cache_bytes: u64,
    /// Where time and ids come from.
    pub sources: Sources,
    /// Fills bytes with randomness fit for keys; false if the system gives none.
    pub random: fn(&mut [u8]) -> bool,
}

/// An S3 gateway: stateless apart from caches. Clones share it.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) ledger: Ledger,
    pub(crate) store: ShardStore,
    pub(crate) cache: Cache,
    pub(crate) accounts: Accounts,
    pub(crate) rules: RulesCache,
    pub(crate) cors: CorsCache,
    pub(crate) limiter: Limiter,
    pub(crate) buffered_kib: Arc<Semaphore>,
    pub(crate) strangers_kib: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway over a ledger and the nodes' shards.
    pub fn new(options: Options, ledger: Ledger, store: ShardStore) -> Self {
        let cache = Cache::new(options.cache_bytes);
        Self(Arc::new(Shared {
            accounts: Accounts::new(options.credentials.clone(), Arc::clone(&options.sealer)),
            rules: RulesCache::new(),
            cors: CorsCache::new(),
            limiter: Limiter::new(options.limits.clone()),
            options,
            ledger,
            store,
            cache,
            buffered_kib: Arc::new(Semaphore::new(BUFFERED_KIB_MAX)),
            strangers_kib: Arc::new(Semaphore::new(STRANGERS_KIB_MAX)),
        }))
    }

    /// How the cache fares.
    pub fn cache_figures(&self) -> CacheFigures {
        self.0.cache.figures()
    }
}
