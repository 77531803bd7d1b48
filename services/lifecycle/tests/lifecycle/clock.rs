//! A clock that is set.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::lifecycle::Day;
use jiff::{SignedDuration, Timestamp};
use ledger::Sources;

use crate::given::*;

const HOURS_OF_TEN_YEARS: i64 = 10 * 365 * 24;

/// Hours that the clock is ahead.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn set_clock() -> Timestamp {
    now() + SignedDuration::from_hours(AHEAD.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_for_a_while_puts_nothing_off() {
    let sources = Sources { now: set_clock, fresh };
    let store = Store::new(sources);
    let ledger = store.open("state", true).await;
    does(&ledger, create_bucket()).await;
    does(&ledger, rules(vec![days(1)])).await;
    does(&ledger, put("before")).await;
    AHEAD.store(HOURS_OF_TEN_YEARS, Ordering::SeqCst);
    let _following = follow(&ledger, sources, Day::of_seconds(2).unwrap());
    until(&ledger, "the first round", <[_]>::is_empty).await;
    AHEAD.store(0, Ordering::SeqCst);
    does(&ledger, put("after")).await;
    until(&ledger, "the end of what was put once the clock was right", <[_]>::is_empty).await;
}
