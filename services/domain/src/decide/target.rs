//! The rules about targets, to which events are sent.

use std::collections::BTreeSet;

use events::Fact;
use events::ids::{RegionName, Sealed, TargetName};
use events::secret::TargetResealed;
use events::target::{
    Advanced, Changed, Created, DeadDiscarded, Deleted, Progress, RedeliveryAsked, Settings, TestAsked,
};

use super::identity::check_seal;
use super::{Decision, Refused};
use crate::command::{DEAD_LETTERS_MAX, Outcome, SETTLED_AT_ONCE_MAX, TARGETS_MAX, TargetCommand, TargetRejection};
use crate::row::TargetRow;
use crate::view::View;

pub(super) fn decide<V: View>(view: &V, command: &TargetCommand) -> Result<Decision, Refused<V::Error>> {
    use TargetCommand as C;
    match command {
        C::Create { target, settings, secret, after } => create(view, target, settings, secret.as_ref(), *after),
        C::Change { target, settings, secret, after } => change(view, target, settings, secret.as_ref(), *after),
        C::Delete { target } => {
            row(view, target)?;
            Ok(write(Fact::TargetDeleted(Deleted { target: target.clone() })))
        }
        C::AskTest { target } => {
            row(view, target)?;
            Ok(write(Fact::TargetTestAsked(TestAsked { target: target.clone() })))
        }
        C::AskRedelivery { target, sequences } => {
            let sequences = dead(view, target, sequences, |row| !row.asked)?;
            Ok(unless_empty(sequences, |sequences| {
                Fact::TargetRedeliveryAsked(RedeliveryAsked { target: target.clone(), sequences })
            }))
        }
        C::DiscardDead { target, sequences } => {
            let sequences = dead(view, target, sequences, |_| true)?;
            Ok(unless_empty(sequences, |sequences| {
                Fact::TargetDeadDiscarded(DeadDiscarded { target: target.clone(), sequences })
            }))
        }
        C::Advance { region, targets } => advance(view, region, targets),
        C::Reseal { target, from, to } => reseal(view, target, from, to),
    }
}

fn write(fact: Fact) -> Decision {
    Decision::write(fact, Outcome::Done)
}

fn unless_empty(sequences: Vec<u64>, fact: impl FnOnce(Vec<u64>) -> Fact) -> Decision {
    if sequences.is_empty() { Decision::nothing(Outcome::Done) } else { write(fact(sequences)) }
}

fn row<V: View>(view: &V, target: &TargetName) -> Result<TargetRow, Refused<V::Error>> {
    let row = view.target(target).map_err(Refused::View)?;
    row.ok_or_else(|| TargetRejection::NoSuch(target.clone()).into())
}

fn check_secret<V: View>(view: &V, secret: Option<&Sealed>) -> Result<(), Refused<V::Error>> {
    secret.map_or(Ok(()), |secret| check_seal(view, secret))
}

fn create<V: View>(
    view: &V,
    target: &TargetName,
    settings: &Settings,
    secret: Option<&Sealed>,
    after: u64,
) -> Result<Decision, Refused<V::Error>> {
    if view.target(target).map_err(Refused::View)?.is_some() {
        return Err(TargetRejection::Exists.into());
    }
    if view.targets(TARGETS_MAX).map_err(Refused::View)?.len() >= TARGETS_MAX {
        return Err(TargetRejection::TooMany.into());
    }
    check_secret(view, secret)?;
    let (target, settings, secret) = (target.clone(), settings.clone(), secret.cloned());
    Ok(write(Fact::TargetCreated(Created { target, settings, secret, after })))
}

fn change<V: View>(
    view: &V,
    target: &TargetName,
    settings: &Settings,
    secret: Option<&Sealed>,
    after: Option<u64>,
) -> Result<Decision, Refused<V::Error>> {
    let row = row(view, target)?;
    check_secret(view, secret)?;
    if row.settings() == *settings && secret.is_none() && after.is_none_or(|after| after == row.position) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let (target, settings, secret) = (target.clone(), settings.clone(), secret.cloned());
    Ok(write(Fact::TargetChanged(Changed { target, settings, secret, after })))
}

