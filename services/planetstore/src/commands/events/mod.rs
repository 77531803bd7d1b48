//! `planetstore events`: what the events of the log say, and the events themselves.

mod arguments;
mod catalogue;
mod consumer;
mod get;
mod show;
mod sse;
mod tail;

use super::Verdict;
pub(crate) use arguments::EventsCommand;

/// Shows events, or what there is to know of them.
pub(crate) async fn events(command: EventsCommand) -> anyhow::Result<Verdict> {
    match command {
        EventsCommand::Types(arguments) => catalogue::types(&arguments)?,
        EventsCommand::Schema(arguments) => catalogue::schema(&arguments)?,
        EventsCommand::Get(arguments) => get::get(&arguments).await?,
        EventsCommand::Consumer(command) => consumer::consumer(command).await?,
        EventsCommand::Tail(arguments) => tail::tail(&arguments).await?,
    }
    Ok(Verdict::Well)
}
