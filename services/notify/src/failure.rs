use std::time::Duration;

/// Why a target did not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It takes no events at present: nothing is said of this one. It is sent again until it arrives.
    #[error("{why}")]
    Unavailable {
        /// For people.
        why: String,
        /// When the target wants to be asked again.
        after: Option<Duration>,
    },
    /// It does not want this event. After a few attempts the next one follows.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    pub(crate) fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into(), after: None }
    }
}
