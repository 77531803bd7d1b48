//! What is in an object.

use std::fmt::Write;

use super::chance::Chance;
use super::{paper, picture, words};

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Picture,
    Paper,
    Table,
    Order,
    Note,
    /// Bytes that nobody looks into, in MiB.
    Archive(u8),
}

impl Kind {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Picture => "image/png",
            Self::Paper => "application/pdf",
            Self::Table => "text/csv",
            Self::Order => "application/json",
            Self::Note => "text/markdown",
            Self::Archive(_) => "application/octet-stream",
        }
    }
}

/// The bytes of an object of a kind; the same for the same seed.
pub(super) fn bytes(kind: Kind, seed: u64) -> Vec<u8> {
    let chance = &mut Chance::new(seed);
    match kind {
        Kind::Picture => {
            let width = u32::try_from(chance.between(60, 420)).unwrap_or(60);
            picture::png(chance, width, width * 2 / 3)
        }
        Kind::Paper => {
            let pages = usize::try_from(chance.between(1, 9)).unwrap_or(1);
            let title = words::sentence(chance);
            paper::pdf(chance, &title, pages)
        }
        Kind::Table => table(chance),
        Kind::Order => order(chance),
        Kind::Note => {
            let bytes = usize::try_from(chance.between(200, 12_000)).unwrap_or_default();
            format!("# {}\n\n{}", words::sentence(chance), words::paragraphs(chance, bytes)).into_bytes()
        }
        Kind::Archive(mebibytes) => {
            let words = u64::from(mebibytes) * (1 << 20) / 8;
            (0..words).flat_map(|_| chance.next().to_le_bytes()).collect()
        }
    }
}

/// Measurements, a line every ten minutes.
fn table(chance: &mut Chance) -> Vec<u8> {
    let rows = chance.between(40, 4_000);
    let mut text = String::from("minute,sensor,celsius,humidity\n");
    let mut celsius = i64::try_from(chance.between(50, 250)).unwrap_or_default();
    for row in 0..rows {
        celsius += i64::try_from(chance.below(7)).unwrap_or_default() - 3;
        let (sensor, humidity) = (chance.between(1, 12), chance.between(30, 95));
        // Writing to a text does not fail.
        let _written =
            writeln!(text, "{},s{sensor:02},{}.{},{humidity}", row * 10, celsius / 10, celsius.rem_euclid(10));
    }
    text.into_bytes()
}

fn order(chance: &mut Chance) -> Vec<u8> {
    let count = chance.between(1, 40);
    let items: Vec<_> = (0..count)
        .map(|_| {
            serde_json::json!({
                "article": format!("A-{}", chance.between(1_000, 9_999)),
                "name": chance.one_of(&words::SUBJECTS),
                "pieces": chance.between(1, 20),
                "cents": chance.between(99, 99_999),
            })
        })
        .collect();
    let order = serde_json::json!({
        "order": chance.between(100_000, 999_999), "city": chance.one_of(&words::PLACES), "items": items,
    });
    format!("{order:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_makes_the_same_object() {
        for kind in [Kind::Picture, Kind::Paper, Kind::Table, Kind::Order, Kind::Note, Kind::Archive(1)] {
            let made = bytes(kind, 7);
            assert!(made.len() > 100 && made == bytes(kind, 7), "{kind:?}");
            assert_ne!(made, bytes(kind, 8), "{kind:?}");
        }
        assert_eq!(bytes(Kind::Archive(1), 7).len(), 1 << 20);
        assert!(serde_json::from_slice::<serde_json::Value>(&bytes(Kind::Order, 7)).is_ok());
    }
}
