use std::io;
use std::sync::Arc;

/// The reason why the disk layer refused a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// No space. Nothing was kept of the request; it may succeed once space is back.
    #[error("the disk is full")]
    Full,
    /// Too many requests are in flight. Retry later.
    #[error("too many requests are in flight")]
    Busy,
    /// The disk has failed: a sync failed, or the folder vanished. Writes are refused until a restart.
    #[error("the disk failed: {0}")]
    Failed(Arc<str>),
    /// There is no such shard, or not all of the requested pieces.
    #[error("no such shard")]
    NotFound,
    /// Bytes do not match their checksum, as received or as stored.
    #[error("the bytes do not match their checksum")]
    Damaged,
    /// The disk cannot read the bytes (EIO): a bad sector, or worse. Other shards may be readable.
    #[error("the disk cannot read the bytes: {0}")]
    Unreadable(Arc<str>),
    /// The request contradicts itself or exceeds a limit. A retry is of no use.
    #[error("invalid request: {0}")]
    Invalid(&'static str),
}

impl DiskError {
    /// Classifies an error of a read: out of file handles, or else these bytes are unreadable. A read error says
    /// nothing about other bytes, so it never stops the node.
    pub(crate) fn from_read(what: &str, error: &io::Error) -> Self {
        match Self::from_io(what, error) {
            Self::Failed(why) => {
                tracing::warn!(%why, "the disk cannot read");
                Self::Unreadable(why)
            }
            other => other,
        }
    }

    /// Classifies an I/O error: no space, out of file handles, or else the disk has failed.
    pub(crate) fn from_io(what: &str, error: &io::Error) -> Self {
        const OUT_OF_HANDLES: [i32; 2] =
            [rustix::io::Errno::MFILE.raw_os_error(), rustix::io::Errno::NFILE.raw_os_error()];
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ if error.raw_os_error().is_some_and(|code| OUT_OF_HANDLES.contains(&code)) => Self::Busy,
            _ => Self::Failed(format!("{what}: {error}").into()),
        }
    }
}
