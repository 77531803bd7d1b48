//! Closes files of staged shards when many are open, so that slow uploads do not use up file descriptors.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};

use uuid::Uuid;

use super::super::limits::STAGED_OPEN_MAX;
use super::stage::{Staged, StagedState};
use super::{ShardFiles, staged_path};
use vfs::{File, Open};

impl ShardFiles {
    /// Creates the file of a new shard, or reopens a closed one.
    pub(super) fn open_staged(&self, shard: Uuid, staged: &mut Staged) -> io::Result<Arc<dyn File>> {
        let how = match staged.state {
            StagedState::New => Open::Create,
            _ => Open::Existing,
        };
        self.close_some();
        let file = self.disk.open(&staged_path(&staged.bucket, shard), how)?;
        staged.state = StagedState::Open(Arc::clone(&file));
        self.opened().push_back(shard);
        Ok(file)
    }

    /// Closes the files that were opened first, until one more can be opened. A file that is being written stays open.
    fn close_some(&self) {
        loop {
            let mut opened = self.opened();
            if opened.len() < STAGED_OPEN_MAX {
                return;
            }
            let Some(shard) = opened.pop_front() else { return };
            drop(opened);
            let Some(entry) = self.staged().get(&shard).cloned() else { continue };
            match entry.try_lock() {
                Ok(staged) => self.close(shard, staged),
                Err(_) => return self.opened().push_back(shard),
            }
        }
    }

    fn close(&self, shard: Uuid, mut staged: MutexGuard<'_, Staged>) {
        let StagedState::Open(file) = &staged.state else { return };
        let file = Arc::clone(file);
        // A write-back that fails after the close would not be reported to a later open, so sync first.
        if let Err(e) = file.sync() {
            self.sync_lost(shard, staged, &e);
            return;
        }
        staged.unsynced_bytes = 0;
        staged.state = StagedState::Closed;
    }

    fn opened(&self) -> MutexGuard<'_, VecDeque<Uuid>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
