//! Commands about buckets and objects, over S3: what every user of a store does, with the rights of their key.
//!
//! A place in a store is `s3://bucket/key`; the commands that know no other places take `bucket/key` as well.
//!
//! # Layout
//! - `place`: places; `format`: how results are printed; `pages`: lists, page by page
//! - a file per command; `transfer`: objects in parts, for `copy`
//! - `sync`: buckets and folders that are made as others are
//! - `context`: the stores that a person uses

mod buckets;
mod cat;
mod context;
mod copy;
mod format;
mod list;
mod pages;
mod place;
mod presign;
mod remove;
mod share;
mod stat;
mod sync;
mod tag;
mod transfer;
mod usage;
mod versions;

use clap::{Args, Subcommand};

use super::Verdict;
use crate::s3_client::TargetArgs;
pub(crate) use context::{ContextCommand, context};
use format::Format;

/// Arguments of every command about objects.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Format,
}

/// The commands, which stand beside the others of the program.
#[derive(Debug, Subcommand)]
pub(crate) enum ObjectCommand {
    /// Make a bucket
    Mb(buckets::MakeArgs),
    /// Remove a bucket
    Rb(buckets::RemoveArgs),
    /// List buckets, or the objects of a bucket
    Ls(list::ListArgs),
    /// Copy files to a store, objects to files, or objects within a store
    Cp(copy::CopyArgs),
    /// Move files or objects: copy each, then remove the original
    Mv(copy::CopyArgs),
    /// Copy a bucket or a folder to another one, with versions, metadata, tags and locks; running it again continues
    Sync(sync::SyncArgs),
    /// Remove objects
    Rm(remove::RemoveArgs),
    /// Write an object to stdout
    Cat(cat::CatArgs),
    /// Count objects and bytes
    Du(usage::UsageArgs),
    /// Create a presigned URL, which works without a key for a limited time
    Presign(presign::PresignArgs),
    /// Create a link to an object for people without an account; the store signs it, as in the console
    Share(share::ShareArgs),
    /// Show the properties of an object or a bucket
    Stat(stat::StatArgs),
    /// Show or set the tags of an object
    Tag(tag::TagArgs),
    /// List the versions of objects
    Versions(versions::VersionsArgs),
}

impl ObjectCommand {
    pub(crate) async fn run(self) -> anyhow::Result<Verdict> {
        match self {
            Self::Mb(arguments) => buckets::make(arguments).await?,
            Self::Rb(arguments) => buckets::remove(arguments).await?,
            Self::Ls(arguments) => list::list(arguments).await?,
            Self::Cp(arguments) => copy::copy(arguments).await?,
            Self::Mv(arguments) => copy::move_all(arguments).await?,
            Self::Sync(arguments) => return Box::pin(sync::sync(arguments)).await,
            Self::Rm(arguments) => remove::remove(arguments).await?,
            Self::Cat(arguments) => cat::cat(arguments).await?,
            Self::Du(arguments) => usage::usage(arguments).await?,
            Self::Presign(arguments) => presign::presign(arguments)?,
            Self::Share(arguments) => share::share(arguments).await?,
            Self::Stat(arguments) => stat::stat(arguments).await?,
            Self::Tag(arguments) => tag::tag(arguments).await?,
            Self::Versions(arguments) => versions::versions(arguments).await?,
        }
        Ok(Verdict::Well)
    }
}
