use super::chance::Chance;

/// Words of which sentences are made.
const WORDS: [&str; 48] = [
    "the", "a", "of", "and", "to", "in", "is", "that", "for", "with", "measured", "harbour", "night", "report",
    "signal", "station", "water", "north", "river", "light", "series", "before", "after", "during", "winter", "summer",
    "archive", "city", "road", "bridge", "field", "survey", "figure", "change", "level", "slow", "steady", "first",
    "second", "morning", "evening", "wind", "coast", "map", "garden", "engine", "letter", "market",
];

/// Places that folders are called after.
pub(super) const PLACES: [&str; 12] = [
    "hamburg",
    "Zürich",
    "oslo",
    "porto",
    "kraków",
    "nairobi",
    "quito",
    "osaka",
    "大阪",
    "الرباط",
    "reykjavík",
    "perth",
];

/// What pictures are of.
pub(super) const SUBJECTS: [&str; 10] =
    ["harbour", "bridge", "market", "old town", "coast", "night train", "garden", "lighthouse", "rooftops", "🌧 rain"];

/// A sentence.
pub(super) fn sentence(chance: &mut Chance) -> String {
    let count = chance.between(6, 16);
    let words: Vec<&str> = (0..count).map(|_| *chance.one_of(&WORDS)).collect();
    let mut text = words.join(" ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    text
}

/// Paragraphs of about so many bytes.
pub(super) fn paragraphs(chance: &mut Chance, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        text.push_str(&sentence(chance));
        text.push_str(if chance.percent(20) { "\n\n" } else { " " });
    }
    text
}
