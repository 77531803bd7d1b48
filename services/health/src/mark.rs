use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Up to where in the log the writes of this folder's processes are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Every content that an event up to this sequence stored was looked at, or was never in doubt.
    pub(crate) settled: u64,
    /// The log's last sequence when the folder was first used. What lies before it was acked by others.
    pub(crate) since: u64,
}

/// The file of the mark. It may lag behind the truth, and is never ahead of it.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    place: Place,
}

impl Mark {
    /// Reads the file. A mark that is missing, damaged or ahead of the log begins at the log's begin.
    pub(crate) fn open(path: PathBuf, reached: u64) -> Self {
        let start = Place { settled: 0, since: reached };
        let place = match read(&path) {
            Ok(Some(place)) if place.settled <= reached && place.since <= reached => place,
            Ok(Some(place)) => {
                tracing::warn!(?place, reached, "the settled mark is ahead of the log: checking all contents");
                start
            }
            Ok(None) => start,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the settled mark cannot be read: checking all contents");
                start
            }
        };
        let mark = Self { path, place };
        // What is ahead must not be believed at the next start, when the log may have got there.
        if place == start {
            mark.keep();
        }
        mark
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Moves the mark forward, never back. Blocks on the disk.
    pub(crate) fn advance(&mut self, settled: u64) {
        if settled > self.place.settled {
            self.place.settled = settled;
            self.keep();
        }
    }

    /// Writes the file. A mark that cannot be written costs the next start a longer look, and nothing else.
    fn keep(&self) {
        if let Err(error) = write(&self.path, self.place) {
            tracing::warn!(path = %self.path.display(), %error, "the settled mark cannot be written");
        }
    }
}

fn read(path: &Path) -> io::Result<Option<Place>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, place: Place) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft)?;
    writeln!(file, "{}", serde_json::to_string(&place)?)?;
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
        assert_eq!(mark.place(), Place { settled: 0, since: 40 });
        mark.advance(30);
        mark.advance(20);
        assert_eq!(Mark::open(path.clone(), 50).place(), Place { settled: 30, since: 40 });
        assert_eq!(Mark::open(path.clone(), 35).place(), Place { settled: 0, since: 35 }, "it is ahead of this log");
        assert_eq!(Mark::open(path, 90).place(), Place { settled: 0, since: 35 }, "and is not believed later");
    }

    #[test]
    fn a_damaged_mark_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settled");
        for damage in ["", "{", "{\"settled\":-1,\"since\":0}", "{\"settled\":7}"] {
            fs::write(&path, damage).unwrap();
            assert_eq!(Mark::open(path.clone(), 9).place(), Place { settled: 0, since: 9 }, "{damage}");
        }
    }
}
