//! An object to a file. The file has its name only once it is whole and has been compared with the object.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use http::Method;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::super::place::DRAFT_PREFIX;
use super::ends::Bucket;
use super::engine::{Outcome, Shared, again};
use super::entry::State;
use super::evidence::{Evidence, compare};
use super::pairs::Pair;
use super::report::Row;

/// The longest name that a file can have, in bytes.
///
/// Source: Linux, `NAME_MAX` in `limits.h`.
const NAME_BYTES_MAX: usize = 255;

/// Writes an object to its file, if the file is another one.
pub(super) async fn bring(
    shared: &Shared,
    (from, to): (&Bucket, &Path),
    pair: Pair,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let Pair { key, source, target } = pair;
    let Some(source) = source.last() else {
        return if target.is_empty() { Ok(()) } else { remove(shared, to, &key, outcome) };
    };
    if key.ends_with('/') && source.size == 0 {
        // It stands for a folder.
        return make_folder(shared, to, &key);
    }
    let path = to.join(relative(&key)?);
    if let Some(target) = target.last()
        && is_there(shared, from, &key, (source, target), &path).await?
    {
        outcome.same += 1;
        return Ok(());
    }
    if !shared.options.dry_run {
        shared.progress.expect(source.size);
        make_parents(to, &key)?;
        let mut attempt = 1;
        while let Err(error) = Box::pin(fetch(shared, from, &key, source, &path)).await {
            again(&key, &mut attempt, error).await?;
        }
    }
    outcome.rows.push(Row::sent(&key, source));
    Ok(())
}

async fn is_there(
    shared: &Shared,
    from: &Bucket,
    key: &str,
    (source, target): (&State, &State),
    path: &Path,
) -> anyhow::Result<bool> {
    // A file that was fetched has the time of its object.
    let is_later = target.modified >= source.modified;
    if source.size != target.size || shared.options.trust_times {
        return Ok(source.size == target.size && is_later);
    }
    Ok(match compare(from, key, source, path).await? {
        Evidence::Same => true,
        Evidence::Different => false,
        Evidence::None => is_later,
    })
}

/// The path of a key. A key is bytes that others chose: none leads out of the folder, and no two are one file.
fn relative(key: &str) -> anyhow::Result<PathBuf> {
    let mut path = PathBuf::new();
    for part in key.split('/') {
        let is_no_name = matches!(part, "" | "." | "..") || part.contains('\0') || part.len() > NAME_BYTES_MAX;
        if is_no_name || part.starts_with(DRAFT_PREFIX) {
            bail!("such a key cannot be the name of a file: `planetstore cp` copies it to a name of your own");
        }
        path.push(part);
    }
    Ok(path)
}

fn make_folder(shared: &Shared, to: &Path, key: &str) -> anyhow::Result<()> {
    let folder = to.join(relative(key.trim_end_matches('/'))?);
    if shared.options.dry_run {
        return Ok(());
    }
    make_parents(to, key)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Makes the folders above a file. None of them is a link, which may lead anywhere.
fn make_parents(to: &Path, key: &str) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let mut folder = to.to_owned();
    let names: Vec<_> = key.split('/').collect();
    for name in &names[..names.len() - 1] {
        folder.push(name);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let is_folder = fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir());
                ensure!(is_folder, "{} is not a folder", folder.display());
            }
            made => made.with_context(|| format!("cannot create {}", folder.display()))?,
        }
    }
    Ok(())
}

/// Fetches what a draft of an earlier attempt lacks. A draft that turns out wrong is removed, so that the next one is whole.
async fn fetch(shared: &Shared, from: &Bucket, key: &str, state: &State, path: &Path) -> anyhow::Result<()> {
    let name = format!("{DRAFT_PREFIX}{}", hex::encode(&Sha256::digest(key)[..8]));
    let draft = path.with_file_name(name);
    let cannot = || format!("cannot write {}", draft.display());
    let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(&draft).await.with_context(cannot)?;
    let begun = file.metadata().await.with_context(cannot)?.len().min(state.size);
    file.set_len(begun).await.with_context(cannot)?;
    shared.progress.add(begun);
    if begun < state.size || state.size == 0 {
        let mut get = from.call(Method::GET, key).header("if-match", &format!("\"{}\"", state.etag))?;
        if begun > 0 {
            get = get.header("range", &format!("bytes={begun}-"))?;
        }
        let mut answer = from.client.send(&get).await?;
        while let Some(chunk) = answer.chunk().await? {
            file.write_all(&chunk).await.with_context(cannot)?;
            shared.progress.add(chunk.len() as u64);
        }
    }
    file.sync_all().await.with_context(cannot)?;
    let size = file.metadata().await.with_context(cannot)?.len();
    let is_wrong = size != state.size || compare(from, key, state, &draft).await? == Evidence::Different;
    if is_wrong {
        fs::remove_file(&draft).with_context(cannot)?;
        bail!("the bytes that were read differ from those in the store");
    }
    finish(&draft, path, state).with_context(cannot)
}

/// Gives a draft the time of its object, and its name.
fn finish(draft: &Path, path: &Path, state: &State) -> std::io::Result<()> {
    if let Some(modified) = state.modified {
        File::options().write(true).open(draft)?.set_modified(modified.into())?;
    }
    fs::rename(draft, path)
}

fn remove(shared: &Shared, to: &Path, key: &str, outcome: &mut Outcome) -> anyhow::Result<()> {
    if !shared.options.delete {
        return Ok(());
    }
    let path = to.join(key);
    if !shared.options.dry_run {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    outcome.rows.push(Row::removed(key));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_a_folder_and_no_two_are_one_file() {
        assert_eq!(relative("a/b ü☃.txt").unwrap(), PathBuf::from("a/b ü☃.txt"));
        for wrong in ["..", "a/../../b", "./a", "", "/", "/etc/passwd", "a//b", "a\0b", "a/", ".planetstore-draft-1"] {
            assert!(relative(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn links_lead_nowhere() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("link")).unwrap();
        assert!(make_parents(folder.path(), "link/a").is_err());
        make_parents(folder.path(), "a/b/c").unwrap();
        make_parents(folder.path(), "a/b/d").unwrap();
        assert!(folder.path().join("a/b").is_dir());
    }
}
