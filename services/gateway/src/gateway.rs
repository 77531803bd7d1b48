use std::path::{Path, PathBuf};
use std::sync::Arc;

use accesslog::Recorder;
use domain::DedupScope;
use events::access::ObjectOwnership;
use events::ids::RegionName;
use identity::{Credentials, Sealers};
use ledger::{Ledger, Sources};
use rights::{AccessCache, GuardedLedger};
use shards::{READ_BYTES_MAX, ReadMemory, ShardStore};
use tokio::sync::Semaphore;

use crate::access::Accounts;
use crate::bucket_rules::{CorsCache, LoggingCache};
use crate::cache::{Cache, CacheFigures};
use crate::hashes::Hashing;
use crate::holdings::Holdings;
use crate::limits::{Limiter, RateLimits};
use crate::room::{Pool, Portions, Sizes, Spill};

/// Memory for request bodies of authenticated callers.
const MEMORY: Sizes = Sizes { shared: 96 * 1024, reserve: 16 * 1024, landing: 15 * 1024, small_landing: 1024 };

/// Memory for request bodies of anonymous callers, separate from that of authenticated ones.
const STRANGERS_MEMORY: Sizes = Sizes { shared: 4 * 1024, reserve: 4 * 1024, landing: 7 * 1024, small_landing: 1024 };

/// The shared memory that one user may hold, over all bodies at once, in KiB: three quarters. Beyond that their bodies
/// go to the file, as if all memory were taken.
const PORTION_KIB: usize = MEMORY.shared / 4 * 3;

/// The anonymous memory that one address may hold, in KiB: half.
const STRANGERS_PORTION_KIB: usize = STRANGERS_MEMORY.shared / 2;

/// The memory for streamed reads that one user may hold, over all of them at once, in KiB: three quarters.
const READ_PORTION_KIB: usize = READ_BYTES_MAX / 1024 / 4 * 3;

/// Memory for the streamed reads of anonymous callers, in bytes, separate from that of authenticated ones.
const STRANGERS_READ_BYTES_MAX: usize = 24 * 1024 * 1024;

/// The part of it that one address may hold, in KiB: half.
const STRANGERS_READ_PORTION_KIB: usize = STRANGERS_READ_BYTES_MAX / 1024 / 2;

/// MiB of bodies that may be in a file because there is no memory for them: a stripe for each allowed connection.
const SPILLED_MIB_MAX: u32 = 4 * 1024;

/// MiB of bodies of anonymous requests that may be in a file.
const STRANGERS_SPILLED_MIB_MAX: u32 = 1024;

/// KiB of contents, each read whole, that may wait for slow clients.
const WHOLE_KIB_MAX: usize = 64 * 1024;

/// The options of a gateway.
#[derive(Debug, Clone)]
pub struct Options {
    /// The region it serves.
    pub region: RegionName,
    /// Domains under which the first label of the host may name a bucket.
    pub domains: Vec<String>,
    /// The credentials of root, who is not a user of the projection.
    pub credentials: Credentials,
    /// Opens the secrets of access keys, and seals the keys of objects.
    pub sealers: Arc<Sealers>,
    /// Who owns objects in a bucket that is created without an ownership setting.
    pub default_ownership: ObjectOwnership,
    /// The contents among which the bytes of an upload are looked for, to be stored only once.
    pub dedup_scope: DedupScope,
    /// The rate limits.
    pub limits: RateLimits,
    /// Whether events and records say which address a request came from.
    pub records_addresses: bool,
    /// Where refused requests are recorded, and reads of buckets that ask for it; nowhere without one.
    pub recorder: Option<Recorder>,
    /// Bytes of contents kept in the memory cache.
    pub cache_bytes: u64,
    /// The folder of an unnamed file for bodies that arrive too slowly to wait in memory. Without one they wait for
    /// memory.
    pub spill: Option<PathBuf>,
    /// The sources of time and ids.
    pub sources: Sources,
    /// Fills bytes with randomness fit for keys; false if the system provides none.
    pub random: fn(&mut [u8]) -> bool,
}

/// An S3 gateway: stateless apart from caches. Clones share it.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) ledger: GuardedLedger,
    pub(crate) store: ShardStore,
    pub(crate) cache: Cache,
    pub(crate) holdings: Holdings,
    pub(crate) accounts: Accounts,
    pub(crate) access_rules: AccessCache,
    pub(crate) cors_rules: CorsCache,
    pub(crate) logged: LoggingCache,
    pub(crate) limiter: Limiter,
    pub(crate) memory: Arc<Pool>,
    pub(crate) strangers_memory: Arc<Pool>,
    pub(crate) portions: Portions,
    pub(crate) strangers_portions: Portions,
    pub(crate) strangers_reads: ReadMemory,
    pub(crate) read_portions: Portions,
    pub(crate) strangers_read_portions: Portions,
    pub(crate) whole_kib: Arc<Semaphore>,
    pub(crate) hashing: Hashing,
}

impl Gateway {
    /// A gateway over a ledger and the nodes' shards.
    pub fn new(options: Options, ledger: Ledger, store: ShardStore) -> Self {
        let cache = Cache::new(options.cache_bytes);
        let spill = |slots| options.spill.as_deref().and_then(|folder| open_spill(folder, slots));
        let memory = Pool::new(MEMORY, spill(SPILLED_MIB_MAX));
        let strangers_memory = Pool::new(STRANGERS_MEMORY, spill(STRANGERS_SPILLED_MIB_MAX));
        Self(Arc::new(Shared {
            accounts: Accounts::new(options.credentials.clone(), Arc::clone(&options.sealers)),
            access_rules: AccessCache::new(),
            cors_rules: CorsCache::new(),
            logged: LoggingCache::new(),
            limiter: Limiter::new(options.limits.clone()),
            options,
            ledger: GuardedLedger::new(ledger),
            holdings: Holdings::new(),
            store,
            cache,
            memory: Arc::new(memory),
            strangers_memory: Arc::new(strangers_memory),
            portions: Portions::new(PORTION_KIB),
            strangers_portions: Portions::new(STRANGERS_PORTION_KIB),
            strangers_reads: ReadMemory::of(STRANGERS_READ_BYTES_MAX),
            read_portions: Portions::new(READ_PORTION_KIB),
            strangers_read_portions: Portions::new(STRANGERS_READ_PORTION_KIB),
            whole_kib: Arc::new(Semaphore::new(WHOLE_KIB_MAX)),
            hashing: Hashing::new(std::thread::available_parallelism().map_or(1, usize::from)),
        }))
    }

    /// The counters of the cache.
    pub fn cache_figures(&self) -> CacheFigures {
        self.0.cache.figures()
    }
}

/// Opens the file that slow bodies go to. A gateway also works without one.
fn open_spill(folder: &Path, slots_max: u32) -> Option<Arc<Spill>> {
    let opened = Spill::open(folder, slots_max);
    opened.inspect_err(|error| tracing::warn!(%error, "slow uploads are waiting for memory")).ok()
}
