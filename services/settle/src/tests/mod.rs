//! The tasks over a log and nodes in memory, with time that goes by as the tests want it.

mod checks;
mod suspicions;
mod world;
