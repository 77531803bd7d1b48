use events::ids::{AuthType, BucketName, UserName};
use events::{Event, Fact, FactKind};

/// Which events are asked for. Each part that is given has to fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Events about this bucket and its objects.
    pub bucket: Option<BucketName>,
    /// Events about objects whose keys begin like this. A renamed object fits by either key.
    pub prefix: Option<Vec<u8>>,
    /// Events of these types; of all types if there are none.
    pub types: Vec<&'static str>,
    /// Events that this user caused, by a session or by a key.
    pub user: Option<UserName>,
}

impl Filter {
    /// Whether an event is asked for. `owner` says whose an access key was, for events that do not say it.
    pub fn fits(&self, event: &Event, owner: impl FnOnce(&str) -> Option<UserName>) -> bool {
        let fact = &event.fact;
        let has_type = self.types.is_empty() || self.types.contains(&fact.kind().event_type);
        let is_of_bucket = self.bucket.as_ref().is_none_or(|bucket| fact.bucket() == Some(bucket));
        has_type
            && is_of_bucket
            && self.prefix.as_ref().is_none_or(|prefix| has_prefix(fact, prefix))
            && self.user.as_ref().is_none_or(|user| is_by(event, user, owner))
    }
}

fn has_prefix(fact: &Fact, prefix: &[u8]) -> bool {
    fact.keys().any(|key| key.as_bytes().starts_with(prefix))
}

fn is_by(event: &Event, user: &UserName, owner: impl FnOnce(&str) -> Option<UserName>) -> bool {
    if let Some(by) = &event.user {
        return by == user;
    }
    let principal = &event.origin.principal;
    match principal.kind {
        AuthType::User => principal.id == user.as_str(),
        AuthType::ApiKey => owner(&principal.id).is_some_and(|owner| owner == *user),
        AuthType::System | AuthType::Unauthenticated => false,
    }
}

/// The types that a text names: one with all of its name or without the common beginning, all versions of a verb, or all
/// of a noun.
pub fn types_named(text: &str) -> Vec<&'static str> {
    let is_named = |kind: &&FactKind| {
        let verb = format!("{}.{}", kind.noun, kind.verb);
        [kind.event_type, kind.name(), kind.noun, verb.as_str()].contains(&text)
    };
    Fact::KINDS.iter().filter(is_named).map(|kind| kind.event_type).collect()
}
