use std::time::Duration;

use anyhow::Context;

use super::Verdict;
use crate::cli::{Output, StatusArgs};
use crate::client::ConsoleClient;
use crate::console::{STATUS_PATH, Status};
use crate::table;
use crate::units::{self, ByteSize};

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
        ("ledger position", format!("{}{failed}", ledger.sequence)),
    ]);
    let nodes: Vec<[String; 6]> = status
        .nodes
        .iter()
        .map(|node| {
            [
                node.node.clone(),
                node.state.as_str().into(),
                ByteSize(node.free_bytes).to_string(),
                ByteSize(node.stored_bytes).to_string(),
                node.shards.to_string(),
                node.zone.clone(),
            ]
        })
        .collect();
    let whys = status.nodes.iter().filter_map(|node| Some(format!("{}: {}\n", node.node, node.why.as_ref()?)));
    let whys: String = whys.collect();
    let nodes = table::render(["NODE", "STATE", "FREE", "STORED", "SHARDS", "ZONE"], &nodes);
    format!("{}\n{nodes}{whys}", table::pairs(&pairs))
}

/// Which facts may be written, and which could be.
fn level(region: u32, known: u32) -> String {
    if region < known {
        format!("{region}; `planetstore admin region upgrade` makes it {known} once every process runs this release")
    } else {
        region.to_string()
    }
}

/// Rounded for people, exact for the rest.
fn size(bytes: u64) -> String {
    format!("{} ({bytes})", ByteSize(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Readiness;

    #[test]
    fn all_figures_are_shown_also_when_some_are_not_known() {
        let json = r#"{"version":"1","region":"eu-1","uptime_seconds":61,"readiness":{"ready":false,"missing":["nodes: 1 online"]},
            "known_level":1,"stored":{"level":0,"buckets":1,"objects":2,"logical_bytes":2048,"contents":1,"content_bytes":1024,"shard_bytes":3072,"dedup_ratio":2.0},
            "cache":{"hits":5,"misses":6,"bytes":7,"entries":8},
            "nodes":[{"node":"node-1","zone":"a","state":"offline","free_bytes":1,"total_bytes":2,"stored_bytes":3,"shards":4,"heard_seconds_ago":9}],
            "log":{"connected":false,"last_sequence":null,"dense":null},"ledger":{"sequence":12,"failed":"a gap"}}"#;
        let mut status: Status = serde_json::from_str(json).unwrap();
        let text = render(&status);
        for part in [
            "nodes: 1 online",
            "makes it 1 once every process",
            "2.00 KiB (2048)",
            "dedup ratio      2.00",
            "5 hits, 6 misses, 7 B in 8",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains("unknown (not connected)") && text.contains("12 (stopped: a gap)"));
        assert!(text.contains("node-1  offline  1 B   3 B     4       a\n"), "{text}");
        status.nodes[0].why = Some("refused: another folder".into());
        assert!(render(&status).ends_with("node-1: refused: another folder\n"));
        status.stored = None;
        status.readiness = Readiness { ready: true, missing: Vec::new() };
        assert!(render(&status).contains("cannot be read now"));
    }
}
