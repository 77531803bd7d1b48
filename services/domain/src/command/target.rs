//! Commands about targets, to which events are sent.

use events::ids::{RegionName, Sealed, TargetName};
use events::target::{Progress, Settings};
use serde::{Deserialize, Serialize};

use super::Command;

/// Targets of a region, at most: each is followed by itself, and holds some memory of the process that sends.
pub const TARGETS_MAX: usize = 64;

/// Dead letters of a target, at most. One fact can drop them all with their target. A target that has so many receives
/// nothing until some are sent again or given up.
pub const DEAD_LETTERS_MAX: u32 = 256;

/// Dead letters, and redelivered events, in one fact, of all targets together.
pub const SETTLED_AT_ONCE_MAX: usize = 100;

/// A request for a change of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the facts")]
pub enum TargetCommand {
    /// Create a target.
    Create { target: TargetName, settings: Settings, secret: Option<Sealed>, after: u64 },
    /// Change the settings of a target; `None` leaves the key and the position as they are.
    Change { target: TargetName, settings: Settings, secret: Option<Sealed>, after: Option<u64> },
    /// Delete a target.
    Delete { target: TargetName },
    /// Ask for an event that tests the target.
    AskTest { target: TargetName },
    /// Send dead letters again; those that are none are passed over. All if none are named.
    AskRedelivery { target: TargetName, sequences: Vec<u64> },
    /// Give dead letters up; those that are none are passed over. All if none are named.
    DiscardDead { target: TargetName, sequences: Vec<u64> },
    /// Say how far targets have come. What is said of others than these very targets is left out.
    Advance { region: RegionName, targets: Vec<Progress> },
    /// Seal the key of a target with another key; given as it was found, and as it will be.
    Reseal { target: TargetName, from: Sealed, to: Sealed },
}

/// The reason why a change of a target is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum TargetRejection {
    /// Create it first.
    #[error("there is no target {0}")]
    NoSuch(TargetName),
    /// The name is taken.
    #[error("there is a target of that name already")]
    Exists,
    /// Delete one first.
    #[error("there are {TARGETS_MAX} targets already, and more are not allowed")]
    TooMany,
    /// Name a place that the log has.
    #[error("the position is after the end of the log")]
    Beyond,
}

impl From<TargetCommand> for Command {
    fn from(command: TargetCommand) -> Self {
        Self::Target(Box::new(command))
    }
}
