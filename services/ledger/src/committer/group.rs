//! Which commands travel in one request.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::wire::{REQUEST_BYTES_MAX, encode};
use crate::commit::Queued;
use crate::turns::{BACKGROUND, request_of};

/// A command that is on its way.
pub(super) struct OnItsWay {
    pub(super) queued: Queued,
    /// The command as it is sent.
    pub(super) raw: Box<RawValue>,
    /// How often it was sent and may have arrived, in all terms.
    pub(super) sent: u32,
}

impl OnItsWay {
    /// Takes in that nobody has what was sent last.
    pub(super) fn did_not_arrive(&mut self) {
        self.sent = self.sent.saturating_sub(1);
        self.queued.ticket.is_sent = self.sent > 0;
    }
}

/// Groups of commands, each of which is one request, and whether its senders have many; and commands that fit none.
pub(super) type Groups = (Vec<(bool, Vec<OnItsWay>)>, Vec<Queued>);

/// Groups commands so that nobody's single command waits for one of a request of many, or of background work.
pub(super) fn group(commands: Vec<Queued>) -> Groups {
    let mut of_request = HashMap::<String, usize>::new();
    for queued in &commands {
        *of_request.entry(request_of(queued).to_owned()).or_default() += 1;
    }
    let (mut singles, mut many, mut unsendable) = (Vec::new(), HashMap::<String, Vec<_>>::new(), Vec::new());
    for queued in commands {
        let raw = match encode(&queued) {
            Ok(Some(raw)) => raw,
            Ok(None) => {
                unsendable.push(queued);
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, "a command cannot be sent");
                unsendable.push(queued);
                continue;
            }
        };
        let request = request_of(&queued);
        let is_single = request != BACKGROUND && of_request.get(request) == Some(&1);
        let of = if is_single { &mut singles } else { many.entry(request.to_owned()).or_default() };
        of.push(OnItsWay { queued, raw, sent: 0 });
    }
    let all = std::iter::once((false, singles)).chain(many.into_values().map(|group| (true, group)));
    (
        all.flat_map(|(is_of_many, group)| cut(group).into_iter().map(move |group| (is_of_many, group))).collect(),
        unsendable,
    )
}

/// Cuts commands into requests that are not too long.
fn cut(commands: Vec<OnItsWay>) -> Vec<Vec<OnItsWay>> {
    let (mut groups, mut bytes) = (Vec::<Vec<_>>::new(), 0);
    for command in commands {
        bytes += command.raw.get().len();
        match groups.last_mut() {
            Some(group) if bytes <= REQUEST_BYTES_MAX => group.push(command),
            _ => {
                bytes = command.raw.get().len();
                groups.push(vec![command]);
            }
        }
    }
    groups
}
