//! What facts about durable consumers change.

use events::consumer::{Added, Removed};

use super::draft::Draft;
use crate::change::Change;
use crate::row::ConsumerRow;
use crate::view::View;

pub(super) fn added<V: View>(draft: &mut Draft<'_, V>, fact: &Added) {
    let Added { consumer, durable, bucket, types, start, login } = fact.clone();
    let (created, owner) = (draft.event.time, draft.event.origin.principal.id.clone());
    let row = ConsumerRow { durable, created, owner, bucket, types, start, login };
    draft.changes.push(Change::PutConsumer { name: consumer, row });
}

pub(super) fn removed<V: View>(draft: &mut Draft<'_, V>, fact: &Removed) {
    draft.changes.push(Change::DropConsumer { name: fact.consumer.clone() });
}
