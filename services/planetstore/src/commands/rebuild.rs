use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use ledger::Rebuilt;

use super::Verdict;
use super::offline::OfflineServer;
use crate::folder::{DataArgs, DataFolder};
use crate::nats::{NatsLoginArgs, NatsUrl};
use crate::{author_key, files, table};

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// URL of your NATS server, or of each server of its cluster, separated by commas [default: the private nats-server]
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}

/// Folds the log into a new projection and compares it with the live one, which is not changed.
pub(crate) async fn rebuild(arguments: RebuildArgs) -> anyhow::Result<Verdict> {
    let folder = DataFolder::open(&arguments.data.data)?;
    let Some(region) = folder.paths().region()?.filter(|_| folder.paths().ledger().is_file()) else {
        bail!("{} has no projection: nothing was stored yet", folder.paths().folder().display());
    };
    let keyring = author_key::of_folder(folder.paths())?;
    let server = OfflineServer::start(&folder, arguments.nats_url.as_ref(), &arguments.nats_login).await?;
    let rebuilt = async {
        let log = server.log(&region, arguments.nats_login.log_replicas).await?;
        let (live, fresh) = (folder.paths().ledger(), folder.paths().rebuilt());
        files::remove(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
        let rebuilt = ledger::rebuild(log.as_ref(), (&region, keyring), &live, &fresh).await;
        files::remove(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
        rebuilt.context("the log cannot be replayed")
    };
    let rebuilt = rebuilt.await;
    server.stop().await;
    let rebuilt = rebuilt?;
    print!("{}", render(&rebuilt));
    Ok(Verdict::well_if(rebuilt.difference.is_none()))
}

fn render(rebuilt: &Rebuilt) -> String {
    let comparison = match &rebuilt.difference {
        None => "equal to the live projection, row for row".to_owned(),
        Some(difference) => {
            format!("differs from the live projection in table {}, row {}", difference.table, difference.row)
        }
    };
    table::pairs(&[
        ("events", rebuilt.events.to_string()),
        ("took", format!("{:.3} s", rebuilt.took.as_secs_f64())),
        ("events per second", format!("{:.0}", per_second(rebuilt.events, rebuilt.took))),
        ("projection", comparison),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(events: u64, took: Duration) -> f64 {
    if took.is_zero() { 0.0 } else { events as f64 / took.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        let mut rebuilt = Rebuilt { events: 500, took: Duration::from_millis(250), difference: None };
        let text = render(&rebuilt);
        assert!(text.contains("events per second  2000\n") && text.contains("equal"), "{text}");
        rebuilt.difference = Some(ledger::Difference { table: "current", row: 7 });
        assert!(render(&rebuilt).contains("table current, row 7"));
    }
}
