//! Parses the names of condition operators.

/// The parts of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) kind: Kind,
    /// `...Not...`: the comparison is negated, and an absent key satisfies it.
    pub(crate) negated: bool,
    /// `...IfExists`: an absent key satisfies it.
    pub(crate) if_exists: bool,
    pub(crate) quantifier: Quantifier,
}

/// The type of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    TextWhateverCase,
    TextLike,
    Number(Order),
    Time(Order),
    Flag,
    Address,
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Which values of a key with many values must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    None,
    /// `ForAllValues:`, true without values.
    All,
    /// `ForAnyValue:`, false without values.
    Any,
}

/// Every operator without prefix and suffix, and whether it is negated.
const OPERATORS: [(&str, Kind, bool); 26] = [
    ("StringEquals", Kind::Text, false),
    ("StringNotEquals", Kind::Text, true),
    ("StringEqualsIgnoreCase", Kind::TextWhateverCase, false),
    ("StringNotEqualsIgnoreCase", Kind::TextWhateverCase, true),
    ("StringLike", Kind::TextLike, false),
    ("StringNotLike", Kind::TextLike, true),
    ("NumericEquals", Kind::Number(Order::Equal), false),
    ("NumericNotEquals", Kind::Number(Order::Equal), true),
    ("NumericLessThan", Kind::Number(Order::Less), false),
    ("NumericLessThanEquals", Kind::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Kind::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Kind::Number(Order::GreaterOrEqual), false),
    ("DateEquals", Kind::Time(Order::Equal), false),
    ("DateNotEquals", Kind::Time(Order::Equal), true),
    ("DateLessThan", Kind::Time(Order::Less), false),
    ("DateLessThanEquals", Kind::Time(Order::LessOrEqual), false),
    ("DateGreaterThan", Kind::Time(Order::Greater), false),
    ("DateGreaterThanEquals", Kind::Time(Order::GreaterOrEqual), false),
    ("Bool", Kind::Flag, false),
    ("IpAddress", Kind::Address, false),
    ("NotIpAddress", Kind::Address, true),
    // For ARNs, equal and like are the same.
    ("ArnEquals", Kind::Arn, false),
    ("ArnLike", Kind::Arn, false),
    ("ArnNotEquals", Kind::Arn, true),
    ("ArnNotLike", Kind::Arn, true),
    ("Null", Kind::Null, false),
];

impl Operator {
    /// Parses a name. `Null` has no `IfExists`, because it tests whether the key exists.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (quantifier, name) = match name.split_once(':') {
            None => (Quantifier::None, name),
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(_) => return None,
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (_, kind, negated) = OPERATORS.iter().copied().find(|(known, ..)| *known == name)?;
        let is_sensible = kind != Kind::Null || (!if_exists && quantifier == Quantifier::None);
        is_sensible.then_some(Self { kind, negated, if_exists, quantifier })
    }
}

impl Order {
    pub(crate) fn holds<T: PartialOrd>(self, found: &T, wanted: &T) -> bool {
        match self {
            Self::Equal => found == wanted,
            Self::Less => found < wanted,
            Self::LessOrEqual => found <= wanted,
            Self::Greater => found > wanted,
            Self::GreaterOrEqual => found >= wanted,
        }
    }
}
