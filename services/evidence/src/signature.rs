//! Who signed what a notary says.

use events::checkpoint::{Checkpointed, KeyChanged};
use identity::is_signed_by;

/// Whether the key that a checkpoint names signed it.
pub fn is_checkpoint_signed(checkpoint: &Checkpointed) -> bool {
    is_signed_by(&checkpoint.key.0, checkpoint.statement().as_bytes(), &checkpoint.signature.0)
}

/// Whether a change of keys is signed by the key before, or by the first key itself.
pub fn is_key_change_signed(change: &KeyChanged) -> bool {
    is_signed_by(&change.signer().0, change.statement().as_bytes(), &change.signature.0)
}
