//! The two sides, and whether they fit.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use http::{Method, StatusCode};
use s3::xml::ReadAnswer;

use super::Options;
use super::keys::Keys;
use super::pairs::List;
use super::walk::Walk;
use crate::commands::objects::place::{Place, Side};
use crate::s3_client::{Call, RefusedByS3, S3Client, TargetArgs};

/// The roots of the document that says whether a bucket keeps versions; some stores have a name of their own.
const VERSIONING_ROOTS: [&str; 2] = ["VersioningConfiguration", "GetBucketVersioningResponse"];

/// One side.
pub(super) enum End {
    Bucket(Box<Bucket>),
    Folder(PathBuf),
}

/// A bucket, or what is in it below a slash.
pub(super) struct Bucket {
    pub(super) client: S3Client,
    pub(super) place: Place,
    /// All versions are meant, and not only current objects.
    pub(super) with_versions: bool,
    /// Entity tags of what is written here are not made of the bytes.
    pub(super) is_opaque: bool,
    /// It is there.
    pub(super) exists: bool,
}

/// Both sides.
pub(super) struct Ends {
    pub(super) source: End,
    pub(super) target: End,
}

/// What matters here of the configuration of a bucket.
struct Settings {
    /// It keeps versions, or did.
    had_versions: bool,
    keeps_versions: bool,
    has_locks: bool,
}

impl Ends {
    pub(super) async fn find(
        arguments: &TargetArgs,
        source_context: Option<&str>,
        from: Side,
        to: Side,
        options: Options,
    ) -> anyhow::Result<Self> {
        let source_arguments = source_context.map(TargetArgs::of_context);
        let source_client = || source_arguments.as_ref().unwrap_or(arguments).client();
        match (from, to) {
            (Side::Here(folder), Side::Store(place)) => {
                ensure!(folder.is_dir(), "{} is not a folder: `planetstore cp` copies files", folder.display());
                let mut bucket = Bucket::new(arguments.client()?, place);
                bucket.check().await?;
                bucket.is_opaque = is_opaque(&bucket.client, &bucket.place.bucket).await?;
                Ok(Self { source: End::Folder(folder), target: End::Bucket(Box::new(bucket)) })
            }
            (Side::Store(place), Side::Here(folder)) => {
                ensure!(!folder.is_file(), "{} is a file: `planetstore cp` copies objects to files", folder.display());
                let bucket = Bucket::new(source_client()?, place);
                bucket.check().await?;
                Ok(Self { source: End::Bucket(Box::new(bucket)), target: End::Folder(folder) })
            }
            (Side::Store(from), Side::Store(to)) => {
                let (source, target) = (Bucket::new(source_client()?, from), Bucket::new(arguments.client()?, to));
                of_buckets(source, target, options).await
            }
            _ => bail!(
                "FROM or TO has to be in a store, s3://bucket/folder; the other is also in a store or is a local folder"
            ),
        }
    }

    /// What names this source and this target.
    pub(super) fn identity(&self) -> String {
        format!("{}\n{}", self.source.identity(), self.target.identity())
    }
}

impl End {
    /// All keys of it.
    pub(super) fn list(&self) -> anyhow::Result<List<'_>> {
        Ok(match self {
            Self::Bucket(bucket) if bucket.exists => {
                List::Bucket(Keys::new(&bucket.client, &bucket.place, bucket.with_versions))
            }
            Self::Folder(folder) if folder.exists() => List::Folder(Walk::new(folder)?),
            _ => List::Nothing,
        })
    }

    fn identity(&self) -> String {
        match self {
            Self::Bucket(bucket) => format!("{} {}", bucket.client.endpoint(), bucket.place),
            Self::Folder(folder) => folder.canonicalize().unwrap_or_else(|_| folder.clone()).display().to_string(),
        }
    }
}

impl Bucket {
    fn new(client: S3Client, mut place: Place) -> Self {
        // A folder is named with and without its slash.
        if !place.key.is_empty() && !place.key.ends_with('/') {
            place.key.push('/');
        }
        Self { client, place, with_versions: false, is_opaque: false, exists: true }
    }

    /// The place of a key.
    pub(super) fn at(&self, key: &str) -> Place {
        self.place.below(key)
    }

    /// A request about a key.
    pub(super) fn call(&self, method: Method, key: &str) -> Call {
        Call::to_object(method, &self.place.bucket, self.at(key).key.as_bytes())
    }

    async fn check(&self) -> anyhow::Result<()> {
        let name = &self.place.bucket;
        self.client
            .send(&Call::to_bucket(Method::HEAD, name))
            .await
            .map(drop)
            .with_context(|| format!("the bucket {name} cannot be used: `planetstore mb {name}` makes one"))
    }
}

