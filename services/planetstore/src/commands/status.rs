use std::time::Duration;

use ::admin::{DiskStatus, Health, LogStatus, Owed, OwedByNode, STATUS_PATH, Status, Stray};
use anyhow::Context;
use clap::Args;
use events::content::ShardFault;

use super::Verdict;
use crate::client::{ConsoleArgs, ConsoleClient};
use crate::table;
use crate::table::Output;
use crate::units::{self, ByteSize};

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

/// Shows the figures of a running store.
pub(crate) async fn status(arguments: StatusArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    let status: Status = client.get(STATUS_PATH).await?;
    match arguments.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&status).context("cannot write the status")?),
        Output::Table => print!("{}", render(&status)),
    }
    Ok(Verdict::well_if(status.readiness.ready))
}

fn render(status: &Status) -> String {
    let mut pairs = vec![
        ("version", status.version.clone()),
        ("region", status.region.clone()),
        ("up for", units::time(Duration::from_secs(status.uptime_seconds))),
        ("ready", if status.readiness.ready { "yes".into() } else { status.readiness.missing.join("; ") }),
        ("redundancy", status.redundancy.as_ref().map_or_else(|| UNREADABLE.into(), |told| told.sentence.clone())),
    ];
    match &status.stored {
        Some(stored) => pairs.extend([
            ("level", level(stored.level, status.known_level)),
            ("buckets", stored.buckets.to_string()),
            ("objects", stored.objects.to_string()),
            ("logical bytes", size(stored.logical_bytes)),
            ("content bytes", size(stored.content_bytes)),
            ("stored bytes", size(stored.shard_bytes)),
            ("dedup ratio", format!("{:.2}", stored.dedup_ratio)),
        ]),
        None => pairs.push(("stored", "cannot be read now".into())),
    }
    let (cache, log, ledger) = (&status.cache, &status.log, &status.ledger);
    let hits = format!("{} hits, {} misses, {} in {}", cache.hits, cache.misses, ByteSize(cache.bytes), cache.entries);
    let last = log.last_sequence.map_or_else(|| "unknown".into(), |last| last.to_string());
    let connected = if log.connected { "" } else { " (not connected)" };
    let failed = ledger.failed.as_ref().map_or_else(String::new, |reason| format!(" (stopped: {reason})"));
    pairs.extend([
        ("cache", hits),
        ("log position", format!("{last}{connected}")),
        ("log bytes", log_bytes(log)),
        ("ledger position", format!("{}{failed}", ledger.sequence)),
        ("quarantined", quarantined(ledger.quarantined.count)),
        ("settled", settled(&status.health)),
        ("owed", owed(status.health.owed.as_ref())),
    ]);
    if let Some(disk) = &status.disk {
        pairs.push(("own disk", own_disk(disk)));
    }
    let nodes: Vec<[String; 8]> = status
        .nodes
        .iter()
        .map(|node| {
            [
                node.node.clone(),
                node.state.as_str().into(),
                if node.recorded.is_empty() { "-".into() } else { node.recorded.join(", ") },
                ByteSize(node.free_bytes).to_string(),
                ByteSize(node.stored_bytes).to_string(),
                node.shards.to_string(),
                node.days_until_full.map_or_else(|| "-".into(), days),
                node.zone.clone(),
            ]
        })
        .collect();
    let whys = status.nodes.iter().filter_map(|node| Some(format!("{}: {}\n", node.node, node.why.as_ref()?)));
    let whys: String = whys.collect();
    let nodes = table::render(["NODE", "STATE", "RECORDED", "FREE", "STORED", "SHARDS", "FULL IN", "ZONE"], &nodes);
    let debts = status.health.owed.as_ref().map(debts).unwrap_or_default();
    let strays = strays(&status.ledger.quarantined.newest);
    format!("{}\n{nodes}{whys}{debts}{strays}", table::pairs(&pairs))
}

/// What stands in the place of what cannot be read.
const UNREADABLE: &str = "cannot be read now";

