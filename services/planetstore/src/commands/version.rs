use super::Verdict;

/// Prints the version.
pub(crate) fn version() -> Verdict {
    println!("planetstore {}", env!("CARGO_PKG_VERSION"));
    Verdict::Well
}
