//! Which keys are meant.

use std::str::FromStr;

/// A pattern for a whole key: `*` is any text, `?` is any letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<char>);

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("an empty pattern is no key's".into()) } else { Ok(Self(text.chars().collect())) }
    }
}

impl Pattern {
    /// Greedy, with one way back to the last star: time grows with the product of both lengths at most.
    fn matches(&self, key: &str) -> bool {
        let (pattern, key): (_, Vec<char>) = (&self.0, key.chars().collect());
        let (mut at, mut seen) = (0, 0);
        let mut star = None;
        while seen < key.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, seen));
                    at += 1;
                }
                Some(wanted) if *wanted == '?' || *wanted == key[seen] => {
                    at += 1;
                    seen += 1;
                }
                _ => {
                    let Some((last, taken)) = star else { return false };
                    star = Some((last, taken + 1));
                    (at, seen) = (last + 1, taken + 1);
                }
            }
        }
        pattern[at..].iter().all(|letter| *letter == '*')
    }
}

/// Keys that are included, if any are named, and not excluded.
pub(super) struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Filter {
    pub(super) fn new(include: Vec<Pattern>, exclude: Vec<Pattern>) -> Self {
        Self { include, exclude }
    }

    pub(super) fn allows(&self, key: &str) -> bool {
        let is_included = self.include.is_empty() || self.include.iter().any(|pattern| pattern.matches(key));
        is_included && !self.exclude.iter().any(|pattern| pattern.matches(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_for_whole_keys() {
        let matches = |pattern: &str, key: &str| pattern.parse::<Pattern>().unwrap().matches(key);
        for (pattern, key) in
            [("*", ""), ("*.log", "a/b.log"), ("a?c", "aüc"), ("*a*b", "xaybzb"), ("a/*", "a/"), ("a", "a")]
        {
            assert!(matches(pattern, key), "{pattern} {key}");
        }
        for (pattern, key) in [("*.log", "a.logs"), ("a?c", "ac"), ("a", "ab"), ("*ab", "abx"), ("?", "")] {
            assert!(!matches(pattern, key), "{pattern} {key}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_included_again() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let filter = Filter::new(of(&["*.jpg", "*.png"]), of(&["tmp/*"]));
        assert!(filter.allows("a.jpg") && !filter.allows("a.gif") && !filter.allows("tmp/a.jpg"));
        assert!(Filter::new(Vec::new(), Vec::new()).allows("any"));
    }
}
