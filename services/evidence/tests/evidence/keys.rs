//! Which keys are believed.

use evidence::Finding;

use crate::given::{Log, log, public, verify};

#[test]
fn a_key_is_believed_from_where_it_was_put_in_use() {
    let log = log();
    for key in [None, Some(public(1)), Some(public(2))] {
        assert_eq!(verify(&log.export(&[]), key).findings, [], "{key:?}");
    }
    let report = verify(&log.export(&[]), Some(public(3)));
    assert!(report.findings.iter().any(|finding| matches!(finding, Finding::File { .. })), "{:?}", report.findings);
    assert!(
        report.findings.iter().any(|finding| matches!(finding, Finding::OtherKey { key, .. } if *key == public(2)))
    );
}

#[test]
fn a_log_that_somebody_else_signed_is_not_believed_although_they_name_the_right_key_as_theirs() {
    let mut log = Log::default();
    log.events(3);
    log.key(7);
    log.checkpoint();
    log.key(1);
    log.events(3);
    let report = verify(&log.export(&[]), Some(public(1)));
    assert_eq!(report.findings, [Finding::OtherKey { last: 4, key: public(7) }]);
    assert!(verify(&log.export(&[]), Some(public(7))).is_good());
}

#[test]
fn what_an_older_key_signed_is_believed_through_what_the_given_one_signed() {
    let mut log = Log::default();
    log.key(1);
    log.checkpoint();
    log.key(2);
    log.events(2);
    let report = verify(&log.export(&[]), Some(public(2)));
    assert_eq!(report.findings, [Finding::OtherKey { last: 1, key: public(1) }]);
    log.checkpoint();
    assert!(verify(&log.export(&[]), Some(public(2))).is_good());
}
