//! A store with a few users, and one request at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::ids::{BucketName, ObjectKey, UserId, UserName};
use events::user::Role;
use jiff::Timestamp;
use policy::{
    Action, Attached, BucketAccess, Caller, Context, Decision, Document, Key, Kind, ObjectAccess, Request, Resource,
    Rights, Value, evaluate,
};

/// A caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Root,
    Admin,
    /// The bucket's owner.
    Olga,
    /// A user without any rights.
    Alice,
    Anonymous,
}

/// A request, and everything that determines its rights.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) who: Who,
    pub(crate) action: Action,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    pub(crate) time: Timestamp,
    pub(crate) context: Known,
    pub(crate) policies: Vec<Attached>,
    pub(crate) bucket_policy: Option<Document>,
    pub(crate) bucket_acl: Option<Acl>,
    pub(crate) public_access: PublicAccessBlock,
    pub(crate) ownership: ObjectOwnership,
    /// The object's owner, and its ACL.
    pub(crate) object: Option<(UserId, Option<Acl>)>,
    pub(crate) bucket_exists: bool,
}

/// A context with given values, by the names that policies use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(pub(crate) BTreeMap<&'static str, ContextValue>);

#[derive(Debug, Clone)]
pub(crate) enum ContextValue {
    Text(&'static str),
    Texts(Vec<&'static str>),
    Number(i64),
    Flag(bool),
    Address(&'static str),
    Unreadable,
}

impl Context for Known {
    fn get(&self, key: &Key) -> Value<'_> {
        let found = self.0.iter().find(|(name, _)| Key::named(name).as_ref() == Some(key));
        match found.map(|(_, told)| told) {
            None => Value::Absent,
            Some(ContextValue::Text(text)) => (*text).into(),
            Some(ContextValue::Texts(texts)) => Value::Texts(Box::new(texts.iter().map(|text| (*text).into()))),
            Some(ContextValue::Number(number)) => Value::Number(*number),
            Some(ContextValue::Flag(flag)) => Value::Flag(*flag),
            Some(ContextValue::Unreadable) => Value::Unreadable,
            Some(ContextValue::Address(address)) => Value::Address(address.parse().unwrap()),
        }
    }
}

pub(crate) fn id(text: &str) -> UserId {
    text.parse().unwrap()
}

pub(crate) fn bucket() -> BucketName {
    "photos".parse().unwrap()
}

impl World {
    /// Alice, who has no rights, wants to read Olga's object.
    pub(crate) fn new() -> Self {
        Self {
            who: Who::Alice,
            action: Action::GetObject,
            bucket: bucket(),
            key: ObjectKey::from_bytes(*b"2026/beach.jpg").unwrap(),
            time: "2026-05-01T12:00:00Z".parse().unwrap(),
            context: Known::default(),
            policies: Vec::new(),
            bucket_policy: None,
            bucket_acl: None,
            public_access: PublicAccessBlock::default(),
            ownership: ObjectOwnership::BucketOwnerEnforced,
            object: None,
            bucket_exists: true,
        }
    }

    pub(crate) fn who(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    pub(crate) fn action(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = ObjectKey::from_bytes(key.as_bytes()).unwrap();
        self
    }

    pub(crate) fn with(mut self, name: &'static str, told: ContextValue) -> Self {
        self.context.0.insert(name, told);
        self
    }

    /// Gives the caller another policy.
    pub(crate) fn policy(mut self, text: &str) -> Self {
        let name = format!("policy{}", self.policies.len()).parse().unwrap();
        let document = Document::identity(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        self.policies.push(Attached { name, document: Arc::new(document) });
        self
    }

    /// Gives the bucket a policy.
    pub(crate) fn bucket_policy(mut self, text: &str) -> Self {
        let document = Document::bucket(text, &self.bucket).unwrap_or_else(|error| panic!("{error}: {text}"));
        self.bucket_policy = Some(document);
        self
    }

    pub(crate) fn decision<T>(&self, look: impl FnOnce(Decision<'_>) -> T) -> T {
        let (name, id): (UserName, UserId) = match self.who {
            Who::Admin => ("admin".parse().unwrap(), id("admin-id")),
            Who::Olga => ("olga".parse().unwrap(), id("olga-id")),
            Who::Root | Who::Alice | Who::Anonymous => ("alice".parse().unwrap(), id("alice-id")),
        };
        let role = if self.who == Who::Admin { Role::Admin } else { Role::User };
        let caller = match self.who {
            Who::Root => Caller::Root,
            Who::Anonymous => Caller::Anonymous,
            Who::Admin | Who::Olga | Who::Alice => Caller::User { name: &name, id: &id, role },
        };
        let resource = match self.action.kind() {
            Kind::Service => Resource::Service,
            Kind::Admin => Resource::Admin("user/ada"),
            Kind::Bucket => Resource::Bucket(&self.bucket),
            Kind::Object => Resource::Object(&self.bucket, &self.key),
        };
        let owner = self::id("olga-id");
        let bucket = BucketAccess {
            owner: &owner,
            policy: self.bucket_policy.as_ref(),
            acl: self.bucket_acl.as_ref(),
            public_access: self.public_access,
            ownership: self.ownership,
        };
        let object = self.object.as_ref().map(|(owner, acl)| ObjectAccess { owner, acl: acl.as_ref() });
        let rights = Rights { policies: &self.policies, bucket: self.bucket_exists.then_some(bucket), object };
        let request = Request { caller, action: self.action, resource, time: self.time, context: &self.context };
        look(evaluate(&rights, &request))
    }

    pub(crate) fn allowed(&self) -> bool {
        self.decision(|decision| decision.is_allowed())
    }

    /// The decision as text.
    pub(crate) fn told(&self) -> String {
        self.decision(|decision| decision.to_string())
    }
}

/// An identity policy of one statement.
pub(crate) fn statement(effect: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

/// A bucket policy with one statement about the bucket and everything in it.
pub(crate) fn for_bucket(effect: &str, principal: &str, action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"One","Effect":"{effect}","Principal":{principal},
        "Action":"{action}","Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]}}]}}"#
    )
}

/// A statement that allows everything under a condition.
pub(crate) fn on_condition(effect: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"s3:*","Resource":"*","Condition":{condition}}}}}"#
    )
}
