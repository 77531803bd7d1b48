//! Whether everything is fully redundant, in one sentence; and if not, what is owed, why, and until when.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether everything is fully redundant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redundancy {
    /// Whether no shard is owed, as far as this gateway and repair have counted. Then every content would survive the
    /// loss of any two nodes, or of any one while fewer than six serve.
    pub is_full: bool,
    /// Shards that are owed: those that are known to be missing or damaged, and those placed on nodes that are gone or
    /// being drained.
    pub owed_shards: u64,
    /// The seconds until no shard is owed, at the present rate of repair; absent if that cannot be estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// The same as a sentence.
    pub sentence: String,
}

/// What the sentence is made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Basis {
    /// Contents that are stored.
    pub(crate) contents: u64,
    /// Shards with a known fault.
    pub(crate) faulty_shards: u64,
    /// Contents that would not survive the loss of a node.
    pub(crate) unsafe_contents: u64,
    /// Nodes whose shards have to be elsewhere, by name.
    pub(crate) relieved: Vec<Relieved>,
    /// Contents that this gateway acked whose last shards are under way, and whether it still looks at those that were acked
    /// before its start.
    pub(crate) settling: usize,
    pub(crate) is_scanning: bool,
    /// Nodes whose shards are where they should be.
    pub(crate) serving: usize,
    /// Nodes that are online, and all that joined and were not removed.
    pub(crate) online: usize,
    pub(crate) joined: usize,
    /// What repair says, if it is heard.
    pub(crate) repair: Option<Repair>,
}

/// A node whose shards have to be elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relieved {
    pub(crate) node: String,
    pub(crate) shards: u64,
    pub(crate) why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is offline; since when, if the log says so.
    Offline(Option<String>),
    /// It is being emptied.
    Draining,
    /// It was removed although shards were placed on it.
    Removed,
}

/// What the repair worker says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Repair {
    /// Its state, as people call it, if it is not at work.
    pub(crate) held_up: Option<String>,
    /// Bytes that it has left to write, if it has counted them since the last node joined, and how many it writes in a
    /// second.
    pub(crate) left: Option<u64>,
    pub(crate) pace: f64,
}

/// The pace below which nobody can tell an end.
const PACE_MIN: f64 = 0.01;

/// Nodes that have to serve for the shards of a content to be on as many.
const SPREAD_NODES: usize = 6;

pub(crate) fn redundancy(basis: &Basis) -> Redundancy {
    let relieved = basis.relieved.iter().fold(0_u64, |sum, node| sum.saturating_add(node.shards));
    let owed_shards = basis.faulty_shards.saturating_add(relieved);
    let nodes = format!("{} of {} nodes are online", basis.online, basis.joined);
    let seconds_left = basis.repair.as_ref().and_then(seconds_left);
    if owed_shards == 0 {
        let doubt = if basis.contents == 0 { None } else { doubt(basis) };
        let (is_full, stored) = match doubt {
            Some(doubt) => (false, format!("No shard is known to be owed, but {doubt}")),
            None => (true, stored(basis)),
        };
        let seconds_left = seconds_left.filter(|_| !is_full);
        return Redundancy { is_full, owed_shards, seconds_left, sentence: format!("{stored}; {nodes}.") };
    }
    let parts = [owed(owed_shards), danger(basis.unsafe_contents), reasons(basis), outlook(basis, seconds_left), nodes];
    let sentence = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ") + ".";
    Redundancy { is_full: false, owed_shards, seconds_left, sentence }
}

fn stored(basis: &Basis) -> String {
    let what = match basis.contents {
        0 => return "Nothing is stored yet".to_owned(),
        1 => "The only content is fully redundant".to_owned(),
        contents => format!("All {} contents are fully redundant", grouped(contents)),
    };
    if basis.serving >= SPREAD_NODES {
        return what;
    }
    format!("{what} for {} nodes: the loss of any one node would be survived", basis.serving)
}

/// Why it is not known that nothing is owed.
fn doubt(basis: &Basis) -> Option<String> {
    if basis.is_scanning {
        return Some("writes from before the start of this gateway are still being checked".into());
    }
    if basis.settling > 0 {
        let contents = grouped(u64::try_from(basis.settling).unwrap_or(u64::MAX));
        return Some(format!("the last shards of {contents} new contents are under way"));
    }
    let Some(repair) = &basis.repair else { return Some("no process that repairs is heard".into()) };
    match (repair.left, &repair.held_up) {
        (Some(0), _) => None,
        (Some(bytes), Some(why)) => Some(format!("{} bytes are left to repair, and repair is {why}", grouped(bytes))),
        (Some(bytes), None) => Some(format!("{} bytes are left to repair", grouped(bytes))),
        (None, Some(why)) => Some(format!("repair has not counted yet and is {why}")),
        (None, None) => Some("repair has not counted yet".into()),
    }
}

fn owed(shards: u64) -> String {
    if shards == 1 { "1 shard is owed".into() } else { format!("{} shards are owed", grouped(shards)) }
}

fn danger(contents: u64) -> String {
    match contents {
        0 => String::new(),
        1 => "1 content would not survive the loss of a node".into(),
        contents => format!("{} contents would not survive the loss of a node", grouped(contents)),
    }
}

