use std::time::Duration;

/// Why a change is not at its destination. What the failure is about is what waits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The other region takes nothing at present. All that goes there waits.
    #[error("{why}")]
    Region {
        /// For people.
        why: String,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
    /// The bucket there takes nothing, or is not there. What goes to it waits.
    #[error("{0}")]
    Bucket(String),
    /// The change itself is refused. It is tried a few times, and then given up.
    #[error("{0}")]
    Refused(String),
    /// The region cannot make anything of what was sent: a later release may.
    #[error("{0}")]
    Invalid(String),
    /// Nothing that could change makes it possible to send the change.
    #[error("{0}")]
    Impossible(String),
    /// The other region wants the bytes of the version.
    #[error("the bytes are wanted")]
    BytesWanted,
    /// The other region does not have the version whose metadata changed: another one has not delivered it yet.
    #[error("{0}")]
    VersionWanted(String),
    /// The bytes cannot be read here at present. The change waits.
    #[error("{0}")]
    Unreadable(String),
}

impl Failure {
    pub(crate) fn region(why: impl Into<String>) -> Self {
        Self::Region { why: why.into(), after: None }
    }
}
