//! The binary as a process, the imports of the crates, and the rules of the source tree.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases {
    mod clients;
    mod configuration;
    mod console;
    mod doctor;
    mod layering;
    mod lifecycle;
    mod process;
    mod roles;
    mod tidy;
}
