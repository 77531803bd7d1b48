//! Patterns with wildcards and variables, compiled once and matched in linear time.
//!
//! `*` matches any characters, `?` matches one, and `${...}` matches a value of the caller. Between two stars the
//! leftmost match is always right, so there is no backtracking. A part without `?` and variables is found by two-way
//! search, any other by [`find`], which reads each byte of the text once. The total cost of a document's patterns is
//! bounded: see [`FLOATING_BYTES_MAX`] and [`SEARCHES_MAX`].

use std::iter::Sum;

use memchr::memmem::Finder;

use crate::request::Caller;
use crate::search::{Unit, find};
use crate::variable::Variable;

/// The maximum number of bytes in a document's patterns that are between two stars together with a `?` or a variable.
/// 64 of them cost one step for each byte of the text.
pub(crate) const FLOATING_BYTES_MAX: usize = 1024;

/// The maximum number of patterns of a new document with a part between two stars, each of which searches the text.
pub(crate) const SEARCHES_MAX: usize = 256;

/// The cost of matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cost {
    /// Bytes between two stars together with a `?` or a variable.
    pub(crate) floating_bytes: usize,
    /// Patterns with something between two stars.
    pub(crate) searches: usize,
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            floating_bytes: sum.floating_bytes + cost.floating_bytes,
            searches: sum.searches + cost.searches,
        })
    }
}

/// Which special syntax a pattern has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// `*` and `?`.
    pub(crate) wildcards: bool,
    /// `${...}`: policies of version 2012-10-17 only.
    pub(crate) variables: bool,
}

/// The text to match: usually characters, but an object's key may be any bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    bytes: &'a [u8],
    /// A `?` matches a character in text, and a byte in other bytes.
    is_text: bool,
}

impl<'a> Subject<'a> {
    pub(crate) const fn text(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), is_text: true }
    }

    pub(crate) fn bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, is_text: std::str::from_utf8(bytes).is_ok() }
    }
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// The parts between the stars: one more than there are stars.
    segments: Vec<Segment>,
    has_variables: bool,
}

#[derive(Debug, Clone, Default)]
struct Segment {
    atoms: Vec<Atom>,
    /// Only for a literal text between two stars.
    finder: Option<Box<Finder<'static>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Text(Box<str>),
    One,
    Variable(Variable),
}

/// What a pattern can match among the texts with a given prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The prefix itself.
    pub(crate) itself: bool,
    /// A longer text.
    pub(crate) longer: bool,
}

