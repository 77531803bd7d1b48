//! The disk layer's limits, each with its reason.

use std::time::Duration;

/// Length of a segment. Large enough that rolling to the next is rare, small enough to compact in a second.
pub const SEGMENT_BYTES: u32 = 64 * 1024 * 1024;

/// How far zeros are written ahead of the records of small groups: a sync of bytes that were written before needs
/// no journal commit (measured on ext4, six files at once, 4 KiB each: 0.38 ms mean against 0.64 ms).
pub(crate) const ZERO_AHEAD_BYTES: u32 = 1024 * 1024;

/// Groups of this size or more are written without zeros ahead: measured, the saved journal commit no longer pays
/// for the bytes written twice.
pub(crate) const ZERO_AHEAD_GROUP_BYTES: u32 = 32 * 1024;

/// Silence after which the active segment gives back the room that it was given ahead. Longer than the pauses of a
/// client that works, as the next write has to ask for room again.
pub(crate) const IDLE_AFTER: Duration = Duration::from_secs(20);

/// A segment of fewer bytes than this is not given up for being mostly dead while it is the newest.
pub(crate) const ROLL_BYTES_MIN: u32 = 1024 * 1024;

/// The end of a segment that only tombstones may use: on a full disk, where no new segment can be made, shards can
/// still be discarded.
pub(crate) const TOMBSTONE_ROOM_BYTES: u32 = 64 * 1024;

/// A write that has waited for the disk this long means that the disk has stalled: new shards are better placed
/// elsewhere. Slow disks under load sync within a second.
pub(crate) const STALLED_AFTER: Duration = Duration::from_secs(2);

/// The most bytes that one group commit takes from the queue.
pub(crate) const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The most bytes that wait for a group commit; further jobs are [`super::DiskError::Busy`].
pub(crate) const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most jobs that wait for a group commit.
pub(crate) const QUEUE_JOBS_MAX: usize = 4096;

/// The bytes that a queued change counts for in addition to its piece.
pub(crate) const CHANGE_OVERHEAD_BYTES: usize = 64;

/// The most staged shards: more than a gateway has connections. One takes a few hundred bytes of memory.
pub(crate) const STAGED_MAX: usize = 16_384;

/// The most staged shards with an open file, which may have two handles. Six nodes may share one process. (Tests have
/// few shards, and must reach the limit.)
pub(crate) const STAGED_OPEN_MAX: usize = if cfg!(test) { 2 } else { 256 };

/// A staged shard without a new piece for this long is dropped: its writer is gone.
pub(crate) const STAGED_IDLE_MAX: Duration = Duration::from_mins(15);

/// Pieces of this length are written past the page cache. What is smaller is read more often, and its copy costs little.
pub(crate) const PAST_CACHE_BYTES_MIN: usize = 128 * 1024;

/// After this many bytes a staged file is synced before its seal, so that the seal of a large one is not slow
/// and dirty pages do not pile up.
pub(crate) const STAGED_SYNC_BYTES: u64 = 16 * 1024 * 1024;

/// The most files that are kept open for reading.
pub(crate) const OPEN_FILES_MAX: usize = 64;

/// A sealed segment whose needed bytes fall below this many percent of [`SEGMENT_BYTES`] is compacted.
pub(crate) const COMPACT_BELOW_PERCENT: u64 = 50;

/// The most bytes that compaction copies in one batch.
pub(crate) const COMPACT_BATCH_BYTES: usize = 1024 * 1024;

/// The most bytes that compaction copies in a second.
pub(crate) const COMPACT_BYTES_PER_SECOND: u64 = 16 * 1024 * 1024;

/// The most hints that wait to be written; a segment without a hint is scanned at the next start.
pub(crate) const HINTS_WAITING_MAX: usize = 8;

/// How long the look at one page of a listing may take, one shard at least: a disk that is busy answers with short
/// pages rather than with none.
pub(crate) const LIST_TIME_MAX: Duration = Duration::from_secs(1);

/// The time in which a scrub reads everything once, by default.
pub const SCRUB_PERIOD: Duration = Duration::from_hours(7 * 24);

/// Bytes a second that a scrub reads, at most, by default: 20 TB in a week and a bit.
pub const SCRUB_BYTES_PER_SECOND_MAX: u64 = 32 * 1024 * 1024;

/// Shards that are remembered as damaged, at most, about 40 bytes each. (Tests have few shards, and must come to it.)
pub(crate) const DAMAGED_SHARDS_MAX: usize = if cfg!(test) { 64 } else { 65_536 };

/// Findings that wait to be told, at most; of more nobody is told.
pub(crate) const FINDINGS_MAX: usize = 4096;

/// Free bytes below which writes are refused, by default: discards and compaction need them.
pub const RESERVE_BYTES: u64 = 256 * 1024 * 1024;
