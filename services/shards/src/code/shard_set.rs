use events::ids::SHARDS;

/// A set of shards of one content, by their indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ShardSet(u8);

impl ShardSet {
    pub(crate) const EMPTY: Self = Self(0);

    pub(crate) fn with(self, shard: u8) -> Self {
        if usize::from(shard) < SHARDS { Self(self.0 | 1 << shard) } else { self }
    }

    pub(crate) fn contains(self, shard: u8) -> bool {
        usize::from(shard) < SHARDS && self.0 & (1 << shard) != 0
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn is_subset(self, of: Self) -> bool {
        self.0 & !of.0 == 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn len(self) -> usize {
        self.iter().count()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        (0_u8..).take(SHARDS).filter(move |shard| self.contains(*shard))
    }
}

impl FromIterator<u8> for ShardSet {
    fn from_iter<I: IntoIterator<Item = u8>>(shards: I) -> Self {
        shards.into_iter().fold(Self::EMPTY, Self::with)
    }
}
