use std::io::{BufWriter, IsTerminal};

use anyhow::{Context, bail};
use feed::LIMIT_MAX;
use http::HeaderMap;
use http::header::LINK;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::arguments::GetArgs;
use super::show::pretty;
use crate::commands::admin::session::Session;
use crate::commands::printer::Printer;

/// Where pages of events are.
const PATH: &str = "/api/v1/events";

/// The position after which the next page begins, and the end of the log.
const NEXT: &str = "x-planetstore-next";
const SEQUENCE: &str = "x-planetstore-sequence";

/// Pages between renewals of the session, whose token is good for some minutes.
const PAGES_A_TOKEN: u64 = 100;

pub(super) async fn get(arguments: &GetArgs) -> anyhow::Result<()> {
    let mut session = Session::at(&arguments.console).await?;
    let printed = pages(&mut session, arguments).await;
    session.close().await;
    printed
}

async fn pages(session: &mut Session, arguments: &GetArgs) -> anyhow::Result<()> {
    let stdout = std::io::stdout();
    let has_color = super::tail::has_color(stdout.is_terminal());
    let mut printer = Printer::new(BufWriter::new(stdout), arguments.output, pretty, has_color);
    let wanted = arguments.limit.map_or(u64::MAX, std::num::NonZeroU64::get);
    let mut query = arguments.wanted.query(Timestamp::now());
    query.limit = usize::try_from(wanted).unwrap_or(LIMIT_MAX).min(LIMIT_MAX);
    let mut path = format!("{PATH}?{}", query.text());
    for number in 1_u64.. {
        let (headers, body) = session.get_raw(&path).await?;
        let events: Vec<Box<RawValue>> = serde_json::from_slice(&body).context("the store's answer is not a list")?;
        for event in events {
            if printer.printed() < wanted {
                printer.print(event.get())?;
            }
        }
        printer.flush()?;
        if printer.printed() >= wanted || position(&headers, NEXT)? >= position(&headers, SEQUENCE)? {
            break;
        }
        path = next(&headers)?;
        if number % PAGES_A_TOKEN == 0 {
            session.renew().await?;
        }
    }
    printer.end()
}

fn position(headers: &HeaderMap, name: &str) -> anyhow::Result<u64> {
    let value = headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
    value.with_context(|| format!("the store's answer has no header {name}"))
}

/// The address of the next page.
fn next(headers: &HeaderMap) -> anyhow::Result<String> {
    let link = headers.get(LINK).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match link.strip_prefix('<').and_then(|link| link.split_once(">; rel=\"next\"")) {
        Some((path, _)) if path.starts_with(PATH) => Ok(path.to_owned()),
        _ => bail!("the store's answer does not say where the next page is"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_where_the_store_says_and_of_the_same_store() {
        let of = |link: &'static str| next(&[(LINK, link.parse().unwrap())].into_iter().collect());
        assert_eq!(of("</api/v1/events?after=3>; rel=\"next\"").unwrap(), "/api/v1/events?after=3");
        for wrong in ["", "<http://elsewhere/api/v1/events>; rel=\"next\"", "</api/v1/events?after=3>; rel=\"prev\""] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
