use std::io::{BufWriter, IsTerminal, Write};
use std::time::Duration;

use anyhow::Context;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::arguments::{EventOutput, TailArgs};
use super::show::pretty;
use super::sse::{Message, Parser};
use crate::commands::admin::session::Session;
use crate::commands::printer::Printer;

/// Where events are followed.
const PATH: &str = "/api/v1/events/stream";

/// The header with the position of a client that comes back.
const LAST_EVENT_ID: &str = "last-event-id";

/// The code with which a stream ends whose token has expired.
const EXPIRED: &str = "unauthenticated";

/// The pause before a store that was lost is asked again, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Follows until it is interrupted. A store that restarts meanwhile is waited for, and nothing is left out.
pub(super) async fn tail(arguments: &TailArgs) -> anyhow::Result<()> {
    let mut session = Session::at(&arguments.console).await?;
    let path = format!("{PATH}?{}", arguments.wanted.query(Timestamp::now()).text());
    let stdout = std::io::stdout();
    let has_color = has_color(stdout.is_terminal());
    // A list that never ends is no document.
    let output = if arguments.output == EventOutput::Json { EventOutput::Ndjson } else { arguments.output };
    let mut tail = Tail::new(Printer::new(BufWriter::new(stdout), output, pretty, has_color));
    let mut pause = PAUSE;
    loop {
        let before = tail.position;
        let ended = session.follow(&path, tail.headers(), |line| tail.line(line)).await;
        let has_received = tail.position.is_some();
        if tail.position != before {
            pause = PAUSE;
        }
        let why = match ended {
            Ok(None) if tail.end.take().as_deref() == Some(EXPIRED) => {
                session.renew().await.context("the session has ended")?;
                continue;
            }
            Ok(Some((StatusCode::UNAUTHORIZED, why))) if has_received => {
                session.renew().await.map_err(|_| why)?;
                continue;
            }
            Ok(None) => anyhow::anyhow!("the store ended the stream"),
            Ok(Some((status, why))) if status.is_client_error() || !has_received => return Err(why),
            Err(error) if error.is::<Unprintable>() || !has_received => return Err(error),
            Ok(Some((_, why))) | Err(why) => why,
        };
        eprintln!("{why:#}: trying again in {} s", pause.as_secs());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Whether colours are wanted on a terminal.
///
/// Source: <https://no-color.org>
pub(in crate::commands) fn has_color(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Nobody reads what is printed, or it is no event.
#[derive(Debug)]
struct Unprintable(anyhow::Error);

impl std::fmt::Display for Unprintable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot print an event: {:#}", self.0)
    }
}

impl std::error::Error for Unprintable {}

/// A stream, over as many responses as it takes.
struct Tail<W> {
    printer: Printer<W>,
    parser: Parser,
    /// The position from which to go on.
    position: Option<u64>,
    /// The code with which the store ended the response.
    end: Option<String>,
}

impl<W: Write> Tail<W> {
    fn new(printer: Printer<W>) -> Self {
        Self { printer, parser: Parser::default(), position: None, end: None }
    }

    /// The headers of the next request. What was begun of a message before is void.
    fn headers(&mut self) -> HeaderMap {
        self.parser = Parser::default();
        let position = self.position.map(|position| (LAST_EVENT_ID, HeaderValue::from(position)));
        position.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, value))).collect()
    }

    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let Some(Message { id, name, data }) = self.parser.line(line) else { return Ok(()) };
        match name.as_str() {
            "" if !data.is_empty() => self.print(&data).map_err(Unprintable)?,
            "behind" => eprintln!("behind the log by {} entries: catching up", told::<Behind>(&data)?.behind),
            "end" => self.end = Some(told::<End>(&data)?.code),
            // Only the position changed, or it is something of later.
            _ => {}
        }
        self.position = id.or(self.position);
        Ok(())
    }

    fn print(&mut self, event: &str) -> anyhow::Result<()> {
        self.printer.print(serde_json::from_str::<&RawValue>(event)?.get())?;
        self.printer.flush()
    }
}

#[derive(Deserialize)]
struct Behind {
    behind: u64,
}

#[derive(Deserialize)]
struct End {
    code: String,
}

fn told<'a, T: Deserialize<'a>>(data: &'a str) -> anyhow::Result<T> {
    serde_json::from_str(data).context("the store sent an unexpected message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_behind_the_last_whole_message() {
        let mut tail = Tail::new(Printer::new(Vec::new(), EventOutput::Ndjson, pretty, false));
        let read = |tail: &mut Tail<Vec<u8>>, text: &str| {
            text.split_inclusive('\n').try_for_each(|line| tail.line(line.as_bytes()))
        };
        read(
            &mut tail,
            "retry: 1\n\nid: 3\ndata: {\"a\":1}\n\nevent: behind\ndata: {\"behind\":9}\n\nid: 4\ndata: {\"b\"",
        )
        .unwrap();
        assert_eq!((tail.position, tail.printer.printed()), (Some(3), 1));
        assert_eq!(tail.headers()[LAST_EVENT_ID], "3");
        read(
            &mut tail,
            "id: 4\ndata: {\"b\":1}\n\nid: 8\n\nevent: end\ndata: {\"code\":\"unauthenticated\",\"message\":\"x\"}\n\n",
        )
        .unwrap();
        assert_eq!((tail.position, tail.printer.printed(), tail.end.as_deref()), (Some(8), 2, Some(EXPIRED)));
        let wrong = read(&mut tail, "id: 9\ndata: no event\n\n").unwrap_err();
        assert!(wrong.is::<Unprintable>() && tail.position == Some(8), "what was not printed is not passed over");
    }
}
