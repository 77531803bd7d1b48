//! The binary as a process, the direction of the crates, and the tidiness of the tree.
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
