use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::DiskError;
use super::seam::{Folder, Space};

/// Whether the disk still keeps its promises, and how much room it has.
pub(crate) struct Health {
    failure: OnceLock<DiskError>,
    space: Mutex<(Instant, Space)>,
    reserve_bytes: u64,
}

/// For how long an answer about free space is believed.
const SPACE_AGE_MAX: Duration = Duration::from_millis(500);

impl Health {
    pub(crate) fn new(disk: &dyn Folder, reserve_bytes: u64) -> Result<Self, DiskError> {
        let space = disk.space().map_err(|e| DiskError::from_io("space", &e))?;
        Ok(Self { failure: OnceLock::new(), space: Mutex::new((Instant::now(), space)), reserve_bytes })
    }

    /// Fails if the disk once has.
    pub(crate) fn check(&self) -> Result<(), DiskError> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Fails also if there is no room for new bytes.
    pub(crate) fn check_room(&self, disk: &dyn Folder) -> Result<(), DiskError> {
        self.check()?;
        if self.space(disk)?.free_bytes < self.reserve_bytes { Err(DiskError::Full) } else { Ok(()) }
    }

    pub(crate) fn space(&self, disk: &dyn Folder) -> Result<Space, DiskError> {
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        if space.0.elapsed() > SPACE_AGE_MAX {
            *space = (Instant::now(), disk.space().map_err(|e| self.classify("space", &e))?);
        }
        Ok(space.1)
    }

    /// What an error means; if it means that the disk failed, that stays so.
    pub(crate) fn classify(&self, what: &str, error: &std::io::Error) -> DiskError {
        match DiskError::from_io(what, error) {
            DiskError::Failed(why) => self.fail(why),
            other => other,
        }
    }

    /// A sync failed: bytes are lost, whatever the reason.
    pub(crate) fn sync_failed(&self, what: &str, error: &std::io::Error) -> DiskError {
        self.fail(format!("{what}: {error}").into())
    }

    fn fail(&self, why: Arc<str>) -> DiskError {
        let failure = self.failure.get_or_init(|| {
            tracing::error!(%why, "the disk failed: nothing is written any more");
            DiskError::Failed(why)
        });
        failure.clone()
    }
}
