use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The permissions of the files.
const PRIVATE_FILE: u32 = 0o600;

/// The newest lines of text, in two files: the older is dropped when the younger is full. They are not synced, because
/// nothing rests on them, and whatever was torn by a crash is passed over.
#[derive(Debug)]
pub struct LineRing {
    /// The file that is written, and the one before it.
    young: PathBuf,
    old: PathBuf,
    file: File,
    bytes: u64,
    /// Bytes of each file.
    bytes_max: u64,
}

impl LineRing {
    /// Opens or makes the files `<path>` and `<path>.1`, of which each has so many bytes at most. Returns the lines that are
    /// there, the oldest first.
    ///
    /// # Errors
    /// If they cannot be read or made.
    pub fn open(path: &Path, bytes_max: u64) -> io::Result<(Self, Vec<String>)> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let (young, old) = (path.to_owned(), path.with_added_extension("1"));
        let mut lines = Vec::new();
        let mut bytes = 0;
        for file in [&old, &young] {
            bytes = read(file, bytes_max, &mut lines)?;
        }
        let mut file = append_to(&young)?;
        // What is torn must not take the next line with it.
        let is_torn = bytes > 0 && !ends_a_line(&young)?;
        if is_torn {
            file.write_all(b"\n")?;
            bytes += 1;
        }
        Ok((Self { young, old, file, bytes, bytes_max }, lines))
    }

    /// Adds a line, which has no line break.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, line: &str) -> io::Result<()> {
        let length = line.len() as u64 + 1;
        if self.bytes > 0 && self.bytes + length > self.bytes_max {
            fs::rename(&self.young, &self.old)?;
            self.file = append_to(&self.young)?;
            self.bytes = 0;
        }
        let mut text = Vec::with_capacity(line.len() + 1);
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.bytes += length;
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(PRIVATE_FILE).open(path)
}

/// Adds the whole lines of a file, of which no more is read than it may have. Returns the bytes of it.
fn read(path: &Path, bytes_max: u64, lines: &mut Vec<String>) -> io::Result<u64> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let bytes = file.metadata()?.len();
    let mut text = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    lines.extend(String::from_utf8_lossy(&text[..whole]).lines().map(str::to_owned));
    Ok(bytes)
}

fn ends_a_line(path: &Path) -> io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_there_again_after_a_start_and_no_more_than_fit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub").join("lines");
        let (mut ring, lines) = LineRing::open(&path, 100).unwrap();
        assert_eq!(lines, [""; 0]);
        for number in 0..100 {
            ring.push(&format!("line {number:04}")).unwrap();
        }
        drop(ring);
        let (ring, lines) = LineRing::open(&path, 100).unwrap();
        let first = 100 - lines.len();
        assert_eq!(lines, (first..100).map(|number| format!("line {number:04}")).collect::<Vec<_>>());
        assert!((10..=20).contains(&lines.len()), "{}", lines.len());
        let bytes = |path: &Path| fs::metadata(path).unwrap().len();
        assert!(bytes(&ring.young) <= 100 && bytes(&ring.old) <= 100);
    }

    #[test]
    fn a_torn_end_costs_its_line_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let (mut ring, _) = LineRing::open(&path, 1_000).unwrap();
        ring.push("first").unwrap();
        ring.file.write_all(b"{\"torn").unwrap();
        drop(ring);
        let (mut ring, lines) = LineRing::open(&path, 1_000).unwrap();
        assert_eq!(lines, ["first"]);
        ring.push("second").unwrap();
        drop(ring);
        let (_, lines) = LineRing::open(&path, 1_000).unwrap();
        assert_eq!(lines, ["first", "{\"torn", "second"]);
    }
}
