//! `planetstore cp` and `planetstore mv`

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use http::Method;

use super::Common;
use super::format::done;
use super::pages::{Entry, Objects};
use super::place::{Place, Side, file_name};
use super::transfer::{copy_within, download, upload};
use crate::progress::Progress;
use crate::s3_client::{Call, S3Client};

#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    #[command(flatten)]
    common: Common,
    /// Copy all files of a folder, or all objects whose keys have this prefix
    #[arg(short, long)]
    recursive: bool,
    /// Media type of the objects [default: determined by the file name]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// File, folder, `s3://bucket/key`, or `-` for stdin
    #[arg(value_name = "FROM")]
    from: Side,
    /// File, folder, `s3://bucket/key`, or `-` for stdout. If it is a folder, or a key that ends with a slash, the copy
    /// keeps its name
    #[arg(value_name = "TO")]
    to: Side,
}

/// The media types of files by their extensions.
const MEDIA: [(&str, &str); 24] = [
    ("avif", "image/avif"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("parquet", "application/vnd.apache.parquet"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("txt", "text/plain"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// What this process reads, as a file.
const STDIN: &str = "/dev/stdin";

/// What is copied, from where to where.
enum One {
    Up(PathBuf, Place),
    Down(Place, PathBuf),
    Within(Place, Place),
}

pub(super) async fn copy(arguments: CopyArgs) -> anyhow::Result<()> {
    run(arguments, false).await
}

pub(super) async fn move_all(arguments: CopyArgs) -> anyhow::Result<()> {
    run(arguments, true).await
}

async fn run(arguments: CopyArgs, removes: bool) -> anyhow::Result<()> {
    let CopyArgs { common, recursive, content_type, from, to } = arguments;
    let client = common.target.client()?;
    let media = content_type.as_deref();
    match (&from, &to) {
        (Side::Stream, Side::Store(place)) if !recursive && !removes => {
            let progress = Progress::of_bytes("stdin", 0);
            let place = place.clone().object()?;
            let media = media.unwrap_or("application/octet-stream");
            let stdin = tokio::fs::File::open(STDIN).await.context("cannot read stdin")?;
            upload(&client, &place, stdin, None, media, &progress).await?;
            progress.end();
            return done(common.output, &format!("copied stdin to {place}"));
        }
        (Side::Stream, _) | (_, Side::Stream) => {
            bail!("`-` is copied to one object of a store; `planetstore cat` writes an object to stdout")
        }
        _ => {}
    }
    let all = if recursive { many(&client, &from, &to).await? } else { vec![one(&from, &to)?] };
    let count = all.len();
    for (number, one) in (1..).zip(&all) {
        do_one(&client, one, media, removes)
            .await
            .with_context(|| format!("{} of {count}", u64::to_string(&number)))?;
    }
    let verb = if removes { "moved" } else { "copied" };
    done(common.output, &format!("{verb} {count} {}", if count == 1 { "object" } else { "objects" }))
}

/// A copy of one thing.
fn one(from: &Side, to: &Side) -> anyhow::Result<One> {
    match (from, to) {
        (Side::Here(file), Side::Store(place)) => {
            ensure!(!file.is_dir(), "{} is a folder: --recursive copies what is in it", file.display());
            let name = file.file_name().and_then(|name| name.to_str()).context("the file has no name in UTF-8")?;
            Ok(One::Up(file.clone(), named(place, name)))
        }
        (Side::Store(place), Side::Here(path)) => {
            let place = place.clone().object()?;
            let name = place.key.rsplit('/').next().unwrap_or_default();
            let path = if path.is_dir() { path.join(file_name(name)?) } else { path.clone() };
            Ok(One::Down(place, path))
        }
        (Side::Store(from), Side::Store(to)) => {
            let from = from.clone().object()?;
            let name = from.key.rsplit('/').next().unwrap_or_default().to_owned();
            Ok(One::Within(from, named(to, &name)))
        }
        _ => bail!("FROM or TO has to be in a store, s3://bucket/key"),
    }
}

/// A place with a name of its own, or that name below it.
fn named(place: &Place, name: &str) -> Place {
    if place.key.is_empty() || place.key.ends_with('/') { place.below(name) } else { place.clone() }
}

/// Copies of everything below something.
async fn many(client: &S3Client, from: &Side, to: &Side) -> anyhow::Result<Vec<One>> {
    let mut all = Vec::new();
    match (from, to) {
        (Side::Here(folder), Side::Store(place)) => {
            let mut files = Vec::new();
            collect(folder, &mut files)?;
            for file in files {
                let relative = file.strip_prefix(folder).context("a file is outside of its folder")?;
                let relative = relative.to_str().with_context(|| format!("{} is not UTF-8", file.display()))?;
                let place = place.below(relative);
                all.push(One::Up(file, place));
            }
        }
        (Side::Store(place), to) => {
            let mut pages = Objects::new(client, place.clone(), true);
            while let Some(page) = pages.next().await? {
                for entry in page {
                    let Entry::Object(object) = entry else { continue };
                    // What stands for a folder has nothing in it.
                    if object.key.ends_with('/') && object.size == 0 && matches!(to, Side::Here(_)) {
                        continue;
                    }
                    let relative = object.key.strip_prefix(&place.key).unwrap_or(&object.key).to_owned();
                    let source = Place { bucket: place.bucket.clone(), key: object.key };
                    all.push(match to {
                        Side::Here(folder) => One::Down(source, folder.join(file_name(&relative)?)),
                        Side::Store(to) => One::Within(source, to.below(&relative)),
                        Side::Stream => bail!("`-` stands for a single object"),
                    });
                }
            }
        }
        _ => bail!("FROM or TO has to be in a store, s3://bucket/key"),
    }
    Ok(all)
}

/// All files below a folder, in the order of their names. Links to folders are not followed.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).with_context(cannot)?.collect::<Result<_, _>>().with_context(cannot)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().with_context(cannot)?.is_dir() {
            collect(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

async fn do_one(client: &S3Client, one: &One, media: Option<&str>, removes: bool) -> anyhow::Result<()> {
    match one {
        One::Up(path, place) => {
            let cannot = || format!("cannot read {}", path.display());
            let file = tokio::fs::File::open(path).await.with_context(cannot)?;
            let length = file.metadata().await.with_context(cannot)?.len();
            let progress = Progress::of_bytes(place.to_string(), length);
            let media = media.unwrap_or_else(|| media_type(path));
            upload(client, place, file, Some(length), media, &progress).await?;
            progress.end();
            if removes {
                tokio::fs::remove_file(path).await.with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        One::Down(place, path) => {
            let progress = Progress::of_bytes(place.to_string(), 0);
            download(client, place, None, path, &progress).await?;
            progress.end();
            if removes {
                delete(client, place).await?;
            }
        }
        One::Within(from, to) => {
            copy_within(client, from, to).await?;
            if removes && from != to {
                delete(client, from).await?;
            }
        }
    }
    Ok(())
}

async fn delete(client: &S3Client, place: &Place) -> anyhow::Result<()> {
    client.send(&Call::to_object(Method::DELETE, &place.bucket, place.key.as_bytes())).await.map(drop)
}

/// The media type of a file, by its name.
pub(super) fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    let known = MEDIA.iter().find(|(known, _)| *known == extension);
    known.map_or("application/octet-stream", |(_, media)| media)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_the_name_of_what_comes_into_it() {
        let place = |key: &str| Place { bucket: "photos".into(), key: key.into() };
        assert_eq!(named(&place(""), "a.png"), place("a.png"));
        assert_eq!(named(&place("x/"), "a.png"), place("x/a.png"));
        assert_eq!(named(&place("x"), "a.png"), place("x"));
        assert_eq!(media_type(Path::new("a/B.PNG")), "image/png");
        assert_eq!(media_type(Path::new("a/none")), "application/octet-stream");
    }
}
