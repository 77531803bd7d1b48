//! Tags, as buckets and objects carry them.

use std::collections::BTreeMap;

/// Names with their values. How many there may be, and of which characters, is the wire's to check.
pub type Tags = BTreeMap<String, String>;
