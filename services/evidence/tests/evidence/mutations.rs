//! Every single change of an export is found, and the event is named.

use std::collections::BTreeSet;

use events::ids::Sha256Digest;
use evidence::{Finding, Line, Report, Withheld, write_line};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::given::{Log, log, other, public, verify};

/// More entries than a log here has.
const ENTRIES_MAX: usize = 10_000;

/// The sequences that a report names.
fn named(report: &Report) -> BTreeSet<u64> {
    let mut named = BTreeSet::new();
    for finding in &report.findings {
        match finding {
            Finding::Changed { sequence } | Finding::Moved { sequence } => drop(named.insert(*sequence)),
            // A changed sequence can claim that nearly all there could be are missing.
            Finding::Removed { first, last } => named.extend((*first..=*last).take(ENTRIES_MAX)),
            Finding::Inserted { sequence, .. } => named.extend(*sequence),
            Finding::Unchained { sequence } => named.extend([sequence - 1, *sequence]),
            Finding::Hashes { sequences } => named.extend(sequences),
            _ => {}
        }
    }
    named
}

/// The lines of an export, and for each the sequence of the event on it.
fn lines(log: &Log, withheld: &[u64]) -> Vec<(Option<u64>, Vec<u8>)> {
    let mut next = 0;
    let numbered = log.export(withheld).into_iter().map(|line| {
        let is_entry = matches!(Line::parse(&line), Line::Event(_) | Line::Withheld(_));
        next += u64::from(is_entry);
        (is_entry.then_some(next), line)
    });
    numbered.collect()
}

fn texts(lines: &[(Option<u64>, Vec<u8>)]) -> Vec<Vec<u8>> {
    lines.iter().map(|(_, line)| line.clone()).collect()
}

#[test]
fn a_log_as_it_was_signed_is_good() {
    let log = log();
    for withheld in [&[][..], &[2, 3, 9]] {
        let report = verify(&log.export(withheld), Some(public(1)));
        assert_eq!(report.findings, []);
        let (covered, last) = (log.checkpoints.last().unwrap().0.last, log.entries.len() as u64);
        assert_eq!((report.checkpoints, report.covered, report.last), (4, covered, last));
        assert_eq!((report.entries, report.withheld), (last, withheld.len() as u64));
        assert_eq!(report.keys, [public(1), public(2)]);
    }
}

/// The last entry of all: no other refers to it yet.
fn is_vouched(log: &Log, sequence: u64) -> bool {
    sequence < log.entries.len() as u64
}

/// The entry on a line that is chosen at random.
fn entry(lines: &[(Option<u64>, Vec<u8>)], index: Index) -> (usize, u64) {
    let entries: Vec<_> = lines.iter().enumerate().filter_map(|(at, (sequence, _))| Some((at, (*sequence)?))).collect();
    *index.get(&entries)
}

