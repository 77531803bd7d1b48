use std::collections::VecDeque;
use std::io::{BufWriter, IsTerminal, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::arguments::LineArgs;
use super::show::pretty;
use crate::commands::admin::session::Session;
use crate::commands::events::sse::{Message, Parser};
use crate::commands::events::{EventOutput, has_color};
use crate::commands::printer::Printer;

/// The code with which a stream ends whose token has expired.
const EXPIRED: &str = "unauthenticated";

/// The pause before a store that was lost is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Printed lines by which is known what a stream that begins again repeats: as many as a store gives of before.
const REMEMBERED_MAX: usize = 2_000;

/// Follows until it is interrupted, or the store is gone. A new access token is a new stream, and no line comes twice.
pub(super) async fn follow(wanted: &LineArgs, path: &str) -> anyhow::Result<()> {
    let mut session = Session::at(&wanted.console).await?;
    let stdout = std::io::stdout();
    let has_color = has_color(stdout.is_terminal());
    // A list that never ends is no document.
    let output = if wanted.output == EventOutput::Json { EventOutput::Ndjson } else { wanted.output };
    let mut following = Following::new(Printer::new(BufWriter::new(stdout), output, pretty, has_color));
    loop {
        let ended = session.follow(path, HeaderMap::new(), |line| following.line(line)).await?;
        following.begin_again();
        match (ended, following.end.take()) {
            (None, Some(end)) if end.code == EXPIRED => {
                session.renew().await.context("the session has ended")?;
            }
            (None, Some(end)) => bail!("the store ended the stream: {}", end.message),
            (None, None) => bail!("the store ended the stream"),
            (Some((StatusCode::SERVICE_UNAVAILABLE, why)), _) => {
                eprintln!("{why:#}: trying again in {} s", PAUSE.as_secs());
                tokio::time::sleep(PAUSE).await;
            }
            (Some((_, why)), _) => return Err(why),
        }
    }
}

/// A stream, over as many responses as it takes.
struct Following<W> {
    printer: Printer<W>,
    parser: Parser,
    /// What was printed last: a stream begins with lines of before.
    printed: VecDeque<String>,
    is_again: bool,
    end: Option<End>,
}

#[derive(Debug, Deserialize)]
struct End {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Missed {
    count: u64,
}

impl<W: Write> Following<W> {
    fn new(printer: Printer<W>) -> Self {
        Self { printer, parser: Parser::default(), printed: VecDeque::new(), is_again: false, end: None }
    }

    /// What was begun of a message before is void.
    fn begin_again(&mut self) {
        (self.parser, self.is_again) = (Parser::default(), true);
    }

    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let Some(Message { name, data, .. }) = self.parser.line(line) else { return Ok(()) };
        match name.as_str() {
            "" => self.print(&data)?,
            "missed" => eprintln!("{} lines were omitted: they came too fast", told::<Missed>(&data)?.count),
            "end" => self.end = Some(told(&data)?),
            // Something of later.
            _ => {}
        }
        Ok(())
    }

    fn print(&mut self, data: &str) -> anyhow::Result<()> {
        if self.is_again && self.printed.iter().any(|printed| printed == data) {
            return Ok(());
        }
        self.printer.print(data)?;
        self.printed.push_back(data.to_owned());
        if self.printed.len() > REMEMBERED_MAX {
            self.printed.pop_front();
        }
        self.printer.flush()
    }
}

fn told<'a, T: Deserialize<'a>>(data: &'a str) -> anyhow::Result<T> {
    serde_json::from_str(data).context("the store sent an unexpected message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_begins_again_repeats_nothing() {
        let mut following = Following::new(Printer::new(Vec::new(), EventOutput::Ndjson, pretty, false));
        let mut read = |text: &str| {
            text.split_inclusive('\n').try_for_each(|line| following.line(line.as_bytes())).unwrap();
            if following.end.is_some() {
                following.begin_again();
            }
            following.end.take().map(|end| end.code)
        };
        let first =
            "retry: 1\n\ndata: {\"a\":1}\n\n: still here\n\ndata: {\"a\":1}\n\nevent: missed\ndata: {\"count\":3}\n\n";
        assert_eq!(read(first), None);
        let end = "event: end\ndata: {\"code\":\"unauthenticated\",\"message\":\"x\"}\n\n";
        assert_eq!(read(end).as_deref(), Some(EXPIRED));
        assert_eq!(read("data: {\"a\":1}\n\ndata: {\"b\":1}\n\n"), None);
        assert_eq!(following.printer.into_text(), "{\"a\":1}\n{\"a\":1}\n{\"b\":1}\n");
    }
}