impl Pattern {
    /// Compiles a pattern; the error says which variable is malformed.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Self, String> {
        let (mut segments, mut atoms, mut literal) = (Vec::new(), Vec::new(), String::new());
        let end_text = |literal: &mut String, atoms: &mut Vec<Atom>| {
            if !literal.is_empty() {
                atoms.push(Atom::Text(std::mem::take(literal).into()));
            }
        };
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let braces = if syntax.variables { rest.strip_prefix("${") } else { None };
            if let Some(inside) = braces {
                let (inside, after) = inside.split_once('}').ok_or("a \"${\" without its \"}\"")?;
                match inside {
                    "*" | "?" | "$" => literal.push_str(inside),
                    _ => {
                        let unknown = || format!("there is no variable {}", crate::malformed::quoted(inside));
                        let variable = Variable::parse(inside).ok_or_else(unknown)?;
                        end_text(&mut literal, &mut atoms);
                        atoms.push(Atom::Variable(variable));
                    }
                }
                rest = after;
                continue;
            }
            rest = &rest[next.len_utf8()..];
            match next {
                '*' if syntax.wildcards => {
                    end_text(&mut literal, &mut atoms);
                    // Adjacent stars count as one.
                    if segments.is_empty() || !atoms.is_empty() {
                        segments.push(std::mem::take(&mut atoms));
                    }
                }
                '?' if syntax.wildcards => {
                    end_text(&mut literal, &mut atoms);
                    atoms.push(Atom::One);
                }
                other => literal.push(other),
            }
        }
        end_text(&mut literal, &mut atoms);
        segments.push(atoms);
        Ok(Self::compile(segments))
    }

    /// A pattern that matches everything.
    pub(crate) fn anything() -> Self {
        Self::compile(vec![Vec::new(), Vec::new()])
    }

    /// A pattern that matches one text.
    pub(crate) fn literal(text: &str) -> Self {
        Self::compile(vec![vec![Atom::Text(text.into())]])
    }

    /// A pattern that matches every text with this prefix.
    pub(crate) fn beginning(text: &str) -> Self {
        Self::compile(vec![vec![Atom::Text(text.into())], Vec::new()])
    }

    /// Whether it certainly matches everything that the other matches, for every caller: it is the same pattern without
    /// variables, or a prefix of the other followed by a star. Every unclear case is a no.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.has_variables {
            return false;
        }
        let [first, last] = self.segments.as_slice() else { return self.is_same(other) };
        let begins = match (first.atoms.as_slice(), other.segments.first().and_then(|segment| segment.atoms.first())) {
            ([], _) => true,
            ([Atom::Text(wanted)], Some(Atom::Text(found))) => found.starts_with(&**wanted),
            _ => false,
        };
        (begins && last.atoms.is_empty()) || self.is_same(other)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.segments.iter().map(|segment| &segment.atoms).eq(other.segments.iter().map(|segment| &segment.atoms))
    }

    fn compile(segments: Vec<Vec<Atom>>) -> Self {
        let last = segments.len() - 1;
        let has_variables = segments.iter().flatten().any(|atom| matches!(atom, Atom::Variable(_)));
        let compiled = segments.into_iter().enumerate().map(|(place, atoms)| {
            let finder = match atoms.as_slice() {
                [Atom::Text(text)] if place > 0 && place < last => {
                    Some(Box::new(Finder::new(text.as_bytes()).into_owned()))
                }
                _ => None,
            };
            Segment { atoms, finder }
        });
        Self { segments: compiled.collect(), has_variables }
    }

    /// Whether it matches the whole of a text. `None` if one of its variables has no value for the caller.
    pub(crate) fn matches(&self, subject: Subject<'_>, caller: Option<Caller<'_>>) -> Option<bool> {
        if self.has_variables && self.variables().any(|variable| variable.value(caller).is_none()) {
            return None;
        }
        let matching = Matching { caller, is_text: subject.is_text };
        Some(matching.all(&self.segments, subject.bytes))
    }

    /// Whether it equals the text, ignoring case. Wildcards have no meaning here.
    pub(crate) fn is_whatever_the_case(&self, text: &str, caller: Option<Caller<'_>>) -> Option<bool> {
        if self.has_variables && self.variables().any(|variable| variable.value(caller).is_none()) {
            return None;
        }
        let pieces = self.segments.iter().flat_map(|segment| &segment.atoms).map(|atom| match atom {
            Atom::Text(text) => text,
            Atom::One => "?",
            Atom::Variable(variable) => variable.value(caller).unwrap_or_default(),
        });
        let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
        Some(pieces.flat_map(lower).eq(text.chars().flat_map(char::to_lowercase)))
    }

    /// Whether it is one fixed text, the same for every caller.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.segments.as_slice(), [one] if one.atoms.iter().all(|atom| matches!(atom, Atom::Text(_))))
    }

    /// Its share of [`FLOATING_BYTES_MAX`] and [`SEARCHES_MAX`].
    pub(crate) fn cost(&self) -> Cost {
        let between = match self.segments.as_slice() {
            [_, between @ .., _] => between,
            _ => &[],
        };
        let bytes = |atom: &Atom| match atom {
            Atom::Text(text) => text.len(),
            Atom::One => 1,
            Atom::Variable(variable) => variable.bytes_max(),
        };
        let floating = between.iter().filter(|part| part.finder.is_none()).flat_map(|part| &part.atoms);
        Cost { floating_bytes: floating.map(bytes).sum(), searches: usize::from(!between.is_empty()) }
    }

    /// What it can match among the texts that begin with `prefix`, whatever the values of its variables. All states of
    /// the match are tracked at once.
    pub(crate) fn reach(&self, prefix: &str) -> Reach {
        let tokens = self.tokens();
        let open = |states: &mut Vec<bool>| {
            for state in 0..tokens.len() {
                if states[state] && tokens[state] == Token::Any {
                    states[state + 1] = true;
                }
            }
        };
        let mut states = vec![false; tokens.len() + 1];
        states[0] = true;
        open(&mut states);
        for read in prefix.chars() {
            let mut next = vec![false; tokens.len() + 1];
            for state in (0..tokens.len()).filter(|state| states[*state]) {
                match tokens[state] {
                    Token::Any => next[state] = true,
                    Token::One => next[state + 1] = true,
                    Token::Char(wanted) => next[state + 1] |= wanted == read,
                }
            }
            states = next;
            open(&mut states);
        }
        Reach { itself: states[tokens.len()], longer: states[..tokens.len()].contains(&true) }
    }

    fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        for (place, segment) in self.segments.iter().enumerate() {
            if place > 0 {
                tokens.push(Token::Any);
            }
            for atom in &segment.atoms {
                match atom {
                    Atom::Text(text) => tokens.extend(text.chars().map(Token::Char)),
                    Atom::One => tokens.push(Token::One),
                    Atom::Variable(_) => tokens.push(Token::Any),
                }
            }
        }
        tokens
    }

    fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.segments.iter().flat_map(|segment| &segment.atoms).filter_map(|atom| match atom {
            Atom::Variable(variable) => Some(variable),
            Atom::Text(_) | Atom::One => None,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    One,
    Any,
}

/// A match of one text in progress.
struct Matching<'a> {
    caller: Option<Caller<'a>>,
    is_text: bool,
}

