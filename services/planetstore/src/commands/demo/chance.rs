/// Numbers that look random and depend on a seed alone. They are no secrets.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014), `SplitMix64`.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another one; 0 if that is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    /// A number of a range.
    pub(super) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// Whether something happens that happens in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several; the first of them more often than the last.
    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let count = all.len() as u64;
        let place = self.below(count).min(self.below(count));
        &all[usize::try_from(place).unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_numbers() {
        let of = |seed| {
            let mut chance = Chance::new(seed);
            [chance.next(), chance.next(), chance.between(5, 7)]
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        // The first numbers of the published generator for the seed 0.
        assert_eq!(Chance::new(0).next(), 0xe220_a839_7b1d_cdaf);
        let mut chance = Chance::new(3);
        assert!((0..1_000).all(|_| (5..=7).contains(&chance.between(5, 7))));
        assert_eq!((chance.below(0), *chance.one_of(&[9])), (0, 9));
    }
}
