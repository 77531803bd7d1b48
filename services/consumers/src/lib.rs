//! Durable consumers of the log over NATS, for readers outside of the store.
//!
//! Input: the consumers that the log names, and logins at the NATS servers. Output: a durable consumer in JetStream for
//! each, with a filter that only the store can change, and the rights of each login: get the next events of one
//! consumer, read its state, and acknowledge. This crate stores no password and shows no secret: events of nouns that
//! hold secrets are in no filter, and no consumer begins where other nouns held some.
//!
//! # Layout
//! - [`Filter`]: which events a consumer gets, and their subjects
//! - [`Consumers`]: the durable consumers, as the log names them; `rates`: how fast their readers are
//! - `login`: passwords; `token`: the signed texts of NATS servers; [`answer_logins`]: who logs in as which consumer
//! - `snippet`: a program that reads

mod consumers;
mod filter;
mod login;
mod logins;
mod rates;
mod snippet;
mod token;

pub use consumers::{Consumers, ConsumersError, Credentials, Durables, Progress};
pub use filter::{Filter, InvalidFilter};
pub use login::{Issuer, Login};
pub use logins::answer_logins;