fn reasons(basis: &Basis) -> String {
    let node = |Relieved { node, shards, why }: &Relieved| {
        let shards = grouped(*shards);
        match why {
            Why::Offline(Some(since)) => format!("{shards} on {node}, which is offline since {since}"),
            Why::Offline(None) => format!("{shards} on {node}, which does not answer"),
            Why::Draining => format!("{shards} on {node}, which is being drained"),
            Why::Removed => format!("{shards} on {node}, which was removed"),
        }
    };
    let mut reasons: Vec<String> = basis.relieved.iter().filter(|node| node.shards > 0).map(node).collect();
    if basis.faulty_shards > 0 {
        reasons.push(format!("{} missing or damaged", grouped(basis.faulty_shards)));
    }
    reasons.join(", ")
}

fn outlook(basis: &Basis, seconds_left: Option<u64>) -> String {
    let Some(repair) = &basis.repair else { return "no process that repairs is heard".into() };
    match (&repair.held_up, seconds_left) {
        (Some(why), _) => format!("repair is {why}"),
        (None, Some(seconds)) => format!("done in {} at this rate", time(seconds)),
        (None, None) => "nobody can tell yet when that is done".into(),
    }
}

fn seconds_left(repair: &Repair) -> Option<u64> {
    let left = repair.left.filter(|_| repair.held_up.is_none() && repair.pace >= PACE_MIN)?;
    #[expect(clippy::cast_precision_loss, reason = "an outlook for people")]
    let seconds = Duration::try_from_secs_f64(left as f64 / repair.pace).ok()?;
    Some(seconds.as_secs().max(1))
}

/// A time of one or two units.
fn time(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, _) => format!("{m} min"),
        (0, h, m, _) => format!("{h} h {m} min"),
        (d, h, _, _) => format!("{d} d {h} h"),
    }
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(basis: Basis) -> String {
        redundancy(&Basis { online: 6, joined: 6, serving: 6, ..basis }).sentence
    }

    fn repair(left: Option<u64>) -> Repair {
        Repair { held_up: None, left, pace: 0.0 }
    }

    fn relieved(node: &str, shards: u64, why: Why) -> Relieved {
        Relieved { node: node.into(), shards, why }
    }

    #[test]
    fn what_is_well_is_said_in_one_sentence() {
        assert_eq!(sentence(Basis::default()), "Nothing is stored yet; 6 of 6 nodes are online.");
        let counted = Basis { repair: Some(repair(Some(0))), ..Basis::default() };
        let all = Basis { contents: 1_018_204, ..counted.clone() };
        assert_eq!(sentence(all), "All 1,018,204 contents are fully redundant; 6 of 6 nodes are online.");
        let few = Basis { contents: 2, online: 5, joined: 5, serving: 5, ..counted.clone() };
        assert_eq!(
            redundancy(&few).sentence,
            "All 2 contents are fully redundant for 5 nodes: the loss of any one node would be survived; 5 of 5 nodes \
             are online."
        );
        let idle = Basis { contents: 2, relieved: vec![relieved("n1", 0, Why::Draining)], ..counted };
        assert!(redundancy(&idle).is_full, "nothing is placed on it");
    }

    #[test]
    fn nothing_is_full_that_was_not_counted() {
        let counted = Basis { contents: 5, repair: Some(repair(Some(0))), ..Basis::default() };
        for (basis, doubt) in [
            (Basis { repair: None, ..counted.clone() }, "no process that repairs is heard"),
            (Basis { repair: Some(repair(None)), ..counted.clone() }, "repair has not counted yet"),
            (Basis { repair: Some(repair(Some(2_000))), ..counted.clone() }, "2,000 bytes are left to repair"),
            (Basis { settling: 3, ..counted.clone() }, "the last shards of 3 new contents are under way"),
            (
                Basis { is_scanning: true, ..counted.clone() },
                "writes from before the start of this gateway are still being checked",
            ),
        ] {
            assert!(!redundancy(&basis).is_full, "{doubt}");
            let expected = format!("No shard is known to be owed, but {doubt}; 6 of 6 nodes are online.");
            assert_eq!(sentence(basis), expected);
        }
        assert!(redundancy(&counted).is_full);
    }

    #[test]
    fn what_is_owed_is_said_with_why_and_until_when() {
        let offline = relieved("node-3", 1_180, Why::Offline(Some("12:01:07".into())));
        let working = Repair { held_up: None, left: Some(2_400), pace: 10.0 };
        let basis = Basis {
            contents: 1_500,
            faulty_shards: 24,
            relieved: vec![offline],
            repair: Some(working),
            ..Basis::default()
        };
        let said = redundancy(&Basis { online: 5, joined: 6, ..basis.clone() });
        assert_eq!(
            said.sentence,
            "1,204 shards are owed; 1,180 on node-3, which is offline since 12:01:07, 24 missing or damaged; done in \
             4 min at this rate; 5 of 6 nodes are online."
        );
        assert_eq!((said.is_full, said.owed_shards, said.seconds_left), (false, 1_204, Some(240)));
        let held_up = |why: &str| Some(Repair { held_up: Some(why.into()), left: Some(9), pace: 1.0 });
        let paused = redundancy(&Basis { repair: held_up("paused"), ..basis.clone() });
        assert!(paused.sentence.contains("; repair is paused; ") && paused.seconds_left.is_none());
        let nobody = redundancy(&Basis { repair: None, unsafe_contents: 2, ..basis });
        assert!(nobody.sentence.contains("; 2 contents would not survive the loss of a node; "));
        assert!(nobody.sentence.contains("; no process that repairs is heard; "));
    }
}
