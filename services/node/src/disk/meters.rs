use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The disk layer's metrics, each with the label `node`.
#[derive(Clone)]
pub(crate) struct Meters {
    /// Shards of one piece that were put.
    pub(crate) records: Counter,
    /// Bytes of pieces written, in segments (by compaction too) and files.
    pub(crate) written_bytes: Counter,
    /// Bytes of pieces read.
    pub(crate) read_bytes: Counter,
    /// Seconds that a write and sync of a group took.
    pub(crate) commit_seconds: Histogram,
    /// Seconds that a seal of a shard file took.
    pub(crate) seal_seconds: Histogram,
    /// Jobs answered by one group commit.
    pub(crate) group_jobs: Histogram,
    /// Segments compacted.
    pub(crate) compactions: Counter,
    /// Bytes copied by compaction.
    pub(crate) compacted_bytes: Counter,
    /// Shards found damaged, by reads or by compaction.
    pub(crate) damaged: Counter,
    /// Reads of shards that the disk answered with an error.
    pub(crate) unreadable: Counter,
    /// Bytes that scrubs read.
    pub(crate) scrubbed_bytes: Counter,
    /// Shards that scrubs found damaged or unreadable, each time.
    pub(crate) scrub_damaged: Counter,
    /// Hints of segments that scrubs wrote anew.
    pub(crate) mended_hints: Counter,
    /// Shards that are known to be damaged or unreadable.
    pub(crate) damaged_shards: Gauge,
    /// Shards in the index of the segments.
    pub(crate) index_entries: Gauge,
}

impl Meters {
    pub(crate) fn new(node: &str) -> Self {
        let node = || [("node", node.to_owned())];
        Self {
            records: counter!("planetstore_node_puts_total", &node()),
            written_bytes: counter!("planetstore_node_written_bytes_total", &node()),
            read_bytes: counter!("planetstore_node_read_bytes_total", &node()),
            commit_seconds: histogram!("planetstore_node_commit_seconds", &node()),
            seal_seconds: histogram!("planetstore_node_seal_seconds", &node()),
            group_jobs: histogram!("planetstore_node_group_jobs", &node()),
            compactions: counter!("planetstore_node_compactions_total", &node()),
            compacted_bytes: counter!("planetstore_node_compacted_bytes_total", &node()),
            damaged: counter!("planetstore_node_damaged_total", &node()),
            unreadable: counter!("planetstore_node_unreadable_total", &node()),
            scrubbed_bytes: counter!("planetstore_node_scrubbed_bytes_total", &node()),
            scrub_damaged: counter!("planetstore_node_scrub_damaged_total", &node()),
            mended_hints: counter!("planetstore_node_mended_hints_total", &node()),
            damaged_shards: gauge!("planetstore_node_damaged_shards", &node()),
            index_entries: gauge!("planetstore_node_index_entries", &node()),
        }
    }
}
