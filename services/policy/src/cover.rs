//! Decides whether a user has everything that a policy grants, so that handing the policy on gives nobody more than
//! that user has.
//!
//! Every unclear case is a no. A user's conditions, variables and exceptions say from where and when that user may do
//! something, so rights that depend on them cannot be handed on. The same holds for an action if anything about it is
//! denied to the user.

use events::ids::{BucketName, UserId, UserName};
use events::user::Role;

use crate::action::{ActionSet, Kind};
use crate::document::Document;
use crate::request::{Attached, Caller};
use crate::resource::ResourcePattern;
use crate::statement::{Effect, Statement};

/// The maximum number of pairs of resources that are compared for one answer; beyond it the answer is no. Each takes
/// some nanoseconds.
const COMPARISONS_MAX: usize = 1_000_000;

/// Whether a holder of these policies has everything that a document allows. Its denials are not considered: see
/// [`Document::denies_anything`]. A document that could not be parsed has no text, and what it grants is unknown.
pub fn covers(held: &[Attached], document: &Document) -> bool {
    if document.text().is_empty() {
        return false;
    }
    let mut allowed = document.statements().iter().filter(|statement| statement.effect == Effect::Allow);
    allowed.all(|statement| covers_statement(held, statement))
}

/// Whether a holder of these policies may do everything with a bucket and its objects.
pub fn covers_bucket(held: &[Attached], bucket: &BucketName) -> bool {
    has_all(held, ActionSet::of_kinds(&[Kind::Bucket, Kind::Object]), &ResourcePattern::of_bucket(bucket))
}

/// Whether a bucket policy grants a user something that it does not grant to everybody.
pub fn gives_by_name(policy: &Document, name: &UserName, id: &UserId) -> bool {
    let caller = Caller::User { name, id, role: Role::User };
    policy.statements().iter().any(|statement| {
        let principals = statement.principals.as_ref();
        let is_for_all = principals.is_none_or(|principals| principals.has(Caller::Anonymous));
        statement.effect == Effect::Allow
            && principals.is_none_or(|principals| principals.has(caller))
            && !(is_for_all && statement.conditions.is_empty())
    })
}

fn covers_statement(held: &[Attached], statement: &Statement) -> bool {
    if statement.resources.negated {
        return has_all(held, statement.actions, &[ResourcePattern::everything()]);
    }
    has_all(held, statement.actions, &statement.resources.patterns)
}

/// Whether all actions are held on all resources, without conditions.
fn has_all(held: &[Attached], actions: ActionSet, resources: &[ResourcePattern]) -> bool {
    let of = |effect| {
        let statements = held.iter().flat_map(|attached| attached.document.statements());
        statements.filter(move |statement| statement.effect == effect)
    };
    if of(Effect::Deny).any(|statement| statement.actions.iter().any(|action| actions.has(action))) {
        return false;
    }
    let plain = of(Effect::Allow).filter(|statement| statement.conditions.is_empty() && !statement.resources.negated);
    let plain: Vec<_> = plain.collect();
    let patterns: usize = plain.iter().map(|statement| statement.resources.patterns.len()).sum();
    if patterns.saturating_mul(resources.len()) > COMPARISONS_MAX {
        return false;
    }
    resources.iter().all(|resource| {
        let covering = plain.iter().filter(|held| held.resources.patterns.iter().any(|held| held.covers(resource)));
        covering.fold(actions, |left, held| left.without(held.actions)).is_empty()
    })
}