/// The bytes of the log, and how they grow.
fn log_bytes(log: &LogStatus) -> String {
    let Some(bytes) = log.bytes else { return "unknown".into() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an outlook for people")]
    let growth = log.growth_bytes_per_day.map(|growth| ByteSize(growth.max(0.0) as u64));
    match growth {
        Some(growth) => format!("{}, growing by {growth} a day", size(bytes)),
        None => size(bytes),
    }
}

/// The disk of the gateway's data folder.
fn own_disk(disk: &DiskStatus) -> String {
    let (free, total) = (ByteSize(disk.free_bytes), ByteSize(disk.total_bytes));
    let full = disk.days_until_full.map_or_else(String::new, |until| format!(", full in {}", days(until)));
    format!("{free} of {total} free{full}")
}

/// Days, with a tenth while they are few.
fn days(days: f64) -> String {
    match days {
        ..10.0 => format!("{days:.1} days"),
        ..3650.0 => format!("{days:.0} days"),
        _ => "years".into(),
    }
}

/// The number of entries of the log that are not facts.
fn quarantined(count: u64) -> String {
    if count == 0 { "nothing".into() } else { format!("{count} entries of the log are not facts") }
}

/// The quarantined entries. Their subjects were chosen by whoever published them.
fn strays(strays: &[Stray]) -> String {
    if strays.is_empty() {
        return String::new();
    }
    let row = |stray: &Stray| {
        let subject = stray.subject.escape_debug().to_string();
        [stray.sequence.to_string(), stray.bytes.to_string(), stray.reason.clone(), subject]
    };
    let rows: Vec<_> = strays.iter().map(row).collect();
    format!("\n{}", table::render(["SEQUENCE", "BYTES", "REASON", "SUBJECT"], &rows))
}

/// Up to which event every write is settled or its missing shards are recorded.
fn settled(health: &Health) -> String {
    let mut parts = vec![format!("up to {}", health.settled_sequence)];
    if health.settling > 0 {
        parts.push(format!("{} with a shard in flight", count(health.settling as u64, "content")));
    }
    if health.scanning {
        parts.push("checking writes from before the start".into());
    }
    parts.join(", ")
}

fn owed(owed: Option<&Owed>) -> String {
    match owed {
        None => "cannot be read now".into(),
        Some(Owed { shards: 0, .. }) => "nothing".into(),
        Some(Owed { shards, contents, unsafe_contents, .. }) => {
            let (shards, contents) = (count(*shards, "shard"), count(*contents, "content"));
            format!("{shards} of {contents}, {unsafe_contents} of which would not survive the loss of a node")
        }
    }
}

/// The shards that each node owes, and some of the contents.
fn debts(owed: &Owed) -> String {
    if owed.shards == 0 {
        return String::new();
    }
    let row = |node: &OwedByNode| {
        let counts = [node.unwritten, node.missing, node.damaged, node.unreadable].map(|count| count.to_string());
        let [unwritten, missing, damaged, unreadable] = counts;
        [node.node.clone(), unwritten, missing, damaged, unreadable]
    };
    let nodes: Vec<_> = owed.nodes.iter().map(row).collect();
    let shards = owed.listed.iter().flat_map(|content| {
        content.faults.iter().map(|ShardFault { shard, node, fault }| {
            let fault = format!("{fault:?}").to_lowercase();
            [content.sha256.clone(), content.generation.clone(), shard.to_string(), node.to_string(), fault]
        })
    });
    let shards: Vec<_> = shards.collect();
    let nodes = table::render(["OWES", "UNWRITTEN", "MISSING", "DAMAGED", "UNREADABLE"], &nodes);
    format!("\n{nodes}\n{}", table::render(["CONTENT", "GENERATION", "SHARD", "NODE", "FAULT"], &shards))
}

fn count(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The region's level, and the level that the release knows.
fn level(region: u32, known: u32) -> String {
    if region < known {
        format!(
            "{region}; `planetstore admin region upgrade` raises it to {known} once every process runs this release"
        )
    } else {
        region.to_string()
    }
}

/// Rounded for people, and exact in brackets.
fn size(bytes: u64) -> String {
    format!("{} ({bytes})", ByteSize(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::admin::Readiness;

    #[test]
    fn all_figures_are_shown_also_when_some_are_not_known() {
        let json = r#"{"version":"1","region":"eu-1","uptime_seconds":61,"readiness":{"ready":false,"missing":["nodes: 1 online"]},
            "known_level":1,"stored":{"level":0,"buckets":1,"objects":2,"logical_bytes":2048,"contents":1,"content_bytes":1024,"shard_bytes":3072,"dedup_ratio":2.0},
            "health":{"settling":1,"settled_sequence":9,"scanning":true,"owed":{"contents":1,"unsafe_contents":0,"shards":1,
                "nodes":[{"node":"node-4","unwritten":1,"missing":0,"damaged":0,"unreadable":0}],
                "listed":[{"sha256":"ab","generation":"cd","faults":[{"shard":5,"node":"node-4","fault":"unwritten"}]}]}},
            "cache":{"hits":5,"misses":6,"bytes":7,"entries":8},
            "nodes":[{"node":"node-1","zone":"a","state":"offline","free_bytes":1,"total_bytes":2,"stored_bytes":3,"shards":4,"heard_seconds_ago":9,"days_until_full":12.3,"recorded":["draining","failing (latency)"]}],
            "redundancy":{"is_full":false,"owed_shards":1,"sentence":"1 shard is owed."},"disk":{"free_bytes":1024,"total_bytes":2048,"days_until_full":2.5},
            "log":{"connected":false,"last_sequence":null,"dense":null,"bytes":1024,"growth_bytes_per_day":2048.0},"ledger":{"sequence":12,"failed":"a gap"}}"#;
        let mut status: Status = serde_json::from_str(json).unwrap();
        let text = render(&status);
        for part in [
            "nodes: 1 online",
            "raises it to 1 once every process",
            "2.00 KiB (2048)",
            "dedup ratio      2.00",
            "5 hits, 6 misses, 7 B in 8",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains("redundancy       1 shard is owed.\n"), "{text}");
        assert!(text.contains("log bytes        1.00 KiB (1024), growing by 2.00 KiB a day\n"), "{text}");
        assert!(text.contains("own disk         1.00 KiB of 2.00 KiB free, full in 2.5 days\n"), "{text}");
        assert!(text.contains("unknown (not connected)") && text.contains("12 (stopped: a gap)"));
        assert!(
            text.contains("node-1  offline  draining, failing (latency)  1 B   3 B     4       12 days  a\n"),
            "{text}"
        );
        assert!(text.contains("up to 9, 1 content with a shard in flight, checking writes"), "{text}");
        assert!(text.contains("1 shard of 1 content, 0 of which would not survive the loss of a node"), "{text}");
        assert!(text.contains("node-4  1          0        0        0\n"), "{text}");
        assert!(text.contains("ab       cd          5      node-4  unwritten\n"), "{text}");
        status.nodes[0].why = Some("refused: another folder".into());
        assert!(render(&status).contains("node-1: refused: another folder\n"));
        assert!(text.contains("quarantined      nothing\n"), "{text}");
        status.ledger.quarantined.count = 7;
        let (reason, subject) = ("nobody's".into(), "ps.a\nb".into());
        status.ledger.quarantined.newest = vec![Stray { sequence: 12, reason, subject, bytes: 9 }];
        assert!(
            render(&status).contains("7 entries of the log are not facts")
                && render(&status).contains("12        9      nobody's  ps.a\\nb")
        );
        status.stored = None;
        status.health.owed = None;
        status.readiness = Readiness { ready: true, missing: Vec::new() };
        assert!(render(&status).contains("cannot be read now"));
    }
}
