//! A ring of the newest events as the log holds them: a lost tail of the log can be written again.

use redb::TableDefinition;

/// Key: sequence. Value: the event's bytes.
pub(crate) const TABLE: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("recent");

/// How many events the ring holds. A projection is the same only with the same ring: another number is another
/// `PROJECTION_VERSION`.
pub(crate) const RECENT_EVENTS_MAX: u64 = 10_000;
