//! The ledger over a log in memory: what it answers, what it shows, and what becomes of it when things fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "ledger/belongings.rs"]
mod belongings;
#[path = "ledger/bounded.rs"]
mod bounded;
#[path = "ledger/crash.rs"]
mod crash;
#[path = "ledger/damage.rs"]
mod damage;
#[path = "ledger/failing.rs"]
mod failing;
#[path = "ledger/faulty.rs"]
mod faulty;
#[path = "ledger/full.rs"]
mod full;
#[path = "ledger/history.rs"]
mod history;
#[path = "../../domain/tests/domain/invariants.rs"]
mod invariants;
#[path = "ledger/levels.rs"]
mod levels;
#[path = "ledger/listing.rs"]
mod listing;
#[path = "ledger/master_key.rs"]
mod master_key;
#[path = "ledger/nodes.rs"]
mod nodes;
#[path = "ledger/quarantine.rs"]
mod quarantine;
#[path = "../../domain/tests/domain/random/mod.rs"]
mod random;
#[path = "ledger/shared.rs"]
mod shared;
#[path = "ledger/sharing.rs"]
mod sharing;
#[path = "ledger/support.rs"]
mod support;
#[path = "ledger/unavailable.rs"]
mod unavailable;
