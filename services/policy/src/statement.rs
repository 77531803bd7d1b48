//! One statement of a policy.

use std::collections::BTreeMap;

use events::ids::BucketName;

use crate::action::{Action, ActionSet};
use crate::condition::Condition;
use crate::evaluate::Ask;
use crate::json::Json;
use crate::malformed::{DocumentPath, Malformed, quoted};
use crate::pattern::{Cost, FLOATING_BYTES_MAX};
use crate::principal::Principals;
use crate::resource::ResourcePattern;

/// The maximum number of statements in a document.
pub const STATEMENTS_MAX: usize = 256;
/// The maximum number of actions, resources or values in one list.
pub(crate) const VALUES_MAX: usize = 512;
/// The maximum length of a statement's id in characters.
const SID_CHARS_MAX: usize = 128;

const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    /// Only in bucket policies: an identity policy applies to the users who have it.
    pub(crate) principals: Option<Principals>,
    pub(crate) actions: ActionSet,
    pub(crate) resources: Resources,
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
pub(crate) struct Resources {
    /// Everything except these.
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<ResourcePattern>,
}

/// What the parser knows about the document around a statement.
pub(crate) struct Parser<'a> {
    /// The bucket of a bucket policy.
    pub(crate) bucket: Option<&'a BucketName>,
    /// Whether `${...}` has a meaning.
    pub(crate) variables: bool,
    /// The cost of matching the part of the document that was parsed so far.
    pub(crate) cost: Cost,
}

impl Parser<'_> {
    pub(crate) fn statement(&mut self, json: &Json, place: &DocumentPath<'_>) -> Result<Statement, Malformed> {
        let Json::Object(elements) = json else {
            return Err(place.wrong(format!("a statement is an object, not {}", json.what())));
        };
        if let Some(unknown) = elements.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
            return Err(place.wrong(format!("a statement has no element {}", quoted(unknown))));
        }
        let statement = Statement {
            sid: sid(elements.get("Sid"), &place.member("Sid"))?,
            effect: effect(elements.get("Effect"), &place.member("Effect"))?,
            principals: self.principals(elements, place)?,
            actions: ActionSet::default(),
            resources: self.resources(elements, place)?,
            conditions: self.conditions(elements.get("Condition"), &place.member("Condition"))?,
        };
        let actions = self.actions(elements, &statement, place)?;
        Ok(Statement { actions, ..statement })
    }

    fn principals(
        &self,
        elements: &BTreeMap<String, Json>,
        place: &DocumentPath<'_>,
    ) -> Result<Option<Principals>, Malformed> {
        let found = either(elements, "Principal", "NotPrincipal", place)?;
        match (self.bucket, found) {
            (Some(_), Some((json, name, negated))) => Principals::parse(json, negated, &place.member(name)).map(Some),
            (Some(_), None) => Err(place.wrong("a statement of a bucket policy has a Principal")),
            (None, Some(_)) => {
                Err(place.wrong("a policy of a user or group has no Principal: it applies to the users who have it"))
            }
            (None, None) => Ok(None),
        }
    }

    fn resources(
        &mut self,
        elements: &BTreeMap<String, Json>,
        place: &DocumentPath<'_>,
    ) -> Result<Resources, Malformed> {
        let Some((json, name, negated)) = either(elements, "Resource", "NotResource", place)? else {
            return Err(place.wrong("a statement has a Resource or a NotResource"));
        };
        let mut patterns = Vec::new();
        texts(json, &place.member(name), |text, place| {
            let pattern = ResourcePattern::parse(text, self.variables).map_err(|why| place.wrong(why))?;
            if let Some(bucket) = self.bucket
                && !pattern.within(bucket).anything()
            {
                return Err(place.wrong(format!("{} is neither the bucket {bucket} nor in it", quoted(text))));
            }
            self.spend(pattern.cost(), place)?;
            patterns.push(pattern);
            Ok(())
        })?;
        Ok(Resources { negated, patterns })
    }

    fn actions(
        &self,
        elements: &BTreeMap<String, Json>,
        Statement { effect, resources, .. }: &Statement,
        place: &DocumentPath<'_>,
    ) -> Result<ActionSet, Malformed> {
        let Some((json, name, negated)) = either(elements, "Action", "NotAction", place)? else {
            return Err(place.wrong("a statement has an Action or a NotAction"));
        };
        let mut actions = ActionSet::default();
        texts(json, &place.member(name), |text, place| {
            let named = match (effect, negated) {
                (Effect::Allow, false) => ActionSet::given(text),
                (Effect::Allow, true) | (Effect::Deny, _) => ActionSet::named(text),
            };
            let named = named.ok_or_else(|| place.wrong(format!("{} names no action", quoted(text))))?;
            if let Some(bucket) = self.bucket
                && !negated
                && !resources.fit(named, bucket)
            {
                return Err(place.wrong(format!("{} fits none of the statement's resources", quoted(text))));
            }
            actions = actions.and(named);
            Ok(())
        })?;
        Ok(match (effect, negated) {
            (_, false) => actions,
            // `NotAction` covers only S3's actions, as "*" does.
            (Effect::Allow, true) => actions.inverted().without_admin(),
            (Effect::Deny, true) => actions.inverted(),
        })
    }

    fn conditions(&mut self, json: Option<&Json>, place: &DocumentPath<'_>) -> Result<Vec<Condition>, Malformed> {
        let operators = match json {
            None => return Ok(Vec::new()),
            Some(Json::Object(operators)) => operators,
            Some(other) => return Err(place.wrong(format!("conditions are an object, not {}", other.what()))),
        };
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            let place = place.member(operator);
            let Json::Object(keys) = keys else {
                return Err(place.wrong(format!("the keys of a condition are an object, not {}", keys.what())));
            };
            if keys.is_empty() {
                return Err(place.wrong("it compares nothing"));
            }
            for (key, values) in keys {
                let place = place.member(key);
                let condition = Condition::parse(operator, key, values, self.variables, &place)?;
                self.spend(condition.cost(), &place)?;
                conditions.push(condition);
            }
        }
        Ok(conditions)
    }

    fn spend(&mut self, cost: Cost, place: &DocumentPath<'_>) -> Result<(), Malformed> {
        self.cost = [self.cost, cost].into_iter().sum();
        if self.cost.floating_bytes <= FLOATING_BYTES_MAX {
            return Ok(());
        }
        Err(place.wrong(format!(
            "the policy has more than {FLOATING_BYTES_MAX} bytes between two \"*\" together with a \"?\" or a variable"
        )))
    }
}

