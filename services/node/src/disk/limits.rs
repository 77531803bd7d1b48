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

/// The end of a segment that only tombstones may use: on a full disk, where no new segment can be made, shards can still
/// be discarded.
pub(crate) const TOMBSTONE_ROOM_BYTES: u32 = 64 * 1024;

/// A write that has waited for the disk this long means that the node is stuck: new shards are better placed elsewhere.
/// Slow disks under load sync within a second.
pub(crate) const STALLED_AFTER: Duration = Duration::from_secs(2);

/// Bytes that one group commit takes from the queue, at most.
pub(crate) const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that wait for a group commit, at most; more is [`super::DiskError::Busy`].
pub(crate) const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Jobs that wait for a group commit, at most.
pub(crate) const QUEUE_JOBS_MAX: usize = 4096;

/// What a queued change weighs besides its bytes, for the two limits above.
pub(crate) const CHANGE_OVERHEAD_BYTES: usize = 64;

/// Shards whose pieces are being collected at one time, at most: more than a gateway has connections, and some. One
/// takes a few hundred bytes of memory.
pub(crate) const STAGED_MAX: usize = 16_384;

/// Those of them whose files are open, at most. Six nodes may share one process. (Tests have few shards, and must
/// come to it.)
pub(crate) const STAGED_OPEN_MAX: usize = if cfg!(test) { 2 } else { 512 };

/// Silence after which a shard that was never sealed is dropped: its writer is gone.
pub(crate) const STAGED_IDLE_MAX: Duration = Duration::from_mins(15);

/// After this many bytes a staged file is synced before its seal, so that the seal of a large one is not slow
/// and dirty pages do not pile up.
pub(crate) const STAGED_SYNC_BYTES: u64 = 16 * 1024 * 1024;

/// Files kept open for reading, at most.
pub(crate) const OPEN_FILES_MAX: usize = 64;

/// A sealed segment whose needed bytes fall below this many percent of [`SEGMENT_BYTES`] is compacted.
pub(crate) const COMPACT_BELOW_PERCENT: u64 = 50;

/// Bytes compaction copies in one batch, at most.
pub(crate) const COMPACT_BATCH_BYTES: usize = 1024 * 1024;

/// Bytes a second that compaction copies, at most.
pub(crate) const COMPACT_BYTES_PER_SECOND: u64 = 16 * 1024 * 1024;

/// Hints that wait to be written, at most; a segment without one is read through at the next start.
pub(crate) const HINTS_WAITING_MAX: usize = 8;

/// Free bytes below which nothing new is stored, by default: what discards and compaction need to go on.
pub const RESERVE_BYTES: u64 = 256 * 1024 * 1024;
