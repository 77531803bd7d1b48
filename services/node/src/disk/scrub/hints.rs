use std::time::Instant;

use super::super::segments::{HintFound, mend_hint};
use super::Scrubber;
use super::control::Interrupted;
use super::state::Pass;

/// Looks at the hints of all sealed segments, and writes those anew that are gone or damaged: without its hint a
/// segment is read at the next start, which does not find a record whose header has rotted.
pub(super) fn mend(scrubber: &mut Scrubber, pass: &Pass, as_of: u64) -> Result<(), Interrupted> {
    for number in scrubber.reader.catalog.sealed_segments() {
        let begin = Instant::now();
        let bytes = match mend_hint(&*scrubber.disk, &scrubber.reader, number) {
            Ok(HintFound::Whole { bytes }) => bytes,
            Ok(HintFound::Mended { bytes }) => {
                tracing::warn!(segment = number, "a hint was missing or damaged, and was rewritten");
                scrubber.meters.mended_hints.increment(1);
                bytes
            }
            Ok(HintFound::Gone) => 0,
            Err(error) => {
                tracing::warn!(segment = number, %error, "a hint is missing or damaged, and could not be rewritten");
                0
            }
        };
        scrubber.read_so_much(bytes, begin.elapsed(), pass, as_of)?;
    }
    Ok(())
}