async fn of_buckets(mut source: Bucket, mut target: Bucket, options: Options) -> anyhow::Result<Ends> {
    let is_same = (source.client.endpoint(), &source.place.bucket) == (target.client.endpoint(), &target.place.bucket);
    let is_within = |one: &Bucket, other: &Bucket| one.place.key.starts_with(&other.place.key);
    ensure!(
        !is_same || !is_within(&source, &target) && !is_within(&target, &source),
        "{} and {} overlap",
        source.place,
        target.place
    );
    let from = settings(&source.client, &source.place.bucket).await?;
    let with_versions = from.had_versions && !options.current;
    let with_locks = from.has_locks && !options.without_locks;
    let name = target.place.bucket.clone();
    match target.client.send(&Call::to_bucket(Method::HEAD, &name)).await {
        Ok(_) => {
            let to = settings(&target.client, &name).await?;
            ensure!(
                !with_versions || to.keeps_versions,
                "{} has versions, and {name} keeps none: enable its versioning, or copy only current objects with \
                 --current",
                source.place.bucket
            );
            ensure!(
                !with_locks || to.has_locks,
                "{} has locks, and {name} allows none: make a bucket with --object-lock, or leave them out with \
                 --without-locks",
                source.place.bucket
            );
            target.is_opaque = is_opaque(&target.client, &name).await?;
        }
        Err(error) if is_absent(&error) => {
            target.exists = !options.dry_run;
            if target.exists {
                make(&target.client, &name, with_versions, with_locks).await?;
            }
        }
        Err(error) => return Err(error.context(format!("the bucket {name} cannot be used"))),
    }
    (source.with_versions, target.with_versions) = (with_versions, with_versions);
    Ok(Ends { source: End::Bucket(Box::new(source)), target: End::Bucket(Box::new(target)) })
}

fn is_absent(error: &anyhow::Error) -> bool {
    error.downcast_ref::<RefusedByS3>().is_some_and(|refused| refused.status == StatusCode::NOT_FOUND)
}

async fn make(client: &S3Client, bucket: &str, with_versions: bool, with_locks: bool) -> anyhow::Result<()> {
    let mut call = Call::to_bucket(Method::PUT, bucket);
    if with_locks {
        call = call.header("x-amz-bucket-object-lock-enabled", "true")?;
    }
    client.send(&call).await.with_context(|| format!("cannot make the bucket {bucket}"))?;
    if with_versions && !with_locks {
        let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        client.send(&Call::to_bucket(Method::PUT, bucket).query("versioning", "").document(document)?).await?;
    }
    Ok(())
}

async fn settings(client: &S3Client, bucket: &str) -> anyhow::Result<Settings> {
    let versioning = setting(client, bucket, "versioning", &VERSIONING_ROOTS).await?;
    let status = versioning.as_ref().and_then(|answer| answer.field("Status"));
    let locks = setting(client, bucket, "object-lock", &["ObjectLockConfiguration"]).await?;
    let has_locks = locks.is_some_and(|answer| answer.field("ObjectLockEnabled") == Some("Enabled"));
    Ok(Settings { had_versions: status.is_some(), keeps_versions: status == Some("Enabled"), has_locks })
}

/// Whether a bucket encrypts with keys of a key store, so that entity tags are not of the bytes.
async fn is_opaque(client: &S3Client, bucket: &str) -> anyhow::Result<bool> {
    const ALGORITHM: &str = "Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm";
    let found = setting(client, bucket, "encryption", &["ServerSideEncryptionConfiguration"]).await?;
    Ok(found.is_some_and(|answer| answer.field(ALGORITHM).is_some_and(|algorithm| algorithm.starts_with("aws:kms"))))
}

/// A setting of a bucket; `None` if it has none, or if the store does not know such a thing.
async fn setting(client: &S3Client, bucket: &str, name: &str, roots: &[&str]) -> anyhow::Result<Option<ReadAnswer>> {
    let asked = client.send(&Call::to_bucket(Method::GET, bucket).query(name, "")).await;
    let body = match asked {
        Ok(answer) => answer.bytes().await?,
        Err(error) => {
            let refused = error.downcast_ref::<RefusedByS3>().map(|refused| refused.status.as_u16());
            return if matches!(refused, Some(400 | 404 | 405 | 501)) { Ok(None) } else { Err(error) };
        }
    };
    let read = roots.iter().find_map(|root| ReadAnswer::parse(&body, root, &[]).ok());
    read.map(Some).with_context(|| format!("the store's answer about the {name} of {bucket} cannot be read"))
}
