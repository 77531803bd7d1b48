//! Tags of buckets and objects.

use std::collections::BTreeMap;

/// Names with their values. The wire checks their number and characters.
pub type Tags = BTreeMap<String, String>;
