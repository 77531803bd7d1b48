//! The admin API over a ledger on a log in memory.

mod audit;
mod authorization;
mod browsing;
mod consumers;
mod cookies;
mod documents;
mod history;
mod identities;
mod insights;
mod live;
mod logins;
mod logs;
mod master_key;
mod nodes;
mod rights;
mod step_up;
mod store;
mod telemetry;
