//! Going on without a region that was lost, and having it back (ADR 60).

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::{Address, Url, parse_address};
use events::ids::{RegionName, UserName};
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
    /// List who says of other regions up to which time everything that their rules send arrived here
    List(ListArgs),
    /// Go on without a region that is lost: say up to which time everything that its rules send arrived here, and have what is
    /// written here from now on go back to it once it returns
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
    /// User who speaks for it: the one whose key its link to this region has. What others say of it is not believed
    #[arg(long, value_name = "USER")]
    pub(crate) user: UserName,
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
    /// User who speaks for it: the one whose key its link to this region has
    #[arg(long, value_name = "USER")]
    pub(crate) user: UserName,
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
    if output == Output::Json {
        return show::list(output, &regions, []);
    }
    let rows: Vec<Value> = regions.iter().flat_map(said_of).collect();
    show::list(
        output,
        &rows,
        [
            ("REGION", |row| show::text(&row["name"])),
            ("USER", |row| show::text(&row["statement"]["user"])),
            ("ALL BEFORE", |row| show::text(&row["statement"]["before"])),
            ("SAID AT", |row| show::text(&row["statement"]["said"])),
            ("BUCKETS", |row| row["statement"]["buckets"].as_array().map_or(0, Vec::len).to_string()),
            ("LESS IN", |row| lesser(&row["statement"]).join(", ")),
            ("LINK", |row| show::text(&row["url"])),
        ],
    )
}

/// A row for each user who says something of a region, or one if nobody does.
fn said_of(region: &Value) -> Vec<Value> {
    let row = |statement: &Value| json!({ "name": region["name"], "url": region["url"], "statement": statement });
    match region["statements"].as_array() {
        Some(statements) if !statements.is_empty() => statements.iter().map(row).collect(),
        _ => vec![row(&Value::Null)],
    }
}

/// The buckets for which the time of the statement is not all that is to be said.
fn lesser(statement: &Value) -> Vec<String> {
    let buckets = statement["buckets"].as_array().into_iter().flatten();
    let is_lesser = |bucket: &&Value| {
        bucket["before"] != statement["before"] || bucket["copies"] == true || bucket["refused"] == true
    };
    buckets.filter(is_lesser).map(|bucket| show::text(&bucket["bucket"])).collect()
}

async fn promote(session: &Session, arguments: &PromoteArgs) -> anyhow::Result<Verdict> {
    let PromoteArgs { name, user, dry_run, yes, force, output, .. } = arguments;
    let path = format!("{REGIONS}/{name}/promote");
    let plan = session.ask(Method::POST, &path, Some(&json!({ "user": user, "dry_run": true }))).await?;
    let url = plan["url"].as_str();
    if !force
        && let Some(url) = url.filter(|_| !dry_run)
        && answers(url).await
    {
        bail!("{name} answers at {url}, so it is not lost: repeat with --force to do it all the same");
    }
    if *dry_run {
        tell(name, &plan, true, *output)?;
        return Ok(Verdict::well_if(is_well(&plan)));
    }
    if !yes && std::io::stdin().is_terminal() {
        tell(name, &plan, true, Output::Table)?;
        if !is_confirmed(name)? {
            bail!("nothing was done");
        }
    }
    let done = session.ask(Method::POST, &path, Some(&json!({ "user": user, "dry_run": false }))).await?;
    tell(name, &done, false, *output)?;
    Ok(Verdict::well_if(is_well(&done)))
}

/// Whether everything goes back that is written here.
fn is_well(promotion: &Value) -> bool {
    promotion["needs_link"] != true && promotion["failed"].as_array().is_none_or(Vec::is_empty)
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
    let statement = &plan["statement"];
    for bucket in statement["buckets"].as_array().into_iter().flatten() {
        println!("{}", sentence(name, bucket));
    }
    println!("{} said so for {name} last at {}.", show::text(&statement["user"]), show::text(&statement["said"]));
    let (added, failed) = (show::text(&plan["added"]), plan["failed"].as_array().into_iter().flatten());
    if plan["needs_link"] == true {
        println!(
            "No link leads to {name}, so nothing that is written into {added} goes back. Add one, and repeat this:\n  \
             planetstore admin link add {name} URL --access-key KEY --secret-key-file FILE"
        );
    } else if plan["added"].as_array().is_some_and(|added| !added.is_empty()) {
        let verb = if is_plan { "would go" } else { "goes" };
        println!("What is written into {added} {verb} back to {name} once it returns.");
    } else if is_well(plan) {
        println!("What is written into these buckets goes back to {name} already.");
    }
    for bucket in failed {
        let (here, why) = (show::text(&bucket["bucket"]), show::text(&bucket["why"]));
        println!("Failed: what is written into {here} does not go back: {why}.");
    }
    Ok(())
}

/// What is known of a bucket.
fn sentence(name: &RegionName, bucket: &Value) -> String {
    let here = format!("{} (from {})", show::text(&bucket["bucket"]), show::text(&bucket["source"]));
    let mut text = match bucket["before"].as_str() {
        Some(before) => format!(
            "{here}: everything that {name} acknowledged before {before}, by its clock, and that its rules send, arrived here; \
             later writes may be missing until {name} returns."
        ),
        None => format!("{here}: it is not known up to which time everything of {name} is here."),
    };
    let exceptions = [
        (
            "copies",
            "More may be missing, such as objects from before its replication rule: the buckets were being compared, or not \
             looked at yet.",
        ),
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
    let FailbackArgs { name, user, keep_rules, timeout, output, .. } = arguments;
    let path = format!("{REGIONS}/{name}/failback");
    let end = Instant::now() + timeout.0;
    let (mut wanted, mut said) = (json!({ "user": user, "keep_rules": keep_rules }), Value::Null);
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
        println!("The time is over, and the regions still owe each other something.");
        match answer["removed"].as_array() {
            Some(buckets) if !buckets.is_empty() => {
                println!("Rules were removed of {} only.", show::text(&answer["removed"]));
            }
            _ => println!("Nothing was removed."),
        }
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
        let bucket = json!({
            "bucket": "there", "source": "here", "before": "2026-12-01T00:00:00Z", "copies": false, "refused": true
        });
        let said = sentence(&name, &bucket);
        assert!(
            said.starts_with("there (from here): everything that us-east-1 acknowledged before 2026-12-01"),
            "{said}"
        );
        assert!(said.ends_with("Versions that were refused here are missing."), "{said}");
        assert!(sentence(&name, &json!({ "bucket": "there", "is_other": true })).contains("it is not known"));
        let bucket = |name: &str, before: &str| json!({ "bucket": name, "before": before });
        let statement = json!({ "user": "link", "before": "b", "buckets": [bucket("one", "b"), bucket("two", "a")] });
        assert_eq!(lesser(&statement), ["two"]);
        let region = |statements: Value| json!({ "name": "us-east-1", "statements": statements });
        assert_eq!(said_of(&region(json!([statement, statement]))).len(), 2, "what two users say is told apart");
        assert_eq!(said_of(&region(json!([])))[0]["statement"], Value::Null);
        let failed = json!({ "needs_link": false, "failed": [{ "bucket": "one", "why": "why" }] });
        assert!(!is_well(&failed) && is_well(&json!({ "needs_link": false, "failed": [] })));
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
