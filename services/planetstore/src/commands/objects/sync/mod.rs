//! `planetstore sync`: makes a bucket or a folder as another one is.
//!
//! Both sides are listed in the order of their keys, side by side, and each key is compared and brought up to date by
//! itself. What a target holds says how far it is, so a run that was killed is simply repeated (ADR 43).
//!
//! # Layout
//! - `entry`: what lists have in common; `keys`: a bucket as a list; `walk`: a folder as a list; `pairs`: both side by side
//! - `ends`: the two sides, and whether they fit; `engine`: all keys, several at once
//! - `history`: a key from a bucket to another; `whole` and `parts`: a version; `traits`: what goes with its bytes;
//!   `layout`: the parts of an object; `part`: one of them
//! - `upload`: a file to a bucket; `download`: an object to a file; `evidence`: whether both are the same
//! - `unfinished`: the file with uploads under way; `filter`: which keys; `report`: what is printed

mod download;
mod ends;
mod engine;
mod entry;
mod evidence;
mod filter;
mod history;
mod keys;
mod layout;
mod pairs;
mod part;
mod parts;
mod report;
mod traits;
mod unfinished;
mod upload;
mod walk;
mod whole;

use clap::Args;

use super::Common;
use super::place::Side;
use crate::commands::Verdict;
use ends::Ends;
use engine::Engine;
use filter::{Filter, Pattern};
use report::Report;

/// Number of keys to process at once, unless something else is asked for.
const PARALLEL: u16 = 8;

/// The most keys at once.
const PARALLEL_MAX: i64 = 32;

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    options: Options,
    /// Context of the store to read from [default: the store to write to]
    #[arg(long, value_name = "NAME")]
    source_context: Option<String>,
    /// Only keys below FROM that match this pattern, with `*` and `?`; repeatable
    #[arg(long, value_name = "PATTERN")]
    include: Vec<Pattern>,
    /// Skip keys below FROM that match this pattern, with `*` and `?`; repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Pattern>,
    /// Number of keys to process at once
    #[arg(long, default_value_t = PARALLEL, value_parser = clap::value_parser!(u16).range(1..=PARALLEL_MAX), value_name = "N")]
    parallel: u16,
    /// Folder, or `s3://bucket/folder`
    #[arg(value_name = "FROM")]
    from: Side,
    /// Folder, or `s3://bucket/folder`
    #[arg(value_name = "TO")]
    to: Side,
}

/// What is done, and what is not.
#[derive(Debug, Clone, Copy, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Remove keys at TO that do not exist at FROM; a bucket with versioning keeps their versions
    #[arg(long)]
    delete: bool,
    /// Only print what would be done
    #[arg(long)]
    dry_run: bool,
    /// Copy only current objects, without earlier versions
    #[arg(long)]
    current: bool,
    /// Copy objects without their locks
    #[arg(long)]
    without_locks: bool,
    /// Treat a file of the same size as unchanged without reading it, unless it is newer
    #[arg(long)]
    trust_times: bool,
}

pub(super) async fn sync(arguments: SyncArgs) -> anyhow::Result<Verdict> {
    let SyncArgs { common, options, source_context, include, exclude, parallel, from, to } = arguments;
    let filter = Filter::new(include, exclude);
    let ends = Ends::find(&common.target, source_context.as_deref(), from, to, options).await?;
    let report = Report::new(common.output, options.dry_run);
    let engine = Engine::new(ends, options, filter, usize::from(parallel))?;
    Box::pin(engine.run(report)).await
}