fn sid(json: Option<&Json>, place: &DocumentPath<'_>) -> Result<Option<Box<str>>, Malformed> {
    match json {
        None => Ok(None),
        Some(Json::Text(sid)) if sid.is_empty() => Ok(None),
        Some(Json::Text(sid)) if sid.chars().count() <= SID_CHARS_MAX && !sid.contains(char::is_control) => {
            Ok(Some(sid.as_str().into()))
        }
        Some(_) => {
            Err(place
                .wrong(format!("a Sid is a string of at most {SID_CHARS_MAX} characters, without control characters")))
        }
    }
}

fn effect(json: Option<&Json>, place: &DocumentPath<'_>) -> Result<Effect, Malformed> {
    match json {
        Some(Json::Text(effect)) if effect == "Allow" => Ok(Effect::Allow),
        Some(Json::Text(effect)) if effect == "Deny" => Ok(Effect::Deny),
        _ => Err(place.wrong("the effect of a statement is \"Allow\" or \"Deny\"")),
    }
}

/// An element or its negation, and whether it is the negation; never both.
fn either<'a>(
    elements: &'a BTreeMap<String, Json>,
    plain: &'static str,
    opposite: &'static str,
    place: &DocumentPath<'_>,
) -> Result<Option<(&'a Json, &'static str, bool)>, Malformed> {
    match (elements.get(plain), elements.get(opposite)) {
        (Some(_), Some(_)) => Err(place.wrong(format!("{plain} and {opposite} exclude each other"))),
        (Some(json), None) => Ok(Some((json, plain, false))),
        (None, Some(json)) => Ok(Some((json, opposite, true))),
        (None, None) => Ok(None),
    }
}

