//! The errors and warnings of a process, in a file that survives its restarts.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Level, Line};
use crate::LineRing;

/// Errors and warnings that are kept, and sent again on request.
pub(super) const ERRORS_MAX: usize = 200;

/// Bytes of each of the two files of errors.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is remembered.
pub(super) struct Errors {
    lines: VecDeque<Line>,
    /// Without a file they are remembered until the process ends.
    file: Option<Arc<Mutex<LineRing>>>,
}

impl Errors {
    /// Reads what an earlier run left.
    pub(super) async fn open(path: PathBuf) -> Self {
        let opened = tokio::task::spawn_blocking(move || LineRing::open(&path, FILE_BYTES_MAX)).await;
        let opened = opened.map_err(std::io::Error::other).flatten();
        let (file, texts) = match opened {
            Ok((file, texts)) => (Some(Arc::new(Mutex::new(file))), texts),
            Err(error) => {
                tracing::warn!(%error, "errors are not kept across restarts: this process has no file for them");
                (None, Vec::new())
            }
        };
        // What is torn, or of a later release, is passed over.
        let newest = texts.iter().rev().filter_map(|text| serde_json::from_str(text).ok()).take(ERRORS_MAX);
        let mut lines: VecDeque<_> = newest.collect();
        lines.make_contiguous().reverse();
        Self { lines, file }
    }

    /// The oldest first.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }

    /// Keeps those of some lines that are errors or warnings. It waits for the disk.
    pub(super) async fn keep(&mut self, lines: &[Line]) {
        let texts = self.remember(lines);
        if let Some(file) = self.file.clone().filter(|_| !texts.is_empty()) {
            // A task that ends early has ended with its process.
            let _written = tokio::task::spawn_blocking(move || write(&file, &texts)).await;
        }
    }

    /// The same at the end of a process, when nothing may wait any more.
    pub(super) fn keep_last(&mut self, lines: &[Line]) {
        let texts = self.remember(lines);
        if let Some(file) = &self.file {
            write(file, &texts);
        }
    }

    fn remember(&mut self, lines: &[Line]) -> Vec<String> {
        let mut texts = Vec::new();
        for line in lines.iter().filter(|line| line.level >= Level::Warn) {
            self.lines.push_back(line.clone());
            texts.extend(serde_json::to_string(line));
        }
        while self.lines.len() > ERRORS_MAX {
            self.lines.pop_front();
        }
        texts
    }
}

/// A disk that is full now may have room later: what it does not take is remembered until the process ends, and was
/// logged where the process logs. To log that here would make another such line.
fn write(file: &Mutex<LineRing>, texts: &[String]) {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let _written = texts.iter().try_for_each(|text| file.push(text));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;

    fn line(level: Level, message: &str) -> Line {
        let (time, target) = (Timestamp::UNIX_EPOCH, "test".to_owned());
        Line { time, level, target, message: message.to_owned(), fields: BTreeMap::new() }
    }

    #[tokio::test]
    async fn errors_and_warnings_survive_a_restart_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub").join("errors");
        let mut errors = Errors::open(path.clone()).await;
        errors.keep(&[line(Level::Info, "info"), line(Level::Warn, "warning")]).await;
        errors.keep(&[line(Level::Info, "more")]).await;
        errors.keep_last(&[line(Level::Error, "last"), line(Level::Debug, "less")]);
        let mut errors = Errors::open(path.clone()).await;
        assert_eq!(errors.lines(), [line(Level::Warn, "warning"), line(Level::Error, "last")]);
        for number in 0..ERRORS_MAX {
            errors.keep(&[line(Level::Error, &number.to_string())]).await;
        }
        let again = Errors::open(path).await;
        assert_eq!(again.lines(), errors.lines());
        assert_eq!((again.lines.len(), again.lines[0].message.as_str()), (ERRORS_MAX, "0"));
    }

    #[tokio::test]
    async fn without_a_disk_they_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        let mut errors = Errors::open(path.join("errors")).await;
        errors.keep(&[line(Level::Error, "a")]).await;
        assert_eq!(errors.lines(), [line(Level::Error, "a")]);
    }
}
