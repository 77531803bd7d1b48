use anyhow::bail;
use events::ids::TargetName;
use http::Method;
use serde_json::{Value, json};

use super::session::Session;
use super::show;
use super::target_arguments::{Place, TargetAction, TargetFilterArgs};
use crate::table::Output;

const TARGETS: &str = "/api/v1/targets";

pub(super) async fn run(session: &Session, action: TargetAction, output: Output) -> anyhow::Result<()> {
    match action {
        TargetAction::List => list(session, output).await,
        TargetAction::Get { name } => show::one(output, &session.get(&path(&name)).await?),
        TargetAction::Add { name, webhook, subject, format, filter, from, disabled } => {
            let mut target = json!({ "name": name, "format": format.as_str(), "enabled": !disabled });
            match (webhook, subject) {
                (Some(url), None) => (target["kind"], target["url"]) = ("webhook".into(), url.into()),
                (None, Some(subject)) => (target["kind"], target["subject"]) = ("nats".into(), subject.into()),
                _ => bail!("give --webhook or --subject"),
            }
            if let Some(filter) = wanted(&filter) {
                target["filter"] = filter;
            }
            if let Some(after) = after(from) {
                target["after"] = after;
            }
            if let Some(key) = key()? {
                target["secret"] = key.into();
            }
            show::one(output, &session.ask(Method::POST, TARGETS, Some(&target)).await?)
        }
        TargetAction::Change { name, webhook, subject, format, filter, only_buckets, from, rotate_secret } => {
            let mut change = json!({ "rotate_secret": rotate_secret });
            let texts =
                [("url", webhook), ("subject", subject), ("format", format.map(|format| format.as_str().into()))];
            for (member, value) in texts {
                if let Some(value) = value {
                    change[member] = value.into();
                }
            }
            match wanted(&filter) {
                Some(filter) => change["filter"] = filter,
                None if only_buckets => change["filter"] = Value::Null,
                None => {}
            }
            if let Some(after) = after(from) {
                change["after"] = after;
            }
            show::one(output, &session.ask(Method::PATCH, &path(&name), Some(&change)).await?)
        }
        TargetAction::Enable { name } => enable(session, &name, true, output).await,
        TargetAction::Disable { name } => enable(session, &name, false, output).await,
        TargetAction::Remove { name } => {
            session.ask(Method::DELETE, &path(&name), None).await?;
            show::done(output, "The target is gone.");
            Ok(())
        }
        TargetAction::Dead { name, discard: true } => {
            session.ask(Method::DELETE, &format!("{}/dead", path(&name)), None).await?;
            show::done(output, "Its dead letters are given up.");
            Ok(())
        }
        TargetAction::Dead { name, discard: false } => dead(session, &name, output).await,
        TargetAction::Redeliver { name, sequences } => {
            let which = json!({ "sequences": sequences });
            let at = format!("{}/redeliver", path(&name));
            show::one(output, &session.ask(Method::POST, &at, Some(&which)).await?)
        }
        TargetAction::Test { name } => {
            let at = format!("{}/test", path(&name));
            show::one(output, &session.ask(Method::POST, &at, None).await?)
        }
    }
}

fn path(name: &TargetName) -> String {
    format!("{TARGETS}/{name}")
}

async fn list(session: &Session, output: Output) -> anyhow::Result<()> {
    let targets = session.list(TARGETS, "targets").await?;
    let address = |target: &Value| {
        let url = &target["url"];
        show::text(if url.is_null() { &target["subject"] } else { url })
    };
    show::list(
        output,
        &targets,
        [
            ("NAME", |target| show::text(&target["name"])),
            ("ADDRESS", address),
            ("FORMAT", |target| show::text(&target["format"])),
            ("ENABLED", |target| show::text(&target["enabled"])),
            ("LAG", |target| show::text(&target["lag"])),
            ("DEAD", |target| show::text(&target["dead"])),
            ("LAST ERROR", |target| show::text(&target["last_error"])),
        ],
    )
}

async fn dead(session: &Session, name: &TargetName, output: Output) -> anyhow::Result<()> {
    let mut answer = session.get(&format!("{}/dead", path(name))).await?;
    let Value::Array(letters) = answer["dead"].take() else { bail!("the store's answer has no dead letters") };
    show::list(
        output,
        &letters,
        [
            ("SEQUENCE", |letter| show::text(&letter["sequence"])),
            ("GIVEN UP", |letter| show::text(&letter["time"])),
            ("ATTEMPTS", |letter| show::text(&letter["attempts"])),
            ("ERROR", |letter| show::text(&letter["error"])),
        ],
    )
}

async fn enable(session: &Session, name: &TargetName, enabled: bool, output: Output) -> anyhow::Result<()> {
    show::one(output, &session.ask(Method::PATCH, &path(name), Some(&json!({ "enabled": enabled }))).await?)
}

/// The filter of the API; `None` if nothing is said of one.
fn wanted(filter: &TargetFilterArgs) -> Option<Value> {
    let TargetFilterArgs { all_events, types, buckets } = filter;
    let is_said = *all_events || !types.is_empty() || !buckets.is_empty();
    is_said.then(|| json!({ "types": types, "buckets": buckets }))
}

fn after(from: Option<Place>) -> Option<Value> {
    match from? {
        Place::Now => None,
        Place::Start => Some(0.into()),
        Place::After(sequence) => Some(sequence.into()),
    }
}

/// Variable with the key of a new target.
const KEY_ENV: &str = "PLANETSTORE_TARGET_SECRET";

/// The key that the operator wants, which is no argument, because every user of the host can read those.
fn key() -> anyhow::Result<Option<String>> {
    match std::env::var(KEY_ENV) {
        Ok(key) if !key.is_empty() => Ok(Some(key)),
        Err(std::env::VarError::NotUnicode(_)) => bail!("the key in {KEY_ENV} is not UTF-8"),
        _ => Ok(None),
    }
}
