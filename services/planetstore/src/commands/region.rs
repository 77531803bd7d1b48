//! Going on without a region that was lost, and having it back (ADR 60).

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::{Address, Url, parse_address};
use events::ids::RegionName;
use events::target::Kind;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::Verdict;
use super::admin::session::Session;
use super::admin::show;
use crate::client::ConsoleArgs;
use crate::table::Output;
use crate::units::TimeSpan;

const REGIONS: &str = "/api/v1/regions";

/// How long a region has to answer before it counts as lost.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// How often it is asked whether the regions owe each other nothing.
const ASK_INTERVAL: Duration = Duration::from_secs(1);

/// After so many of these the session is renewed, whose token is good for some minutes.
const ASKED_A_TOKEN: u32 = 60;

/// The beginning of the answer of a server that can do nothing at present.
const SERVER_ERROR: &[u8] = b"HTTP/1.1 5";

#[derive(Debug, Subcommand)]
pub(crate) enum RegionCommand {
    /// List the regions that replicate to this one, and up to which time everything of each is here
    List(ListArgs),
    /// Go on without a region that is lost: say up to which time everything of it is here, and have what is written here from
    /// now on go back to it once it returns
    Promote(PromoteArgs),
    /// Have a lost region back: wait until neither region owes the other anything, and remove what `promote` added
    Failback(FailbackArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// Name of the region that is lost
    pub(crate) name: RegionName,
    /// Only print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before it is done
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Do it although the region answers
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct FailbackArgs {
    /// Name of the region that is back
    pub(crate) name: RegionName,
    /// Keep the rules that `promote` added
    #[arg(long)]
    pub(crate) keep_rules: bool,
    /// Give up after this time
    #[arg(long, default_value = "1h", value_name = "TIME")]
    pub(crate) timeout: TimeSpan,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

pub(crate) async fn region(command: RegionCommand) -> anyhow::Result<Verdict> {
    match command {
        RegionCommand::List(ListArgs { console, output }) => {
            let session = Session::at(&console).await?;
            let listed = list(&session, output).await;
            session.close().await;
            listed.map(|()| Verdict::Well)
        }
        RegionCommand::Promote(arguments) => {
            let session = Session::at(&arguments.console).await?;
            let promoted = promote(&session, &arguments).await;
            session.close().await;
            promoted
        }
        RegionCommand::Failback(arguments) => {
            let mut session = Session::at(&arguments.console).await?;
            let back = failback(&mut session, &arguments).await;
            session.close().await;
            back
        }
    }
}

async fn list(session: &Session, output: Output) -> anyhow::Result<()> {
    let regions = session.list(REGIONS, "regions").await?;
    show::list(
        output,
        &regions,
        [
            ("REGION", |row| show::text(&row["name"])),
            ("ALL BEFORE", |row| show::text(&row["bound"]["before"])),
            ("SAID AT", |row| show::text(&row["bound"]["said"])),
            ("BUCKETS", |row| row["buckets"].as_array().map_or(0, Vec::len).to_string()),
            ("LESS IN", |row| lesser(row).collect::<Vec<_>>().join(", ")),
            ("LINK", |row| show::text(&row["url"])),
        ],
    )
}

/// The buckets for which the time of the region is not all that is to be said.
fn lesser(region: &Value) -> impl Iterator<Item = String> {
    let buckets = region["buckets"].as_array().into_iter().flatten();
    let is_lesser = |bucket: &&Value| {
        bucket["before"] != region["bound"]["before"] || bucket["copies"] == true || bucket["refused"] == true
    };
    buckets.filter(is_lesser).map(|bucket| show::text(&bucket["bucket"])).collect::<Vec<_>>().into_iter()
}

async fn promote(session: &Session, arguments: &PromoteArgs) -> anyhow::Result<Verdict> {
    let PromoteArgs { name, dry_run, yes, force, output, .. } = arguments;
    let path = format!("{REGIONS}/{name}/promote");
    let plan = session.ask(Method::POST, &path, Some(&json!({ "dry_run": true }))).await?;
    let url = plan["region"]["url"].as_str();
    if !force
        && let Some(url) = url.filter(|_| !dry_run)
        && answers(url).await
    {
        bail!("{name} answers at {url}, so it is not lost: repeat with --force to do it all the same");
    }
    if *dry_run {
        tell(name, &plan, true, *output)?;
        return Ok(Verdict::well_if(plan["needs_link"] != true));
    }
    if !yes && std::io::stdin().is_terminal() {
        tell(name, &plan, true, Output::Table)?;
        if !is_confirmed(name)? {
            bail!("nothing was done");
        }
    }
    let done = session.ask(Method::POST, &path, Some(&json!({ "dry_run": false }))).await?;
    tell(name, &done, false, *output)?;
    Ok(Verdict::well_if(done["needs_link"] != true))
}

fn is_confirmed(name: &RegionName) -> anyhow::Result<bool> {
    print!("Go on without {name}? [y/N] ");
    std::io::stdout().flush().context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Prints what is known of a lost region, and what was done about it.
fn tell(name: &RegionName, plan: &Value, is_plan: bool, output: Output) -> anyhow::Result<()> {
    if output == Output::Json {
        return show::one(output, plan);
    }
    let region = &plan["region"];
    for bucket in region["buckets"].as_array().into_iter().flatten() {
        println!("{}", sentence(name, bucket));
    }
    match region["bound"]["said"].as_str() {
        Some(said) => println!("{name} said so last at {said}."),
        None => println!("{name} never said what it has sent: nothing is known of what is missing."),
    }
    let added = show::text(&plan["added"]);
    if plan["needs_link"] == true {
        println!(
            "No link leads to {name}, so nothing that is written into {added} goes back. Add one, and repeat this:\n  \
             planetstore admin link add {name} URL --access-key KEY --secret-key-file FILE"
        );
    } else if plan["added"].as_array().is_some_and(|added| !added.is_empty()) {
        let verb = if is_plan { "would go" } else { "goes" };
        println!("What is written into {added} {verb} back to {name} once it returns.");
    } else {
        println!("What is written into these buckets goes back to {name} already.");
    }
    Ok(())
}

/// What is known of a bucket.
fn sentence(name: &RegionName, bucket: &Value) -> String {
    let here = show::text(&bucket["bucket"]);
    let mut text = match bucket["before"].as_str() {
        Some(before) => format!(
            "{here}: everything that {name} acknowledged before {before} is here; later writes, if there were any, are not \
             here until {name} returns."
        ),
        None => format!("{here}: it is not known up to which time everything of {name} is here."),
    };
    let exceptions = [
        ("copies", "Objects from before its replication rule may be missing: the buckets were still being compared."),
        ("refused", "Versions that were refused here are missing."),
        ("is_other", "The bucket was deleted or made anew here since: what was sent before is not in it."),
    ];
    for (member, exception) in exceptions {
        if bucket[member] == true {
            text.push(' ');
            text.push_str(exception);
        }
    }
    text
}

/// Whether a region answers at the URL of a link. Over TLS it is enough that somebody takes a connection.
async fn answers(url: &str) -> bool {
    let Ok(Address::Webhook(url)) = parse_address(Kind::Webhook, url) else { return false };
    timeout(ANSWER_TIME_MAX, answered(&url)).await.is_ok_and(|answered| answered.unwrap_or(false))
}

async fn answered(url: &Url) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((url.host.as_str(), url.port)).await?;
    if url.is_tls {
        return Ok(true);
    }
    let request = format!("HEAD / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", url.authority);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; SERVER_ERROR.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer != SERVER_ERROR)
}

async fn failback(session: &mut Session, arguments: &FailbackArgs) -> anyhow::Result<Verdict> {
    let FailbackArgs { name, keep_rules, timeout, output, .. } = arguments;
    let path = format!("{REGIONS}/{name}/failback");
    let end = Instant::now() + timeout.0;
    let (mut wanted, mut said) = (json!({ "keep_rules": keep_rules }), Value::Null);
    for asked in 1_u32.. {
        if asked % ASKED_A_TOKEN == 0 {
            session.renew().await?;
        }
        let answer = session.ask(Method::POST, &path, Some(&wanted)).await?;
        let is_done = answer["is_done"] == true;
        if is_done || Instant::now() >= end {
            if *output == Output::Json {
                show::one(*output, &answer)?;
            } else {
                tell_failback(name, &answer, *keep_rules);
            }
            return Ok(Verdict::well_if(is_done));
        }
        if said != answer["waits_for"] {
            for wait in answer["waits_for"].as_array().into_iter().flatten() {
                eprintln!("Waiting: {}", show::text(wait));
            }
            said = answer["waits_for"].clone();
        }
        wanted["since"] = answer["since"].clone();
        sleep(ASK_INTERVAL).await;
    }
    Ok(Verdict::Unhealthy)
}

fn tell_failback(name: &RegionName, answer: &Value, keep_rules: bool) {
    for missing in answer["missing"].as_array().into_iter().flatten() {
        println!("Missing: {}", show::text(missing));
    }
    if answer["is_done"] != true {
        println!("The time is over, and the regions still owe each other something: nothing was removed.");
        return;
    }
    let removed = show::text(&answer["removed"]);
    match answer["removed"].as_array() {
        Some(buckets) if !buckets.is_empty() => {
            println!("Nothing is owed. {removed} replicates to {name} no more, as before the promotion.");
        }
        _ if keep_rules => println!("Nothing is owed. All rules were kept."),
        _ => println!("Nothing is owed, and there was no rule of a promotion to remove."),
    }
    println!("Clients can return to {name}.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_of_each_bucket() {
        let name: RegionName = "us-east-1".parse().unwrap();
        let bucket = json!({ "bucket": "there", "before": "2026-12-01T00:00:00Z", "copies": false, "refused": true });
        let said = sentence(&name, &bucket);
        assert!(said.contains("everything that us-east-1 acknowledged before 2026-12-01T00:00:00Z is here"), "{said}");
        assert!(said.ends_with("Versions that were refused here are missing."), "{said}");
        assert!(sentence(&name, &json!({ "bucket": "there", "is_other": true })).contains("it is not known"));
        let bucket = |name: &str, before: &str| json!({ "bucket": name, "before": before });
        let region = json!({ "bound": { "before": "b" }, "buckets": [bucket("one", "b"), bucket("two", "a")] });
        assert_eq!(lesser(&region).collect::<Vec<_>>(), ["two"]);
    }

    #[tokio::test]
    async fn a_region_is_lost_if_nobody_answers_or_only_an_error() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        for (answer, is_there) in
            [("HTTP/1.1 503 Service Unavailable\r\n\r\n", false), ("HTTP/1.1 403 F\r\n\r\n", true)]
        {
            let served = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            };
            assert_eq!(tokio::join!(answers(&url), served).0, is_there, "{answer}");
        }
        drop(listener);
        assert!(!answers(&url).await);
    }
}
