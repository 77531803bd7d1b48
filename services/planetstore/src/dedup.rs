use clap::ValueEnum;
use domain::DedupScope;

/// Among which contents the bytes of an upload are looked for, as the command line has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// All buckets share stored contents
    Region,
    /// Each bucket has its own contents
    Bucket,
    /// Each upload is stored separately
    Off,
}

impl From<Scope> for DedupScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Region => Self::Region,
            Scope::Bucket => Self::Bucket,
            Scope::Off => Self::Off,
        }
    }
}
