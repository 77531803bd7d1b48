//! Leases and their fence, and the settings of background workers.

use std::num::NonZeroU64;

use domain::row::WorkerRow;
use domain::{AskWorker, ChangeWorker, Command, Leased, Outcome, Rejection, ReleaseLease, TakeLease, View};
use events::Fact;
use events::ids::ProcessId;
use events::lease::{Lease, Owner, Term};
use proptest::prelude::*;
use uuid::Uuid;

use crate::fold::{Fold, region};
use crate::given::{accepted, context, create_bucket, rejected, unchanged};

fn owner(n: u8) -> Owner {
    Owner { process: ProcessId(Uuid::from_u128(n.into())), name: format!("process {n}") }
}

fn take(lease: Lease, n: u8, after: u64) -> Command {
    TakeLease { region: region(), lease, owner: owner(n), after }.into()
}

fn release(lease: Lease, epoch: u64) -> Command {
    ReleaseLease { region: region(), lease, epoch }.into()
}

/// Some work of an owner.
fn work(lease: Lease, epoch: u64) -> Command {
    Leased { term: Term { lease, epoch }, command: Box::new(create_bucket()) }.into()
}

fn lost(lease: Lease) -> Rejection {
    Rejection::LeaseLost(lease)
}

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);

#[test]
fn of_several_challengers_one_gets_the_next_term() {
    let fold = accepted(&[], &take(Lease::Gc, 1, 0), &DONE);
    let row = fold.model.lease(Lease::Gc).unwrap().unwrap();
    assert_eq!((row.epoch, row.owner, row.since), (1, Some(owner(1)), context(0).now));
    assert_eq!(fold.model.lease(Lease::Repair).unwrap(), None, "leases have nothing to do with each other");

    rejected(&[take(Lease::Gc, 1, 0)], &take(Lease::Gc, 2, 0), lost(Lease::Gc));
    rejected(&[], &take(Lease::Gc, 1, 1), lost(Lease::Gc));
    let fold = accepted(&[take(Lease::Gc, 1, 0)], &take(Lease::Gc, 2, 1), &DONE);
    let row = fold.model.lease(Lease::Gc).unwrap().unwrap();
    assert_eq!((row.epoch, row.owner), (2, Some(owner(2))));
}

#[test]
fn taking_a_lease_again_because_its_outcome_was_unknown_changes_nothing() {
    unchanged(&[take(Lease::Gc, 1, 0)], &take(Lease::Gc, 1, 0), &DONE);
    rejected(&[take(Lease::Gc, 1, 0), take(Lease::Gc, 2, 1)], &take(Lease::Gc, 1, 0), lost(Lease::Gc));
}

#[test]
fn only_the_present_term_commits() {
    accepted(&[take(Lease::Gc, 1, 0)], &work(Lease::Gc, 1), &DONE);
    rejected(&[], &work(Lease::Gc, 0), lost(Lease::Gc));
    rejected(&[take(Lease::Gc, 1, 0)], &work(Lease::Gc, 0), lost(Lease::Gc));
    rejected(&[take(Lease::Gc, 1, 0)], &work(Lease::Gc, 2), lost(Lease::Gc));
    rejected(&[take(Lease::Gc, 1, 0)], &work(Lease::Repair, 1), lost(Lease::Repair));
    rejected(&[take(Lease::Gc, 1, 0), take(Lease::Gc, 2, 1)], &work(Lease::Gc, 1), lost(Lease::Gc));
}

#[test]
fn what_was_given_back_fences_its_owner_and_is_taken_by_the_next() {
    let given_back = [take(Lease::Gc, 1, 0), release(Lease::Gc, 1)];
    let fold = accepted(&given_back[..1], &given_back[1], &DONE);
    let row = fold.model.lease(Lease::Gc).unwrap().unwrap();
    assert_eq!((row.epoch, row.owner), (1, None));
    rejected(&given_back, &work(Lease::Gc, 1), lost(Lease::Gc));
    rejected(&given_back, &take(Lease::Gc, 2, 0), lost(Lease::Gc));
    accepted(&given_back, &take(Lease::Gc, 2, 1), &DONE);
    unchanged(&given_back, &release(Lease::Gc, 1), &DONE);
    unchanged(&[take(Lease::Gc, 1, 0), take(Lease::Gc, 2, 1)], &release(Lease::Gc, 1), &DONE);
}

