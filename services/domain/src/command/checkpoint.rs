use events::checkpoint::{Checkpointed, KeyChanged};

use super::Command;

impl From<Checkpointed> for Command {
    fn from(checkpoint: Checkpointed) -> Self {
        Self::Checkpoint(Box::new(checkpoint))
    }
}

impl From<KeyChanged> for Command {
    fn from(change: KeyChanged) -> Self {
        Self::ChangeNotaryKey(Box::new(change))
    }
}
