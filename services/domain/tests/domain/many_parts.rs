//! The event of an upload with the maximum number of parts.

use events::Fact;
use events::object::Body;

use crate::fold::region;
use crate::given::*;

const PARTS: u16 = 10_000;

/// The maximum size of an event that the log accepts with its headers: the `max_payload` of the servers is 1 MB.
const EVENT_BYTES_MAX: usize = 1_000_000;

#[test]
fn ten_thousand_parts_become_one_event_that_the_log_takes() {
    // Every part, and every other one: the most possible runs.
    for (step, runs) in [(1, 1), (2, usize::from(PARTS) / 2)] {
        let stored = (1..=PARTS).map(|number| part(1, number, b'a', 5 * MIB));
        let given: Vec<_> = [create_bucket(), begin(1)].into_iter().chain(stored).collect();
        let taken: Vec<_> = (1..=PARTS).step_by(step).map(|number| (number, b'a')).collect();
        let outcome = Ok(domain::Outcome::Stored {
            version: None,
            etag: assembled(),
            modified: context(0).now,
            staged_in_use: true,
        });
        let fold = accepted(&given, &complete(1, &taken), &outcome);
        let event = fold.events.last().unwrap();
        let Fact::ObjectCreated(created) = &event.fact else { panic!("{event:?}") };
        let Body::Parts { taken, .. } = &created.body else { panic!("{created:?}") };
        assert_eq!(taken.len(), runs);
        let bytes = event.encode(&region()).unwrap().len();
        assert!(bytes < EVENT_BYTES_MAX / 10, "{bytes} bytes for {runs} runs");
    }
}
