//! The admin API over a ledger on a log in memory.

mod authorization;
mod documents;
mod history;
mod identities;
mod live;
mod logins;
mod master_key;
mod nodes;
mod rights;
mod step_up;
mod store;
mod telemetry;
