//! A clock that tests set.

use domain::lifecycle::Day;
use jiff::SignedDuration;
use testkit::Clock;

use crate::given::*;

const HOURS_OF_TEN_YEARS: i64 = 10 * 365 * 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_for_a_while_puts_nothing_off() {
    let clock = Clock::new();
    let store = Store::new(clock.clone());
    let ledger = store.open("state", true).await;
    does(&ledger, create_bucket()).await;
    does(&ledger, rules(vec![days(1)])).await;
    does(&ledger, put("before")).await;
    clock.set_ahead(SignedDuration::from_hours(HOURS_OF_TEN_YEARS));
    let _following = follow(&ledger, &clock, Day::of_seconds(2).unwrap());
    until(&ledger, "the first round", <[_]>::is_empty).await;
    clock.set_ahead(SignedDuration::ZERO);
    does(&ledger, put("after")).await;
    until(&ledger, "the end of what was put once the clock was right", <[_]>::is_empty).await;
}
