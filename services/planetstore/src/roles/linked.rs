//! Links the two regions of `dev --regions 2`, in both directions, so that a bucket with a replication rule simply works.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use crate::banner;
use crate::client::ConsoleArgs;
use crate::commands::Session;
use crate::folder::{DataArgs, Paths};
use crate::process::Running;
use crate::run_file::RunFile;

/// The user of a region by whose key the other one replicates to it, and the policy that they have: with the name of the
/// region. If the regions share users and policies, those of one name become one, and either could take the right of the
/// other away.
const USER: &str = "replicator";

/// How long to wait before the next attempt.
const WAIT: Duration = Duration::from_secs(1);

/// How many attempts there are before it is said that they fail.
const QUIET_ATTEMPTS: u32 = 10;

/// Links two regions, each by its name and data folder, as soon as both serve.
pub(super) fn start(one: (String, &Path), other: (String, &Path)) -> Running {
    let regions = [one, other].map(|(name, folder)| (name, folder.to_owned()));
    Running::droppable("links of the regions", async move {
        let [one, other] = &regions;
        let (mut attempts, mut linked) = (0, None);
        loop {
            let addresses = (address(one), address(other));
            if linked.as_ref() != Some(&addresses) {
                match link_both(one, other).await {
                    Ok(()) => {
                        tracing::info!("the regions {} and {} are linked", one.0, other.0);
                        (attempts, linked) = (0, Some(addresses));
                    }
                    Err(error) => {
                        attempts += 1;
                        if attempts == QUIET_ATTEMPTS {
                            tracing::warn!(error = format!("{error:#}"), "the regions are not linked yet");
                        }
                    }
                }
            }
            tokio::time::sleep(WAIT).await;
        }
    })
}

/// The S3 address of a region, if it serves. A region that was started again may have another one.
fn address((_, folder): &Region) -> Option<SocketAddr> {
    Some(RunFile::read(&Paths::new(folder).run_file()).ok()??.s3)
}

type Region = (String, std::path::PathBuf);

async fn link_both(one: &Region, other: &Region) -> anyhow::Result<()> {
    let (of_one, of_other) = (session(&one.1).await?, session(&other.1).await?);
    let linked = match link(&of_one, (&of_other, other)).await {
        Ok(()) => link(&of_other, (&of_one, one)).await,
        failed => failed,
    };
    of_one.close().await;
    of_other.close().await;
    linked
}

async fn session(folder: &Path) -> anyhow::Result<Session> {
    Session::at(&ConsoleArgs { data: DataArgs { data: folder.to_owned() }, url: None, ca: None }).await
}

/// Links a region to another, unless it is. A link to an address that the other region has no more is made anew.
async fn link(from: &Session, (to, (name, folder)): (&Session, &Region)) -> anyhow::Result<()> {
    let run = RunFile::read(&Paths::new(folder).run_file())?.context("the other region does not serve")?;
    let url = banner::url(run.s3, run.tls.is_some());
    let links = from.get("/api/v1/links").await?;
    let known = links["links"].as_array().into_iter().flatten().find(|link| link["name"] == name.as_str());
    if known.is_some_and(|known| known["url"] == url.as_str()) {
        return Ok(());
    }
    let shares = known.is_some_and(|known| known["shares_identities"] == true);
    let former = known.and_then(|known| known["access_key"].as_str());
    let key = key((to, name.as_str()), shares, former).await?;
    let document = json!({
        "name": name, "url": url, "access_key": key["access_key"], "secret_key": key["secret_key"],
        "shares_identities": shares,
    });
    // The link that is there says what the new one is to share. If the other region does not answer, it stays.
    if known.is_some() {
        from.ask(Method::DELETE, &format!("/api/v1/links/{name}"), None).await?;
    }
    from.ask(Method::POST, "/api/v1/links", Some(&document)).await?;
    Ok(())
}

/// A key of the user who may replicate to a region, and nothing else. `former`: the key of the link that is gone; others may
/// be of the link in the other direction, if the regions share their users.
async fn key((at, region): (&Session, &str), shares: bool, former: Option<&str>) -> anyhow::Result<Value> {
    let name = format!("{USER}-{region}");
    let user = format!("/api/v1/users/{name}");
    let is_new = at.get(&user).await.is_err();
    if is_new || shares {
        let mut statements = vec![json!({
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": "arn:aws:s3:::*",
        })];
        if shares {
            statements.push(json!({
                "Effect": "Allow",
                "Action": "planetstore:ReplicateIdentities",
                "Resource": "arn:aws:admin:::region",
            }));
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        at.ask(Method::PUT, &format!("/api/v1/policies/{name}"), Some(&policy)).await?;
    }
    if is_new {
        at.ask(Method::POST, "/api/v1/users", Some(&json!({ "name": name }))).await?;
        at.ask(Method::PUT, &format!("/api/v1/policies/{name}/users/{name}"), None).await?;
    }
    let keys = at.list(&format!("{user}/keys"), "keys").await?;
    if let Some(id) = former.filter(|former| keys.iter().any(|key| key["access_key"] == *former)) {
        at.ask(Method::DELETE, &format!("{user}/keys/{id}"), None).await?;
    }
    at.ask(Method::POST, &format!("{user}/keys"), Some(&json!({}))).await
}
