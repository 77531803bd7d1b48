//! How tests open a ledger.

use std::path::Path;
use std::sync::Arc;

use eventlog::Log;
use events::Fact;
use events::ids::RegionName;
use ledger::{AUTHOR_KEY_BYTES, AuthorKey, Disk, Keyring, Ledger, Options};

use crate::clock::Clock;

/// Memory for the tables of a test, in bytes.
const CACHE_BYTES: usize = 16 << 20;

/// The region of tests.
pub fn region() -> RegionName {
    "test-1".parse().unwrap()
}

/// A gateway's keys: those with which gateways, the lifecycle service and the maintenance services prove what they write.
pub fn keyring() -> Keyring {
    let [gateway, lifecycle, maintenance] = [1, 2, 3].map(|byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]));
    Keyring::Gateway { gateway, lifecycle, maintenance }
}

/// A gateway's ledger with its tables in a file at `path`.
pub fn options(path: &Path, sole_writer: bool) -> Options {
    Options {
        region: region(),
        path: path.into(),
        sole_writer,
        cache_bytes: CACHE_BYTES,
        sources: Clock::new().sources(),
        keyring: keyring(),
        releases: true,
        disk: Disk::default(),
        level: Fact::level,
        committing: None,
    }
}

/// Opens such a ledger.
pub async fn open<L: Log + Clone>(log: &L, path: &Path, sole_writer: bool) -> Ledger {
    Ledger::open(options(path, sole_writer), Arc::new(log.clone())).await.unwrap()
}
