//! Steps of a random history. They name things by small numbers and indexes, so that histories shrink well and mostly
//! refer to existing things; `World` turns them into commands.

use domain::NodeChange;
use events::bucket::Versioning;
use events::node::Failure;
use proptest::prelude::*;
use proptest::sample::Index;

pub(crate) const BUCKETS: [&str; 3] = ["alpha", "beta", "gamma"];
pub(crate) const KEYS: [&str; 4] = ["a", "a/b", "b", "\u{fc}/%41"];

/// The sizes of the contents. The first two are large enough for parts that are not the last.
pub(crate) const CONTENT_SIZES: [u64; 4] = [domain::PART_BYTES_MIN, 2 * domain::PART_BYTES_MIN + 1, 10, 300_000];

/// The first number of many parts.
const MANY_FROM: u16 = 11;

#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) bucket: usize,
    pub(crate) key: usize,
}

/// The bytes: `None` for an empty body, else an index of [`CONTENT_SIZES`].
pub(crate) type Bytes = Option<usize>;

/// A precondition, relative to the present state.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    Nothing,
    MatchAny,
    MatchCurrent,
    MatchOther,
    NoneMatchAny,
    NoneMatchCurrent,
    NoneMatchOther,
}

/// The error in a list of parts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Spoil {
    Nothing,
    Reversed,
    WrongTag,
    NeverStored,
}

/// Where a shard is written anew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) shard: u8,
    pub(crate) node: u8,
    /// It did not lie where it is said to.
    pub(crate) astray: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Clock {
        milliseconds: i64,
    },
    CreateBucket {
        bucket: usize,
        other_owner: bool,
    },
    DeleteBucket {
        bucket: usize,
    },
    SetVersioning {
        bucket: usize,
        versioning: Versioning,
    },
    /// `anew`: not as a duplicate of a stored content, too few shards of which can be reached.
    Put {
        at: At,
        bytes: Bytes,
        anew: bool,
        wish: Wish,
    },
    Copy {
        source: Index,
        at: At,
        wish: Wish,
    },
    CopyUnknown {
        at: At,
    },
    /// `astray`: at an offset other than the object's size.
    Append {
        at: At,
        bytes: Bytes,
        astray: bool,
        wish: Wish,
    },
    Delete {
        at: At,
    },
    DeleteVersion {
        at: At,
        name: Index,
    },
    CreateUpload {
        at: At,
    },
    StorePart {
        upload: Index,
        number: u16,
        bytes: Bytes,
        elsewhere: bool,
    },
    CopyIntoPart {
        upload: Index,
        number: u16,
        source: Index,
    },
    Complete {
        upload: Index,
        leave_out: u16,
        spoil: Spoil,
        wish: Wish,
    },
    CompleteAgain {
        which: Index,
    },
    Abort {
        upload: Index,
    },
    /// Some of the parts that are being released are freed.
    Release {
        max: u16,
    },
    /// A shard of a content is written anew.
    Place {
        content: Index,
        to: Move,
    },
    /// Contents of a bucket end that have had no references since an event of this sequence.
    Reclaim {
        bucket: usize,
        up_to: u64,
    },
    /// The horizon moves to so many milliseconds ago.
    MoveHorizon {
        age: i64,
    },
    /// A node joins, or its state changes.
    Node {
        node: u8,
        change: Option<NodeChange>,
    },
    /// An earlier command is repeated, as when its answer was lost.
    Again {
        which: Index,
    },
}

fn at() -> impl Strategy<Value = At> {
    (prop_oneof![6 => Just(0_usize), 2 => Just(1), 1 => Just(2)], 0..KEYS.len())
        .prop_map(|(bucket, key)| At { bucket, key })
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![1 => Just(None), 6 => (0..CONTENT_SIZES.len()).prop_map(Some)]
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        12 => Just(Wish::Nothing),
        1 => Just(Wish::MatchAny),
        1 => Just(Wish::MatchCurrent),
        1 => Just(Wish::MatchOther),
        1 => Just(Wish::NoneMatchAny),
        1 => Just(Wish::NoneMatchCurrent),
        1 => Just(Wish::NoneMatchOther),
    ]
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        9 => Just(Spoil::Nothing),
        1 => Just(Spoil::Reversed),
        1 => Just(Spoil::WrongTag),
        1 => Just(Spoil::NeverStored)
    ]
}