/// Takes a string, or each string of a list.
pub(crate) fn texts(
    json: &Json,
    place: &DocumentPath<'_>,
    mut take: impl FnMut(&str, &DocumentPath<'_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    match json {
        Json::Text(text) => take(text, place),
        Json::List(list) if list.is_empty() => Err(place.wrong("the list is empty")),
        Json::List(list) if list.len() > VALUES_MAX => Err(place.wrong(format!("more than {VALUES_MAX} values"))),
        Json::List(list) => list.iter().enumerate().try_for_each(|(at, item)| match item {
            Json::Text(text) => take(text, &place.item(at)),
            other => Err(place.item(at).wrong(format!("it is {}, not a string", other.what()))),
        }),
        other => Err(place.wrong(format!("it is {}, neither a string nor a list of them", other.what()))),
    }
}

impl Resources {
    /// Whether some action of a bucket policy fits some of these resources.
    fn fit(&self, actions: ActionSet, bucket: &BucketName) -> bool {
        let fits = |within: crate::resource::Within| actions.iter().any(|action| within.has(action.kind()));
        self.negated || self.patterns.iter().any(|pattern| fits(pattern.within(bucket)))
    }

    /// Whether a statement with these resources applies to the request. A variable without a value must not widen what
    /// is allowed: it matches nothing, except in the `NotResource` of an `Allow`, where a match narrows.
    fn have(&self, ask: &Ask<'_>, effect: Effect) -> bool {
        let without_value = self.negated && effect == Effect::Allow;
        let mut patterns = self.patterns.iter();
        let matched = patterns.any(|pattern| pattern.matches(&ask.target, ask.caller).unwrap_or(without_value));
        matched != self.negated
    }
}

impl Statement {
    pub(crate) fn applies(&self, ask: &Ask<'_>) -> bool {
        self.actions.has(ask.action)
            && self.principals.as_ref().is_none_or(|principals| principals.has(ask.caller))
            && self.resources.have(ask, self.effect)
            && self.conditions.iter().all(|condition| condition.holds(ask, self.effect))
    }

    pub(crate) fn could_allow(&self, action: Action, bucket: &BucketName) -> bool {
        let is_about = |pattern: &ResourcePattern| pattern.within(bucket).has(action.kind());
        self.effect == Effect::Allow
            && self.actions.has(action)
            && (self.resources.negated || self.resources.patterns.iter().any(is_about))
    }

    /// Refuses what new policies may not contain.
    ///
    /// Source: AWS IAM User Guide, "AWS JSON policy elements: `NotPrincipal`".
    pub(crate) fn check_new(&self, place: &DocumentPath<'_>) -> Result<(), Malformed> {
        if self.effect == Effect::Allow && self.principals.as_ref().is_some_and(|principals| principals.negated) {
            return Err(place
                .wrong("an Allow with NotPrincipal would include anonymous callers: use NotPrincipal only with Deny"));
        }
        if self.conditions.iter().any(|condition| !condition.is_answerable()) {
            let why = "s3:LocationConstraint is in the body, which is read only once the rest is permitted";
            return Err(place.member("Condition").wrong(why));
        }
        Ok(())
    }

    /// Whether it grants something to callers that it does not name.
    pub(crate) fn is_public(&self) -> bool {
        self.effect == Effect::Allow
            && self.principals.as_ref().is_some_and(Principals::is_open)
            && !self.conditions.iter().any(Condition::fixes_who_asks)
    }

    /// Denies everything to everybody.
    pub(crate) fn denying_all() -> Self {
        Self { effect: Effect::Deny, ..Self::built_in(ActionSet::default().inverted()) }
    }

    /// A statement of a built-in policy: it allows something on everything.
    pub(crate) fn built_in(actions: ActionSet) -> Self {
        Self {
            sid: None,
            effect: Effect::Allow,
            principals: None,
            actions,
            resources: Resources { negated: false, patterns: vec![ResourcePattern::everything()] },
            conditions: Vec::new(),
        }
    }
}
