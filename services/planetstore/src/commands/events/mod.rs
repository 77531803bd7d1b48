//! `planetstore events`: what the events of the log say, and the events themselves.

mod arguments;
mod catalogue;
mod consumer;
mod export;
mod get;
mod proof;
mod show;
pub(super) mod sse;
mod tail;
mod verify;

use super::Verdict;
pub(super) use arguments::EventOutput;
pub(crate) use arguments::EventsCommand;
pub(super) use tail::has_color;

/// Shows events, or what there is to know of them.
pub(crate) async fn events(command: EventsCommand) -> anyhow::Result<Verdict> {
    match command {
        EventsCommand::Types(arguments) => catalogue::types(&arguments)?,
        EventsCommand::Schema(arguments) => catalogue::schema(&arguments)?,
        EventsCommand::Get(arguments) => get::get(&arguments).await?,
        EventsCommand::Consumer(command) => consumer::consumer(command).await?,
        EventsCommand::Export(arguments) => export::export(&arguments).await?,
        EventsCommand::Verify(arguments) => return verify::verify(&arguments).await,
        EventsCommand::Proof(arguments) => proof::proof(&arguments).await?,
        EventsCommand::Tail(arguments) => tail::tail(&arguments).await?,
    }
    Ok(Verdict::Well)
}