impl Matching<'_> {
    fn all(&self, segments: &[Segment], text: &[u8]) -> bool {
        let [first, between @ .., last] = segments else {
            // Without a star the only segment is the whole pattern.
            return segments.first().is_some_and(|only| self.after(only, text).is_some_and(<[u8]>::is_empty));
        };
        let Some(mut rest) = self.after(first, text) else { return false };
        for segment in between {
            let Some(after) = self.find(segment, rest) else { return false };
            rest = after;
        }
        self.ends_with(last, rest)
    }

    /// The rest of the text after a segment that it begins with.
    fn after<'t>(&self, segment: &Segment, text: &'t [u8]) -> Option<&'t [u8]> {
        segment.atoms.iter().try_fold(text, |rest, atom| match atom {
            Atom::Text(text) => rest.strip_prefix(text.as_bytes()),
            Atom::Variable(variable) => rest.strip_prefix(variable.value(self.caller)?.as_bytes()),
            Atom::One => rest.get(self.first_len(rest)?..),
        })
    }

    /// The rest of the text after the leftmost match of a segment.
    fn find<'t>(&self, segment: &Segment, text: &'t [u8]) -> Option<&'t [u8]> {
        if let Some(finder) = &segment.finder {
            return finder.find(text).map(|at| &text[at + finder.needle().len()..]);
        }
        let mut units = Vec::new();
        for atom in &segment.atoms {
            match atom {
                Atom::Text(text) => units.extend(text.bytes().map(Unit::Byte)),
                Atom::Variable(variable) => units.extend(variable.value(self.caller)?.bytes().map(Unit::Byte)),
                Atom::One => units.push(Unit::One),
            }
        }
        find(&units, text, self.is_text).map(|end| &text[end..])
    }

    fn ends_with(&self, segment: &Segment, text: &[u8]) -> bool {
        let before = segment.atoms.iter().rev().try_fold(text, |rest, atom| match atom {
            Atom::Text(text) => rest.strip_suffix(text.as_bytes()),
            Atom::Variable(variable) => rest.strip_suffix(variable.value(self.caller)?.as_bytes()),
            Atom::One => rest.get(..rest.len() - self.last_len(rest)?),
        });
        before.is_some()
    }

    /// The length of the first character in bytes.
    fn first_len(&self, text: &[u8]) -> Option<usize> {
        let first = text.first()?;
        Some(if !self.is_text || first.is_ascii() { 1 } else { 1 + continued(text[1..].iter()) })
    }

    /// The length of the last character in bytes.
    fn last_len(&self, text: &[u8]) -> Option<usize> {
        let last = text.last()?;
        Some(if !self.is_text || last.is_ascii() { 1 } else { 1 + continued(text.iter().rev()) })
    }
}

