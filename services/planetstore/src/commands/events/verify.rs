//! Verification of what the notary signed, without trust in the store.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use events::ids::NotaryKey;
use evidence::{FINDINGS_MAX, PROOF_BYTES_MAX, Proof, Report, Verifier};
use http::HeaderMap;

use super::arguments::VerifyArgs;
use crate::commands::Verdict;
use crate::commands::admin::session::Session;

/// Bytes of a line, at most. No entry of the log has more.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// The path that stands for standard input.
const STDIN: &str = "-";

/// Verifies a proof, a file, or the log of a running store.
pub(super) async fn verify(arguments: &VerifyArgs) -> anyhow::Result<Verdict> {
    if let Some(proof) = &arguments.proof {
        return verify_proof(proof, arguments.event.as_deref(), arguments.pubkey);
    }
    let mut verifier = Verifier::new(arguments.pubkey);
    match &arguments.file {
        Some(file) if file.as_os_str() == STDIN => read(std::io::stdin().lock(), &mut verifier)?,
        Some(file) => {
            let context = || format!("cannot read {}", file.display());
            read(BufReader::new(File::open(file).with_context(context)?), &mut verifier).with_context(context)?;
        }
        None => {
            let session = Session::at(&arguments.console).await?;
            let path = arguments.range.path();
            let lines = session.follow(&path, HeaderMap::new(), |line| {
                verifier.push(trimmed(line));
                Ok(())
            });
            let refused = lines.await;
            session.close().await;
            if let Some((_, why)) = refused? {
                return Err(why);
            }
        }
    }
    Ok(told(&verifier.finish(), arguments.pubkey))
}

/// Reads lines, one at a time.
fn read(mut from: impl BufRead, verifier: &mut Verifier) -> anyhow::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == LINE_BYTES_MAX {
            bail!("a line has more than {LINE_BYTES_MAX} bytes: this is not an export of events");
        }
        verifier.push(trimmed(&line));
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// Says what was found.
fn told(report: &Report, given: Option<NotaryKey>) -> Verdict {
    for finding in &report.findings {
        println!("{finding}");
    }
    if report.further > 0 {
        println!("and {} more findings than the first {FINDINGS_MAX}", report.further);
    }
    let Report { entries, withheld, checkpoints, covered, last, keys, .. } = report;
    println!(
        "{entries} events read, {withheld} of them as hashes; {checkpoints} checkpoints, which cover all up to \
         {covered}"
    );
    if last > covered {
        println!(
            "events {} to {last} are not signed yet: only that each follows the one before it was checked",
            covered + 1
        );
    }
    if let (None, Some(first)) = (given, keys.first()) {
        println!("signed by {first}: nothing but the file says that this is the notary's key (--pubkey)");
    }
    println!("{}", if report.is_good() { "valid: everything is as it was signed" } else { "NOT as it was signed" });
    Verdict::well_if(report.is_good())
}

fn verify_proof(proof: &Path, event: Option<&Path>, key: Option<NotaryKey>) -> anyhow::Result<Verdict> {
    let name = proof.display();
    let file = File::open(proof).with_context(|| format!("cannot read {name}"))?;
    let mut text = Vec::new();
    file.take(2 * PROOF_BYTES_MAX as u64).read_to_end(&mut text).with_context(|| format!("cannot read {name}"))?;
    let proof: Proof = serde_json::from_slice(&text).with_context(|| format!("{name} is not a proof"))?;
    let bytes = match event {
        Some(event) => Some(std::fs::read(event).with_context(|| format!("cannot read {}", event.display()))?),
        None => None,
    };
    if let Err(error) = proof.check(bytes.as_deref().map(trimmed), key) {
        println!("NOT proven: {error}");
        return Ok(Verdict::Unhealthy);
    }
    let what = match event {
        Some(_) => "the event".to_owned(),
        None => format!("an event whose hash is {}", proof.leaf),
    };
    println!(
        "{what} is on the log of {} at {}, signed by {}",
        proof.checkpoint.region, proof.sequence, proof.checkpoint.key
    );
    Ok(Verdict::Well)
}
