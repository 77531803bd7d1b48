//! The file of the settled mark.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The position in the log up to which the writes of this folder's processes are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Every content that an event up to this sequence stored is settled: checked, or never incomplete.
    pub(crate) settled: u64,
    /// The log's last sequence when the folder was first used. Other processes acknowledged what lies before it.
    pub(crate) since: u64,
}

/// The settled mark and its file. The file may lag behind, and is never ahead.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    position: Position,
}

impl Mark {
    /// Reads the file. A mark that is missing, damaged or ahead of the log starts again at sequence 0.
    pub(crate) fn open(path: PathBuf, reached: u64) -> Self {
        let start = Position { settled: 0, since: reached };
        let position = match read(&path) {
            Ok(Some(position)) if position.settled <= reached && position.since <= reached => position,
            Ok(Some(position)) => {
                tracing::warn!(?position, reached, "the settled mark is ahead of the log: checking all contents");
                start
            }
            Ok(None) => start,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the settled mark cannot be read: checking all contents");
                start
            }
        };
        let mark = Self { path, position };
        // A mark that is ahead must not be valid at the next start, when the log may have reached it.
        if position == start {
            mark.keep();
        }
        mark
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Moves the mark forward, never back. Blocks on the disk.
    pub(crate) fn advance(&mut self, settled: u64) {
        if settled > self.position.settled {
            self.position.settled = settled;
            self.keep();
        }
    }

    /// Writes the file. If that fails, the next start checks more contents, and nothing else is lost.
    fn keep(&self) {
        if let Err(error) = write(&self.path, self.position) {
            tracing::warn!(path = %self.path.display(), %error, "the settled mark cannot be written");
        }
    }
}

fn read(path: &Path) -> io::Result<Option<Position>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, position: Position) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft)?;
    writeln!(file, "{}", serde_json::to_string(&position)?)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_goes_forward_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settled");
        let mut mark = Mark::open(path.clone(), 40);
        assert_eq!(mark.position(), Position { settled: 0, since: 40 });
        mark.advance(30);
        mark.advance(20);
        assert_eq!(Mark::open(path.clone(), 50).position(), Position { settled: 30, since: 40 });
        assert_eq!(
            Mark::open(path.clone(), 35).position(),
            Position { settled: 0, since: 35 },
            "it is ahead of this log"
        );
        assert_eq!(Mark::open(path, 90).position(), Position { settled: 0, since: 35 }, "and is not believed later");
    }

    #[test]
    fn a_damaged_mark_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settled");
        for damage in ["", "{", "{\"settled\":-1,\"since\":0}", "{\"settled\":7}"] {
            fs::write(&path, damage).unwrap();
            assert_eq!(Mark::open(path.clone(), 9).position(), Position { settled: 0, since: 9 }, "{damage}");
        }
    }
}
