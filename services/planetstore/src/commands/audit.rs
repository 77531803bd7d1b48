use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use ::admin::{AUDIT_SHARDS_PATH, AuditLine};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use events::content::Fault;
use inventory::{Audit, NodeCounts, ShortContent};

use super::Verdict;
use super::audit_access::{self, AuditAccessArgs};
use super::audit_log::{self, AuditObjectArgs, AuditUserArgs};
use crate::client::{ConsoleArgs, ConsoleClient};
use crate::table::{self, Output};
use crate::units::ByteSize;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Count the shards on the nodes' disks, and compare them with the log. The exit code is 5 if any are missing or
    /// damaged
    Shards(AuditShardsArgs),
    /// Show who did what with an object: who wrote, overwrote, tagged, locked or deleted it, when, and by which access key
    Object(AuditObjectArgs),
    /// Show requests that leave no event: refused requests, failed logins, and reads of buckets for which reads are
    /// recorded
    Access(AuditAccessArgs),
    /// Show what a user did, whichever access key or session they used
    User(AuditUserArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AuditShardsArgs {
    /// Have the nodes read all shards and compare them with their checksums
    #[arg(long)]
    pub(crate) deep: bool,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
    /// The same as `--output json`
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// Compares what there is with what the log says.
pub(crate) async fn audit(command: AuditCommand) -> anyhow::Result<Verdict> {
    match command {
        AuditCommand::Shards(arguments) => return shards(arguments).await,
        AuditCommand::Access(arguments) => audit_access::access(&arguments).await?,
        AuditCommand::Object(arguments) => audit_log::object(&arguments).await?,
        AuditCommand::User(arguments) => audit_log::user(&arguments).await?,
    }
    Ok(Verdict::Well)
}

async fn shards(arguments: AuditShardsArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    let path = format!("{AUDIT_SHARDS_PATH}?deep={}", arguments.deep);
    let (mut audit, mut failed) = (None, None);
    let shows_progress = std::io::stderr().is_terminal();
    client
        .post_lines(&path, |line: AuditLine| match line {
            AuditLine::Progress(progress) if shows_progress => {
                eprint!("\r{} of {} contents counted", progress.contents, progress.of);
            }
            AuditLine::Progress(_) => {}
            AuditLine::Audit(counted) => audit = Some(*counted),
            AuditLine::Failed(why) => failed = Some(why),
        })
        .await?;
    if shows_progress {
        eprintln!();
    }
    if let Some(why) = failed {
        bail!("the audit could not be finished: {why}");
    }
    let audit = audit.context("the audit ended early")?;
    if arguments.json || arguments.output == Output::Json {
        println!("{}", serde_json::to_string_pretty(&audit).context("cannot write the audit")?);
    } else {
        print!("{}", render(&audit));
    }
    Ok(Verdict::well_if(audit.is_clean()))
}

fn render(audit: &Audit) -> String {
    let mut text = format!("{}\n\n", verdict(audit));
    let pairs = [
        ("contents", audit.contents.to_string()),
        ("short", audit.short.to_string()),
        ("endangered", audit.endangered.to_string()),
        ("unreadable", audit.unreadable.to_string()),
        ("crowded", audit.crowded.to_string()),
        ("shards owed", audit.owed().to_string()),
        ("bits read", if audit.deep { "yes".into() } else { "no".into() }),
        ("log position", audit.sequence.to_string()),
        ("took", crate::units::time(Duration::from_secs_f64(audit.seconds.max(0.0)))),
    ];
    text.push_str(&table::pairs(&pairs));
    let healthy: Vec<[String; 3]> = (0..audit.of_six.len())
        .rev()
        .map(|count| {
            let of_three = audit.of_three.get(count).map_or_else(String::new, u64::to_string);
            [count.to_string(), audit.of_six[count].to_string(), of_three]
        })
        .collect();
    text.push('\n');
    text.push_str(&table::render(["HEALTHY SHARDS", "CONTENTS OF SIX", "CONTENTS OF THREE"], &healthy));
    text.push('\n');
    text.push_str(&nodes(audit));
    if !audit.examples.is_empty() {
        text.push('\n');
        text.push_str(&examples(&audit.examples));
    }
    text
}

fn verdict(audit: &Audit) -> String {
    if audit.is_clean() {
        return "Every content has all its shards.".into();
    }
    let mut sentence = format!("{} of {} contents are short", audit.short, audit.contents);
    if audit.crowded > 0 {
        // Writing to a string cannot fail.
        let _written = write!(sentence, ", {} have two shards on a node although another one is free", audit.crowded);
    }
    sentence.push('.');
    sentence
}

fn nodes(audit: &Audit) -> String {
    let row = |(node, counts): (_, &NodeCounts)| {
        let strays = counts.strays;
        [
            format!("{node}"),
            if counts.answered { "yes".into() } else { "no".into() },
            counts.healthy.to_string(),
            counts.missing.to_string(),
            (counts.damaged + counts.unreadable).to_string(),
            counts.unanswered.to_string(),
            format!("{} ({})", strays.dead, ByteSize(strays.dead_bytes)),
            format!("{} ({})", strays.young, ByteSize(strays.young_bytes)),
        ]
    };
    let rows: Vec<[String; 8]> = audit.nodes.iter().map(row).collect();
    let head =
        ["NODE", "ANSWERED", "HEALTHY", "MISSING", "DAMAGED", "UNKNOWN", "NEEDED BY NOBODY", "OF UPLOADS UNDER WAY"];
    table::render(head, &rows)
}

fn examples(examples: &[ShortContent]) -> String {
    let lacks = |content: &ShortContent| {
        let lack = content.lacks.iter().map(|shard| {
            let what = match shard.fault {
                None => "unknown",
                Some(Fault::Missing | Fault::Unwritten) => "missing",
                Some(Fault::Damaged) => "damaged",
                Some(Fault::Unreadable) => "unreadable",
            };
            format!("{} on {} ({what})", shard.shard, shard.node)
        });
        lack.collect::<Vec<_>>().join(", ")
    };
    let row = |content: &ShortContent| {
        [
            content.bucket.to_string(),
            content.content.generation.to_string(),
            content.healthy.to_string(),
            lacks(content),
        ]
    };
    let rows: Vec<[String; 4]> = examples.iter().map(row).collect();
    table::render(["BUCKET", "CONTENT", "HEALTHY", "LACKS SHARD"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIT: &str = r#"{
        "deep": false, "sequence": 70, "contents": 3, "of_six": [0, 0, 0, 0, 0, 1, 1], "of_three": [0, 0, 0, 1],
        "short": 1, "endangered": 0, "unreadable": 0, "crowded": 0,
        "nodes": {"node-1": {"answered": true, "healthy": 2, "missing": 1, "damaged": 0, "unreadable": 0,
            "unanswered": 0, "strays": {"dead": 2, "dead_bytes": 2048, "young": 0, "young_bytes": 0}}},
        "examples": [{"bucket": "photos",
            "content": {"sha256": "0000000000000000000000000000000000000000000000000000000000000000",
                        "generation": "0196f3a1-2b3c-8000-8123-456789abcde8"},
            "size": 9, "healthy": 5, "lacks": [{"shard": 4, "node": "node-1", "fault": "missing"}]}],
        "seconds": 61.0
    }"#;

    #[test]
    fn it_says_what_is_short_where_and_what_nobody_needs() {
        let audit: Audit = serde_json::from_str(AUDIT).unwrap();
        let text = render(&audit);
        for part in [
            "1 of 3 contents are short.\n",
            "took          1m 1s\n",
            "\n5               1",
            "2 (2.00 KiB)",
            "4 on node-1 (missing)",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
        let clean = Audit { short: 0, ..audit };
        assert!(render(&clean).starts_with("Every content has all its shards.\n"));
    }
}
