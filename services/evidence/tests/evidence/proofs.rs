//! Proofs of single events.

use events::checkpoint::CHECKPOINT_ENTRIES_MAX;
use evidence::{PROOF_BYTES_MAX, Proof, ProofError, leaf_hash};

use crate::given::{Log, log, other, public};

fn proof(log: &Log, sequence: u64) -> Proof {
    let covers = |last: u64, first: u64| (first..=last).contains(&sequence);
    let (checkpoint, _) = log.checkpoints.iter().find(|(found, _)| covers(found.last, found.first)).unwrap();
    let at = |sequence: u64| usize::try_from(sequence).unwrap();
    let range = &log.entries[at(checkpoint.first) - 1..at(checkpoint.last)];
    let leaves: Vec<_> = range.iter().map(|entry| leaf_hash(entry)).collect();
    Proof::of(sequence, &leaves, checkpoint.clone()).unwrap()
}

#[test]
fn each_event_is_proven_and_no_other() {
    let log = log();
    let covered = usize::try_from(log.checkpoints.last().unwrap().0.last).unwrap();
    for (sequence, entry) in (1..).zip(&log.entries[..covered]) {
        let proof = proof(&log, sequence);
        let key = proof.checkpoint.key;
        assert_eq!(proof.check(Some(entry), Some(key)), Ok(()));
        assert_eq!(proof.check(Some(&log.entries[covered]), Some(key)), Err(ProofError::OtherBytes));
        assert_eq!(proof.check(Some(entry), Some(public(9))), Err(ProofError::OtherKey));
        let elsewhere = Proof { sequence: sequence + 1, ..proof.clone() };
        assert_eq!(elsewhere.check(Some(entry), None), Err(ProofError::NoPath));
        let root = other(proof.checkpoint.root);
        let unsigned = Proof { leaf: root, path: Vec::new(), ..proof.clone() };
        assert_eq!(unsigned.check(None, None), Err(ProofError::NoPath));
        let mut forged = proof.clone();
        forged.checkpoint.last += 1;
        assert_eq!(forged.check(Some(entry), None), Err(ProofError::NotSigned));
    }
}

#[test]
fn a_proof_in_the_largest_checkpoint_is_small() {
    let mut log = Log::default();
    log.key(1);
    log.events(usize::try_from(CHECKPOINT_ENTRIES_MAX).unwrap() - 1);
    log.checkpoint();
    let proof = proof(&log, CHECKPOINT_ENTRIES_MAX);
    let bytes = serde_json::to_vec(&proof).unwrap();
    assert!(bytes.len() < PROOF_BYTES_MAX, "{} bytes", bytes.len());
    let read: Proof = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(read.check(None, Some(public(1))), Ok(()));
}
