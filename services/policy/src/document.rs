//! Policy documents: the JSON of their authors, and their meaning.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::collections::BTreeSet;

use events::ids::BucketName;

use crate::action::{Action, ActionSet};
use crate::decision::StatementName;
use crate::evaluate::Ask;
use crate::json::Json;
use crate::malformed::{DocumentPath, Malformed, quoted};
use crate::pattern::{Cost, SEARCHES_MAX};
use crate::statement::{Effect, Parser, STATEMENTS_MAX, Statement};

/// The maximum size of a bucket policy in bytes: S3's limit.
pub const BUCKET_POLICY_BYTES_MAX: usize = 20 * 1024;
/// The maximum size of a policy of users and groups in bytes.
pub const IDENTITY_POLICY_BYTES_MAX: usize = 20 * 1024;
/// The maximum length of a document's id in characters.
const ID_CHARS_MAX: usize = 256;

/// The kind of a policy document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A policy for the users and groups to which it is attached. No statement has a principal.
    Identity,
    /// A bucket policy. Every statement has a principal, and resources in the bucket or the bucket itself.
    Bucket,
}

/// A policy: its author's text, fully validated and compiled.
#[derive(Debug, Clone)]
pub struct Document {
    kind: DocumentKind,
    text: Box<str>,
    statements: Vec<Statement>,
    cost: Cost,
    is_public: bool,
}

impl Document {
    /// Parses a policy for users and groups.
    pub fn identity(text: &str) -> Result<Self, Malformed> {
        Self::parse(text, None)
    }

    /// Parses a policy for a bucket.
    pub fn bucket(text: &str, bucket: &BucketName) -> Result<Self, Malformed> {
        Self::parse(text, Some(bucket))
    }

    /// A built-in policy.
    pub(crate) fn built_in(text: &str, actions: ActionSet) -> Self {
        let statements = vec![Statement::built_in(actions)];
        let (kind, cost) = (DocumentKind::Identity, Cost::default());
        Self { kind, text: text.into(), statements, cost, is_public: false }
    }

    /// A document that denies everything. It stands for a stored policy that cannot be parsed now, perhaps because a
    /// newer release wrote it: whatever that one denies must not be allowed.
    pub fn denying_all(kind: DocumentKind) -> Self {
        let (text, statements) = (Box::default(), vec![Statement::denying_all()]);
        Self { kind, text, statements, cost: Cost::default(), is_public: false }
    }

    fn parse(text: &str, bucket: Option<&BucketName>) -> Result<Self, Malformed> {
        let (kind, max) = match bucket {
            None => (DocumentKind::Identity, IDENTITY_POLICY_BYTES_MAX),
            Some(_) => (DocumentKind::Bucket, BUCKET_POLICY_BYTES_MAX),
        };
        if text.len() > max {
            return Err(Malformed::TooLong { bytes: text.len(), max });
        }
        let place = DocumentPath::Document;
        let json = Json::parse(text)?;
        let Json::Object(elements) = &json else {
            return Err(place.wrong(format!("a policy is an object, not {}", json.what())));
        };
        if let Some(unknown) = elements.keys().find(|name| !["Version", "Id", "Statement"].contains(&name.as_str())) {
            return Err(place.wrong(format!("a policy has no element {}", quoted(unknown))));
        }
        match elements.get("Id") {
            None => {}
            Some(Json::Text(id)) if id.chars().count() <= ID_CHARS_MAX => {}
            Some(_) => {
                return Err(place
                    .member("Id")
                    .wrong(format!("an id is a string of at most {ID_CHARS_MAX} characters")));
            }
        }
        let variables = has_variables(elements.get("Version"), &place.member("Version"))?;
        let mut parser = Parser { bucket, variables, cost: Cost::default() };
        let statements = statements(&mut parser, elements.get("Statement"), &place.member("Statement"))?;
        let is_public = statements.iter().any(Statement::is_public);
        Ok(Self { kind, text: text.into(), statements, cost: parser.cost, is_public })
    }

    /// Whether it may be stored now. Policies that are stored already stay in force as they are.
    pub fn check_new(&self) -> Result<(), Malformed> {
        if self.cost.searches > SEARCHES_MAX {
            let why = format!("the policy has more than {SEARCHES_MAX} values with text between two \"*\"");
            return Err(DocumentPath::Document.wrong(why));
        }
        let of = DocumentPath::Document;
        let of = of.member("Statement");
        self.statements.iter().enumerate().try_for_each(|(at, statement)| statement.check_new(&of.item(at)))
    }

    /// The kind of the document.
    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The author's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it grants something to callers that it does not name. See [`crate::public`].
    pub const fn is_public(&self) -> bool {
        self.is_public
    }

    /// Whether it might allow an action on some object of a bucket: a first check, before the object is known.
    pub fn could_allow(&self, action: Action, bucket: &BucketName) -> bool {
        self.statements.iter().any(|statement| statement.could_allow(action, bucket))
    }

    /// Whether any statement of it is a `Deny`.
    pub fn denies_anything(&self) -> bool {
        self.statements.iter().any(|statement| statement.effect == Effect::Deny)
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.statements
    }

    pub(crate) fn denies(&self, ask: &Ask<'_>) -> Option<StatementName<'_>> {
        self.first(Effect::Deny, ask)
    }

    pub(crate) fn allows(&self, ask: &Ask<'_>) -> Option<StatementName<'_>> {
        self.first(Effect::Allow, ask)
    }

    fn first(&self, effect: Effect, ask: &Ask<'_>) -> Option<StatementName<'_>> {
        let mut statements = self.statements.iter().enumerate();
        let found = statements.find(|(_, statement)| statement.effect == effect && statement.applies(ask));
        found.map(|(index, statement)| StatementName { index, sid: statement.sid.as_deref() })
    }
}

/// Whether a version has policy variables. A document without a version has that of 2008.
fn has_variables(version: Option<&Json>, place: &DocumentPath<'_>) -> Result<bool, Malformed> {
    match version {
        None => Ok(false),
        Some(Json::Text(version)) if version == "2008-10-17" => Ok(false),
        Some(Json::Text(version)) if version == "2012-10-17" => Ok(true),
        Some(_) => Err(place.wrong("the version of a policy is \"2012-10-17\" or \"2008-10-17\"")),
    }
}

fn statements(
    parser: &mut Parser<'_>,
    json: Option<&Json>,
    place: &DocumentPath<'_>,
) -> Result<Vec<Statement>, Malformed> {
    let statements = match json {
        None => return Err(place.wrong("a policy has statements")),
        Some(Json::List(list)) if list.is_empty() => return Err(place.wrong("a policy has statements")),
        Some(Json::List(list)) if list.len() > STATEMENTS_MAX => {
            return Err(place.wrong(format!("more than {STATEMENTS_MAX} statements")));
        }
        Some(Json::List(list)) => {
            let parsed = list.iter().enumerate().map(|(at, json)| parser.statement(json, &place.item(at)));
            parsed.collect::<Result<Vec<_>, _>>()?
        }
        Some(one) => vec![parser.statement(one, place)?],
    };
    let mut seen = BTreeSet::new();
    for (at, sid) in statements.iter().enumerate().filter_map(|(at, one)| one.sid.as_deref().map(|sid| (at, sid))) {
        if !seen.insert(sid) {
            return Err(place.item(at).wrong(format!("another statement has the Sid {}", quoted(sid))));
        }
    }
    Ok(statements)
}