/// A rate of 0 removes the limit.
fn set(paused: Option<bool>, rate: Option<u64>) -> Command {
    let rate = rate.map(NonZeroU64::new);
    ChangeWorker { region: region(), worker: "repair".parse().unwrap(), paused, rate }.into()
}

#[test]
fn a_worker_keeps_the_settings_that_a_change_does_not_name() {
    let worker = "repair".parse().unwrap();
    let row = |fold: &Fold| fold.model.worker(&worker).unwrap();
    assert_eq!(row(&Fold::new()), WorkerRow::default());
    let rate = NonZeroU64::new(7);
    let fold = accepted(&[set(Some(true), None)], &set(None, Some(7)), &DONE);
    assert_eq!(row(&fold), WorkerRow { paused: true, rate, asked: 0 });
    let fold = accepted(&[set(Some(true), Some(7))], &set(Some(false), None), &DONE);
    assert_eq!(row(&fold), WorkerRow { paused: false, rate, asked: 0 });
    let fold = accepted(&[set(Some(true), Some(7))], &set(None, Some(0)), &DONE);
    assert_eq!(row(&fold), WorkerRow { paused: true, rate: None, asked: 0 });
    unchanged(&[set(Some(true), Some(7))], &set(Some(true), Some(7)), &DONE);
    unchanged(&[], &set(Some(false), Some(0)), &DONE);
}

#[test]
fn a_worker_is_asked_by_an_event_of_its_own_each_time() {
    let ask = || AskWorker { region: region(), worker: "repair".parse().unwrap() }.into();
    let worker = "repair".parse().unwrap();
    let fold = accepted(&[set(Some(true), Some(7)), ask()], &ask(), &DONE);
    let row = WorkerRow { paused: true, rate: NonZeroU64::new(7), asked: 3 };
    assert_eq!(fold.model.worker(&worker).unwrap(), row);
    let fold = accepted(&[ask()], &set(Some(true), Some(7)), &DONE);
    assert_eq!(fold.model.worker(&worker).unwrap(), WorkerRow { asked: 1, ..row });
}

#[derive(Debug, Clone)]
enum Step {
    /// Which process, after which term.
    Take(u8, u64),
    Release(u64),
    Work(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let epoch = || 0..6_u64;
    let step = prop_oneof![
        (0..3_u8, epoch()).prop_map(|(process, after)| Step::Take(process, after)),
        epoch().prop_map(Step::Release),
        epoch().prop_map(Step::Work),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// However processes ask, terms follow each other one by one, and nothing is done outside of the present one.
    #[test]
    fn every_fact_of_an_owner_is_of_the_present_term(steps in steps()) {
        let lease = Lease::Repair;
        let mut fold = Fold::new();
        let (mut epoch, mut held_by) = (0, None);
        for (place, step) in (1..).zip(&steps) {
            let events = fold.events.len();
            let command = match *step {
                Step::Take(process, after) => take(lease, process, after),
                Step::Release(epoch) => release(lease, epoch),
                Step::Work(epoch) => {
                    let command = Box::new(set(Some(place % 2 == 0), None));
                    Leased { term: Term { lease, epoch }, command }.into()
                },
            };
            let answer = fold.command(&command, context(place));
            for event in &fold.events[events..] {
                match &event.fact {
                    Fact::RegionLeaseTaken(fact) => {
                        prop_assert_eq!(fact.epoch, epoch + 1);
                        (epoch, held_by) = (fact.epoch, Some(fact.owner.clone()));
                    }
                    Fact::RegionLeaseReleased(fact) => {
                        prop_assert!(fact.epoch == epoch && held_by.is_some());
                        held_by = None;
                    }
                    _ => {}
                }
            }
            let row = fold.model.lease(lease).unwrap();
            prop_assert_eq!(row.map(|row| (row.epoch, row.owner)), (epoch > 0).then(|| (epoch, held_by.clone())));
            if let Step::Work(of) = *step {
                prop_assert_eq!(answer.is_ok(), held_by.is_some() && of == epoch);
            }
        }
    }
}
