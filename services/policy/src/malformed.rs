//! The errors of a policy document.

/// The error in a document and its place, for its author. S3 answers `MalformedPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The document is longer than a document of its kind may be.
    #[error("the policy has {bytes} bytes, more than the {max} that it may have")]
    TooLong {
        /// The size of the document in bytes.
        bytes: usize,
        /// The maximum size in bytes.
        max: usize,
    },
    /// The document is not JSON, or one of its objects has a member twice.
    #[error("the policy is not valid JSON: {0}")]
    NotJson(String),
    /// The document is JSON but not a valid policy.
    #[error("{place}: {problem}")]
    At {
        /// The place: `Statement[1].Principal.AWS`.
        place: String,
        /// A description of the problem.
        problem: String,
    },
}

/// The parser's place in a document. It is rendered only for an error.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DocumentPath<'a> {
    Document,
    Member(&'a Self, &'a str),
    Item(&'a Self, usize),
}

/// The maximum length of quoted text in an error, in characters.
const QUOTED_CHARS_MAX: usize = 80;

/// An author's text, cut to a length fit for an error.
pub(crate) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    let more = if cut.len() < text.len() { "..." } else { "" };
    format!("{cut:?}{more}")
}

impl<'a> DocumentPath<'a> {
    pub(crate) fn member(&'a self, name: &'a str) -> Self {
        Self::Member(self, name)
    }

    pub(crate) fn item(&'a self, index: usize) -> Self {
        Self::Item(self, index)
    }

    pub(crate) fn wrong(&self, problem: impl Into<String>) -> Malformed {
        let mut place = String::new();
        self.render(&mut place);
        Malformed::At { place, problem: problem.into() }
    }

    fn render(&self, out: &mut String) {
        match self {
            Self::Document => out.push_str("policy"),
            Self::Member(of, name) => {
                // At the top level the name is enough.
                if !matches!(of, Self::Document) {
                    of.render(out);
                    out.push('.');
                }
                out.extend(name.chars().take(QUOTED_CHARS_MAX));
            }
            Self::Item(of, index) => {
                of.render(out);
                out.extend(["[", &index.to_string(), "]"]);
            }
        }
    }
}
