use std::io;
use std::sync::Arc;

/// The reason why the disk layer refused a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// No space. Nothing was kept of the request; it may succeed once space is back.
    #[error("the disk is full")]
    Full,
    /// Too much is under way. Try again later.
    #[error("too many requests are in flight")]
    Busy,
    /// The disk broke a promise (a failed sync, a vanished folder). Nothing is written any more until a restart.
    #[error("the disk failed: {0}")]
    Failed(Arc<str>),
    /// There is no such shard, or not all of what was asked for.
    #[error("no such shard")]
    NotFound,
    /// Bytes do not match their checksum, on the way in or as they lie on disk.
    #[error("the bytes do not match their checksum")]
    Damaged,
    /// The disk does not return the bytes (EIO): a bad sector, or worse. Other shards may well be readable.
    #[error("the disk cannot read the bytes: {0}")]
    Unreadable(Arc<str>),
    /// The request contradicts itself or a limit. Asking again is of no use.
    #[error("invalid request: {0}")]
    Invalid(&'static str),
}

impl DiskError {
    /// What an error of a read means: no handles, or else that these bytes cannot be read. A read error says nothing
    /// about other bytes, so it never stops the node.
    pub(crate) fn from_read(what: &str, error: &io::Error) -> Self {
        match Self::from_io(what, error) {
            Self::Failed(why) => {
                tracing::warn!(%why, "the disk cannot read");
                Self::Unreadable(why)
            }
            other => other,
        }
    }

    /// What an io error means: no room, no handles, or else that the disk failed.
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
