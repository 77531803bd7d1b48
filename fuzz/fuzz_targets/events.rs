//! Decodes events of the log. A decoded event can be encoded again, with the same values.
#![no_main]

use events::Event;
use events::ids::RegionName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(event) = Event::decode(data) else { return };
    let Ok(region) = "eu-1".parse::<RegionName>() else { return };
    let Ok(written) = event.encode(&region) else { panic!("an event that was read cannot be written") };
    let again = Event::decode(&written);
    assert_eq!(again.ok().as_ref(), Some(&event));
    let _ = events::subject(&region, &event.fact);
});