/// The number of consecutive UTF-8 continuation bytes.
fn continued<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    bytes.take_while(|byte| (0x80..0xc0).contains(*byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WILD: Syntax = Syntax { wildcards: true, variables: false };

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern, WILD).unwrap().matches(Subject::text(text), None).unwrap()
    }

    /// The definition, by trying every possibility.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
            (Some(('?', rest)), Some((_, text))) => naive(rest, text),
            (Some((wanted, rest)), Some((found, text))) => wanted == found && naive(rest, text),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn matches_what_the_definition_matches(pattern in "[ab\u{e4}*?]{0,9}", text in "[ab\u{e4}]{0,9}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn what_a_pattern_covers_it_matches(one in "[ab*?]{0,4}", other in "[ab*?]{0,4}", text in "[ab]{0,6}") {
            let parsed = |pattern: &str| Pattern::parse(pattern, WILD).unwrap();
            if parsed(&one).covers(&parsed(&other)) {
                prop_assert!(matches(&one, &text) || !matches(&other, &text), "{} {} {}", one, other, text);
            }
            prop_assert!(parsed(&one).covers(&parsed(&one)));
        }

        #[test]
        fn bytes_that_are_no_text_are_characters_each(pattern in "[ab*?]{0,9}", text in "[ab]{0,9}", at: prop::sample::Index) {
            let mut bytes = text.into_bytes();
            bytes.insert(at.index(bytes.len() + 1), 0xff);
            let chars: Vec<char> = bytes.iter().map(|byte| char::from(*byte)).collect();
            let found = Pattern::parse(&pattern, WILD).unwrap().matches(Subject::bytes(&bytes), None);
            prop_assert_eq!(found, Some(naive(&pattern.chars().collect::<Vec<_>>(), &chars)));
        }

        #[test]
        fn reaches_what_some_text_matches(pattern in "[ab*?]{0,6}", prefix in "[ab]{0,4}", more in "[ab]{1,3}") {
            let reach = Pattern::parse(&pattern, WILD).unwrap().reach(&prefix);
            prop_assert_eq!(reach.itself, matches(&pattern, &prefix));
            let matches_longer = matches(&pattern, &format!("{prefix}{more}"));
            prop_assert!(reach.longer || !matches_longer);
            if reach.longer {
                let longer = (1..=6_usize).flat_map(|len| (0..1_u32 << len).map(move |bits| (len, bits)));
                let mut texts = longer.map(|(len, bits)| {
                    (0..len).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' }).collect::<String>()
                });
                let found = texts.any(|more| matches(&pattern, &format!("{prefix}{more}")));
                prop_assert!(found);
            }
        }
    }

    #[test]
    fn what_blows_up_a_backtracking_matcher_is_quick_here() {
        let text = "a".repeat(1 << 20);
        for pattern in
            ["*a".repeat(2000) + "b", "a*".repeat(2000) + "b", "*".repeat(5000) + "b", "*a?".repeat(300) + "*b"]
        {
            assert!(!matches(&pattern, &text));
        }
        assert!(matches(&"*a".repeat(2000), &text));
        // A needle that almost matches everywhere: a search that starts over each time would be quadratic and take
        // seconds here.
        assert!(!matches(&format!("*{}b*", "a".repeat(1 << 19)), &text));
    }

    #[test]
    fn variables_stand_for_the_caller_and_their_values_have_no_wildcards() {
        let syntax = Syntax { wildcards: true, variables: true };
        let pattern = Pattern::parse("home/${aws:username}/*", syntax).unwrap();
        assert_eq!(pattern.matches(Subject::text("home/alice/x"), Some(Caller::Anonymous)), None);
        let default = Pattern::parse("*/${aws:username, 'a*'}/*", syntax).unwrap();
        assert_eq!(default.matches(Subject::text("home/a*/x"), Some(Caller::Anonymous)), Some(true));
        assert_eq!(default.matches(Subject::text("home/ab/x"), Some(Caller::Anonymous)), Some(false));
        assert_eq!(default.cost(), Cost { floating_bytes: 2 + 128, searches: 1 });
        let escaped = Pattern::parse("${*}${?}${$}{x}", syntax).unwrap();
        assert!(escaped.is_fixed());
        assert_eq!(escaped.matches(Subject::text("*?${x}"), None), Some(true));
        assert!(Pattern::parse("${aws:username", syntax).is_err());
        assert!(Pattern::parse("${aws:nothing}", syntax).is_err());
        let old = Pattern::parse("${aws:username}", WILD).unwrap();
        assert_eq!(old.matches(Subject::text("${aws:username}"), None), Some(true));
    }

    #[test]
    fn without_wildcards_stars_are_stars() {
        let plain = Syntax { wildcards: false, variables: true };
        let pattern = Pattern::parse("a*?", plain).unwrap();
        assert_eq!(pattern.matches(Subject::text("a*?"), None), Some(true));
        assert_eq!(pattern.matches(Subject::text("abc"), None), Some(false));
        assert_eq!(pattern.is_whatever_the_case("A*?", None), Some(true));
        assert_eq!(pattern.is_whatever_the_case("Axx", None), Some(false));
    }
}
