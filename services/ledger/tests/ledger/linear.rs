//! Whether what clients saw of one key can be put into one order: each operation takes effect at once, at some moment
//! between its call and its answer.
//!
//! Source: J. M. Wing and C. Gong, "Testing and verifying concurrent objects", 1993; with the states that were seen
//! remembered, as in G. Lowe, "Testing for linearizability", 2017.

use std::collections::HashSet;

/// The value of a key; `None` if it holds no object.
pub(crate) type Value = Option<u32>;

/// What a client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Put(u32),
    PutNew(u32),
    /// Replace a value that is there.
    Swap {
        from: u32,
        to: u32,
    },
    Delete,
    Read,
}

/// What a client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Done,
    /// A condition did not hold.
    Refused,
    /// Nothing happened.
    NotDone,
    /// It may have happened, and may still.
    Unknown,
    Read(Value),
}

/// An operation, with the order of its call and its answer among those of all others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) asked: Asked,
    pub(crate) told: Told,
    pub(crate) called: u64,
    pub(crate) answered: u64,
}

/// The value after an operation, if it can have had this answer on this value.
fn after(value: Value, asked: Asked, told: Told) -> Option<Value> {
    let (holds, next) = match asked {
        Asked::Put(to) => (true, Some(to)),
        Asked::PutNew(to) => (value.is_none(), Some(to)),
        Asked::Swap { from, to } => (value == Some(from), Some(to)),
        Asked::Delete => (true, None),
        Asked::Read => return (told == Told::Read(value)).then_some(value),
    };
    match told {
        Told::Done => holds.then_some(next),
        Told::Refused => (!holds).then_some(value),
        // If it happened where its condition did not hold, nothing did.
        Told::Unknown => Some(if holds { next } else { value }),
        Told::NotDone | Told::Read(_) => None,
    }
}

/// Whether operations on one key, which held nothing at first, can be put into one order.
pub(crate) fn is_linear(operations: &[Operation]) -> bool {
    let mut operations: Vec<_> =
        operations.iter().filter(|operation| operation.told != Told::NotDone).copied().collect();
    for operation in operations.iter_mut().filter(|operation| operation.told == Told::Unknown) {
        operation.answered = u64::MAX;
    }
    assert!(operations.len() <= 128, "more operations than the search remembers");
    // What may never have happened need not be put anywhere.
    let needed = (0..operations.len()).filter(|at| operations[*at].told != Told::Unknown);
    let needed: u128 = needed.map(|at| 1 << at).sum();
    let mut seen = HashSet::new();
    let mut open = vec![(0_u128, None::<u32>)];
    while let Some((placed, value)) = open.pop() {
        if placed & needed == needed {
            return true;
        }
        let left = || (0..operations.len()).filter(move |at| placed & (1 << at) == 0);
        let first_answer = left().map(|at| operations[at].answered).min().unwrap_or(u64::MAX);
        for at in left().filter(|at| operations[*at].called < first_answer) {
            if let Some(next) = after(value, operations[at].asked, operations[at].told)
                && seen.insert((placed | 1 << at, next))
            {
                open.push((placed | 1 << at, next));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(asked: Asked, told: Told, called: u64, answered: u64) -> Operation {
        Operation { asked, told, called, answered }
    }

    #[test]
    fn operations_that_overlap_have_any_order_and_others_the_one_they_had() {
        let put = told(Asked::Put(1), Told::Done, 1, 4);
        assert!(is_linear(&[put, told(Asked::Read, Told::Read(None), 2, 3)]));
        assert!(is_linear(&[put, told(Asked::Read, Told::Read(Some(1)), 2, 3)]));
        assert!(!is_linear(&[put, told(Asked::Read, Told::Read(None), 5, 6)]), "a lost write");
        assert!(!is_linear(&[put, told(Asked::Read, Told::Read(Some(2)), 5, 6)]), "a value from nowhere");
        let twice = [put, told(Asked::Delete, Told::Done, 5, 6), told(Asked::Read, Told::Read(Some(1)), 7, 8)];
        assert!(!is_linear(&twice), "applied twice");
        assert!(!is_linear(&[put, told(Asked::PutNew(2), Told::Done, 5, 6)]));
        assert!(!is_linear(&[put, told(Asked::Swap { from: 1, to: 2 }, Told::Refused, 5, 6)]));
    }

    #[test]
    fn what_is_not_known_may_happen_late_or_never_and_what_is_refused_never() {
        let unknown = told(Asked::Put(1), Told::Unknown, 1, 2);
        let read = |value, at| told(Asked::Read, Told::Read(value), at, at + 1);
        assert!(is_linear(&[unknown, read(None, 3), read(Some(1), 5)]));
        assert!(is_linear(&[unknown, read(None, 3)]));
        assert!(!is_linear(&[unknown, read(Some(1), 3), read(None, 5)]), "it went away again");
        let not_done = told(Asked::Put(1), Told::NotDone, 1, 2);
        assert!(is_linear(&[not_done, read(None, 3)]));
        assert!(!is_linear(&[not_done, read(Some(1), 3)]), "nobody is told no for something that happens");
    }
}
