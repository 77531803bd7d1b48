//! The admin API over a ledger on a log in memory.

mod audit;
mod authorization;
mod consumers;
mod browsing;
mod cookies;
mod documents;
mod history;
mod identities;
mod insights;
mod logins;
mod master_key;
mod nodes;
mod rights;
mod step_up;
mod store;