/// The dead letters of a target that are named and of which `wanted` holds; of all of them if none is named.
fn dead<V: View>(
    view: &V,
    target: &TargetName,
    named: &[u64],
    wanted: impl Fn(&crate::row::DeadLetterRow) -> bool,
) -> Result<Vec<u64>, Refused<V::Error>> {
    row(view, target)?;
    let rows = view.dead_letters(target, 0, DEAD_LETTERS_MAX as usize).map_err(Refused::View)?;
    let is_named = |sequence: &u64| named.is_empty() || named.contains(sequence);
    let found = rows.into_iter().filter(|(sequence, row)| is_named(sequence) && wanted(row));
    Ok(found.map(|(sequence, _)| sequence).collect())
}

/// What is said of a target that was changed meanwhile is left out: its events continue where the change says. So is what
/// would pass over an event that the target neither received nor has a dead letter of.
fn advance<V: View>(view: &V, region: &RegionName, targets: &[Progress]) -> Result<Decision, Refused<V::Error>> {
    let mut said: Vec<Progress> = Vec::new();
    let mut settled = 0;
    for progress in targets.iter().take(TARGETS_MAX) {
        let Some(row) = view.target(&progress.target).map_err(Refused::View)? else { continue };
        let is_twice = said.iter().any(|other| other.target == progress.target);
        if row.changed != progress.changed || progress.position < row.position || is_twice {
            continue;
        }
        let mut progress = progress.clone();
        progress.redelivered = still_dead(view, &progress)?;
        let is_said = progress.position == row.position && progress.error == row.error;
        if is_said && progress.dead.is_empty() && progress.redelivered.is_empty() {
            continue;
        }
        let new = progress.dead.len() + progress.redelivered.len();
        if settled + new <= SETTLED_AT_ONCE_MAX && fits(view, &row, &progress)? {
            settled += new;
            said.push(progress);
        }
    }
    if said.is_empty() {
        return Ok(Decision::nothing(Outcome::Done));
    }
    Ok(write(Fact::TargetsAdvanced(Advanced { region: region.clone(), targets: said, term: None })))
}

/// Of the events that were redelivered, those that are still dead letters: an operator may have given some up meanwhile.
fn still_dead<V: View>(view: &V, progress: &Progress) -> Result<Vec<u64>, Refused<V::Error>> {
    let mut still = Vec::with_capacity(progress.redelivered.len());
    for sequence in &progress.redelivered {
        if view.dead_letter(&progress.target, *sequence).map_err(Refused::View)?.is_some() {
            still.push(*sequence);
        }
    }
    Ok(still)
}

/// Whether there is room for the new dead letters, and each event is named once.
fn fits<V: View>(view: &V, row: &TargetRow, progress: &Progress) -> Result<bool, Refused<V::Error>> {
    let mut named = BTreeSet::new();
    if !progress.redelivered.iter().all(|sequence| named.insert(*sequence)) {
        return Ok(false);
    }
    let mut left = DEAD_LETTERS_MAX.saturating_sub(row.dead);
    for letter in &progress.dead {
        if !named.insert(letter.sequence) {
            return Ok(false);
        }
        if view.dead_letter(&progress.target, letter.sequence).map_err(Refused::View)?.is_none() {
            match left.checked_sub(1) {
                Some(less) => left = less,
                None => return Ok(false),
            }
        }
    }
    Ok(true)
}

/// A key that changed since it was found stays as it is.
fn reseal<V: View>(view: &V, target: &TargetName, from: &Sealed, to: &Sealed) -> Result<Decision, Refused<V::Error>> {
    let row = view.target(target).map_err(Refused::View)?;
    if row.is_none_or(|row| row.secret.as_ref() != Some(from)) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    check_seal(view, to)?;
    Ok(write(Fact::TargetResealed(TargetResealed { target: target.clone(), sealed: to.clone() })))
}

impl<E> From<TargetRejection> for Refused<E> {
    fn from(rejection: TargetRejection) -> Self {
        Self::Rejected(rejection.into())
    }
}