proptest! {
    #[test]
    fn a_changed_byte_is_found(index: Index, byte: Index, bit in 0..8_u32) {
        let log = log();
        let mut lines = lines(&log, &[]);
        let (at, sequence) = entry(&lines, index);
        prop_assume!(is_vouched(&log, sequence));
        let line = &mut lines[at].1;
        let place = byte.index(line.len());
            line[place] ^= 1 << bit;
        let report = verify(&texts(&lines), Some(public(1)));
        prop_assert!(named(&report).contains(&sequence), "{sequence}: {:?}", report.findings);
        let is_covered = sequence <= report.covered;
        let is_exact = report.findings == [Finding::Changed { sequence }];
        prop_assert!(!is_covered || is_exact, "{sequence}: {:?}", report.findings);
    }

    #[test]
    fn a_removed_event_is_found(index: Index) {
        let log = log();
        let mut lines = lines(&log, &[]);
        let (at, sequence) = entry(&lines, index);
        lines.remove(at);
        let report = verify(&texts(&lines), Some(public(1)));
        prop_assert_eq!(&report.findings, &[Finding::Removed { first: sequence, last: sequence }]);
    }

    #[test]
    fn an_inserted_event_is_found(index: Index, place: Index, is_new: bool) {
        let log = log();
        let mut lines = lines(&log, &[]);
        let (at, sequence) = entry(&lines, index);
        let mut line = lines[at].1.clone();
        if is_new {
            // Another event of the same sequence.
            let text = String::from_utf8(line).unwrap().replace("bucket", "bukket").replace("planetstore", "planetstone");
            line = text.into_bytes();
        }
        // Not before the header, and not right behind itself, where nothing tells the two apart but their bytes.
        let place = place.index(lines.len() - 1) + 1;
        lines.insert(place, (None, line));
        let report = verify(&texts(&lines), Some(public(1)));
        let is_named = report.findings.iter().any(|finding| {
            matches!(finding, Finding::Inserted { sequence: Some(found), .. } if *found == sequence)
        });
        // Behind the last event, one cannot be told from the other.
        prop_assert!(is_named || !is_vouched(&log, sequence), "{sequence} at {place}: {:?}", report.findings);
        prop_assert!(!report.is_good());
    }

    #[test]
    fn reordered_events_are_found(one: Index, two: Index) {
        let log = log();
        let mut lines = lines(&log, &[]);
        let ((at, sequence), (to, with)) = (entry(&lines, one), entry(&lines, two));
        prop_assume!(at != to);
        let line = lines[at].1.clone();
        lines[at].1 = std::mem::replace(&mut lines[to].1, line);
        let report = verify(&texts(&lines), Some(public(1)));
        let named = named(&report);
        prop_assert!(named.contains(&sequence) || named.contains(&with), "{sequence} {with}: {:?}", report.findings);
    }

    #[test]
    fn a_moved_event_is_found(one: Index, two: Index) {
        let log = log();
        let mut lines = lines(&log, &[]);
        let ((at, sequence), (to, with)) = (entry(&lines, one), entry(&lines, two));
        prop_assume!(at != to);
        let line = lines.remove(at);
        lines.insert(to, line);
        let report = verify(&texts(&lines), Some(public(1)));
        let named = named(&report);
        prop_assert!(named.contains(&sequence) || named.contains(&with), "{sequence} {with}: {:?}", report.findings);
    }

    #[test]
    fn a_changed_hash_of_what_is_withheld_is_found(which in 0..3_u8) {
        let (log, sequence) = (log(), 9);
        let mut lines = lines(&log, &[sequence]);
        let at = lines.iter().position(|(found, _)| *found == Some(sequence)).unwrap();
        let Line::Withheld(withheld) = Line::parse(&lines[at].1) else { unreachable!("it is withheld") };
        let changed = match which {
            0 => Withheld { hash: other(withheld.hash), ..withheld },
            1 => Withheld { leaf: other(withheld.leaf), ..withheld },
            _ => Withheld { previous: Some(Sha256Digest([7; 32])), ..withheld },
        };
        let mut line = Vec::new();
        write_line(&Line::Withheld(changed), &mut line).unwrap();
        line.pop();
        lines[at].1 = line;
        let report = verify(&texts(&lines), Some(public(1)));
        prop_assert_eq!(&report.findings, &[Finding::Changed { sequence }]);
    }

    #[test]
    fn any_other_line_that_is_changed_or_missing_is_found(index: Index, byte: Index, bit in 0..7_u32, is_removed: bool) {
        let log = log();
        let mut lines = lines(&log, &[]);
        let others: Vec<_> = (0..lines.len()).filter(|at| lines[*at].0.is_none()).collect();
        let at = *index.get(&others);
        if is_removed {
            lines.remove(at);
        } else {
            let line = &mut lines[at].1;
            let place = byte.index(line.len());
            line[place] ^= 1 << bit;
        }
        let report = verify(&texts(&lines), Some(public(1)));
        // Who wrote a checkpoint and when is signed by the next one, where its event stands as an entry. The header says
        // what was asked for.
        let said = |line: &[u8]| match Line::parse(line) {
            Line::Key(event) | Line::Checkpoint(event) => events::Event::decode(event).ok().map(|event| event.fact),
            _ => None,
        };
        let is_same = !is_removed && said(&lines[at].1).is_some_and(|fact| Some(fact) == said(&log.export(&[])[at]));
        let is_header = at == 0 && !is_removed;
        // Without its line the last checkpoint covers nothing, and the report says so.
        let covers_less = report.covered < log.checkpoints.last().unwrap().0.last;
        prop_assert!(!report.is_good() || is_same || is_header || covers_less, "line {at}");
    }
}
