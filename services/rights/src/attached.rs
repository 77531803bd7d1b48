//! Policies as they are stored, and the built-in ones.

use std::sync::Arc;

use domain::Identities;
use events::ids::PolicyName;
use ledger::{Snapshot, StateError};
use policy::{Attached, Document, DocumentKind, managed};

/// The policy of a name, if there is one. It was parsed before it was stored; one that cannot be read denies everything.
///
/// # Errors
/// If the state cannot be read.
pub fn attached(snapshot: &Snapshot, name: PolicyName) -> Result<Option<Attached>, StateError> {
    if let Some(document) = managed::document(&name) {
        return Ok(Some(Attached { name, document }));
    }
    let Some(row) = snapshot.policy(&name)? else { return Ok(None) };
    let document = Document::identity(&row.document).unwrap_or_else(|error| {
        tracing::error!(policy = %name, %error, "a stored policy cannot be read: it denies everything");
        Document::denying_all(DocumentKind::Identity)
    });
    Ok(Some(Attached { name, document: Arc::new(document) }))
}