fn versioning() -> impl Strategy<Value = Versioning> {
    prop_oneof![4 => Just(Versioning::Enabled), 3 => Just(Versioning::Suspended), 1 => Just(Versioning::Unversioned)]
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let number = || prop_oneof![1_u16..=4, Just(9)];
    prop_oneof![
        1 => (-100_i64..100).prop_map(|milliseconds| Step::Clock { milliseconds }),
        1 => (0..BUCKETS.len(), any::<bool>())
            .prop_map(|(bucket, other_owner)| Step::CreateBucket { bucket, other_owner }),
        1 => (0..BUCKETS.len()).prop_map(|bucket| Step::DeleteBucket { bucket }),
        2 => (at(), versioning()).prop_map(|(at, versioning)| Step::SetVersioning { bucket: at.bucket, versioning }),
        8 => (at(), bytes(), prop::bool::weighted(0.2), wish())
            .prop_map(|(at, bytes, anew, wish)| Step::Put { at, bytes, anew, wish }),
        5 => (index(), at(), wish()).prop_map(|(source, at, wish)| Step::Copy { source, at, wish }),
        1 => at().prop_map(|at| Step::CopyUnknown { at }),
        6 => (at(), bytes(), prop::bool::weighted(0.1), wish())
            .prop_map(|(at, bytes, astray, wish)| Step::Append { at, bytes, astray, wish }),
        5 => at().prop_map(|at| Step::Delete { at }),
        8 => (at(), index()).prop_map(|(at, name)| Step::DeleteVersion { at, name }),
        3 => at().prop_map(|at| Step::CreateUpload { at }),
        8 => (index(), number(), bytes(), prop::bool::weighted(0.05))
            .prop_map(|(upload, number, bytes, elsewhere)| Step::StorePart { upload, number, bytes, elsewhere }),
        1 => (index(), number(), index())
            .prop_map(|(upload, number, source)| Step::CopyIntoPart { upload, number, source }),
        4 => (index(), prop_oneof![2 => Just(0_u16), 1 => any::<u16>()], spoil(), wish())
            .prop_map(|(upload, leave_out, spoil, wish)| Step::Complete { upload, leave_out, spoil, wish }),
        2 => index().prop_map(|which| Step::CompleteAgain { which }),
        1 => index().prop_map(|upload| Step::Abort { upload }),
        3 => index().prop_map(|which| Step::Again { which }),
        1 => prop_oneof![Just(1_u16), 2..100_u16].prop_map(|max| Step::Release { max }),
        5 => (index(), prop::sample::select(vec![0_u8, 1, 4, 5]), 1..8_u8, prop::bool::weighted(0.1))
            .prop_map(|(content, shard, node, astray)| Step::Place { content, to: Move { shard, node, astray } }),
        4 => (0..BUCKETS.len(), prop_oneof![2 => Just(u64::MAX), 1 => 0..40_u64])
            .prop_map(|(bucket, up_to)| Step::Reclaim { bucket, up_to }),
        1 => (0..60_i64).prop_map(|age| Step::MoveHorizon { age }),
        6 => (1..4_u8, node_change()).prop_map(|(node, change)| Step::Node { node, change }),
    ]
}

fn node_change() -> impl Strategy<Value = Option<NodeChange>> {
    let said = prop_oneof![
        3 => Just(NodeChange::Online),
        3 => Just(NodeChange::Offline { position: 4_096, starts: 3 }),
        2 => Just(NodeChange::Drain),
        3 => Just(NodeChange::Resume),
        1 => Just(NodeChange::Full),
        1 => Just(NodeChange::Failing(Failure::Errors)),
        1 => Just(NodeChange::Failing(Failure::Latency)),
        1 => Just(NodeChange::Recovered),
        1 => any::<bool>().prop_map(|forced| NodeChange::Remove { forced }),
        1 => (0..9_u64).prop_map(|shards| NodeChange::ConfirmStrays { shards }),
    ];
    prop_oneof![1 => Just(None), 9 => said.prop_map(Some)]
}

/// An upload gets more parts than the fact that ends them frees itself, and mostly ends; or nothing happens at all.
fn many_parts() -> impl Strategy<Value = Vec<Step>> {
    let end = prop_oneof![
        2 => Just(None),
        3 => Just(Some(0_u16)),
        3 => any::<u16>().prop_map(Some),
    ];
    let many = (any::<Index>(), 0..2_usize, any::<bool>(), end).prop_map(|(upload, bytes, gives_up, leave_out)| {
        let numbers = MANY_FROM..=MANY_FROM + u16::try_from(domain::FREED_AT_ONCE_MAX).unwrap();
        let part = move |number| Step::StorePart { upload, number, bytes: Some(bytes), elsewhere: false };
        let complete = |leave_out| Step::Complete { upload, leave_out, spoil: Spoil::Nothing, wish: Wish::Nothing };
        let end = if gives_up { Some(Step::Abort { upload }) } else { leave_out.map(complete) };
        numbers.map(part).chain(end).chain([Step::Release { max: 20 }]).collect()
    });
    prop_oneof![60 => Just(Vec::new()), 1 => many]
}

/// Nothing is appended with versioning, so there is often a bucket without it.
fn versioning_at_first() -> impl Strategy<Value = Versioning> {
    prop_oneof![3 => Just(Versioning::Enabled), 2 => Just(Versioning::Suspended), 3 => Just(Versioning::Unversioned)]
}

/// A history: two existing buckets, and up to `steps_max` steps.
pub(crate) fn history(steps_max: usize) -> impl Strategy<Value = Vec<Step>> {
    let steps = prop::collection::vec((step(), many_parts()), 1..steps_max);
    (versioning_at_first(), steps).prop_map(|(first, steps)| {
        let mut history = vec![
            Step::CreateBucket { bucket: 0, other_owner: false },
            Step::SetVersioning { bucket: 0, versioning: first },
            Step::CreateBucket { bucket: 1, other_owner: false },
        ];
        history.extend([1, 2, 5, 7].map(|node| Step::Node { node, change: None }));
        history.extend(steps.into_iter().flat_map(|(step, many)| std::iter::once(step).chain(many)));
        history
    })
}
