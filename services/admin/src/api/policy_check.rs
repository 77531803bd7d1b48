//! Whether somebody may do something with S3, and why: what the gateway would decide.

use domain::Identities;
use domain::View;
use domain::row::UserRow;
use events::ids::{BucketName, ObjectKey, UserName};
use ledger::{Snapshot, StateError};
use policy::{
    Action, Attached, Context, Decision, Key, Kind, ObjectAccess, Request, Resource, Rights, Value, evaluate,
};
use rights::attached;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cell::Cell;

use super::access::{Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation};
use super::refusal::Refusal;

/// A question about a right.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyCheck {
    /// The user; absent for anonymous requests.
    user: Option<UserName>,
    /// The action, as policies name it: `s3:GetObject`.
    action: String,
    /// The bucket, which actions on buckets and objects need.
    bucket: Option<BucketName>,
    /// The key, which actions on objects need.
    key: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PolicyChecked {
    allowed: bool,
    /// The reasons for the decision, as sentences.
    reasons: Vec<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    let check = Handler::Known(Access::Right(Action::AdminCheckPolicy), |asked, caller| Box::pin(check(asked, caller)));
    vec![
        Operation::new(
            "checkPolicy",
            Method::Post,
            "/api/v1/policy-check",
            check,
            "Check whether a user may perform an S3 action, and why",
        )
        .takes::<PolicyCheck>()
        .gives::<PolicyChecked>()
        .without_proof(),
    ]
}

async fn check(mut asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let question: PolicyCheck = asked.json().await?;
    let snapshot = asked.read().await?;
    let named = |action: &&Action| action.name().eq_ignore_ascii_case(&question.action);
    let unknown = || Refusal::invalid(format!("{:?} is no action: s3:GetObject is one", question.action));
    let action = *Action::ALL.iter().find(named).ok_or_else(unknown)?;
    Answer::of(&decided(&asked, &snapshot, &question, action)?)
}

fn decided(
    asked: &Asked,
    snapshot: &Snapshot,
    question: &PolicyCheck,
    action: Action,
) -> Result<PolicyChecked, Refusal> {
    let row = match question.user.as_ref().filter(|name| !name.is_root()) {
        Some(name) => Some(snapshot.user(name)?.ok_or_else(|| Refusal::not_found("there is no such user"))?),
        None => None,
    };
    let caller = match (&question.user, &row) {
        (None, _) => policy::Caller::Anonymous,
        (Some(name), Some(row)) => policy::Caller::User { name, id: &row.id, role: row.role },
        (Some(_), None) => policy::Caller::Root,
    };
    let policies = row.as_ref().map_or(Ok(Vec::new()), |row| policies(snapshot, row))?;
    let key = question.key.as_ref().map(|key| ObjectKey::from_bytes(key.as_bytes())).transpose();
    let key = key.map_err(|_| Refusal::invalid("`key` has 1 to 1024 bytes"))?;
    let resource = resource(action, question.bucket.as_ref(), key.as_ref())?;
    let bucket = question.bucket.as_ref().map(|name| snapshot.bucket(name)).transpose()?.flatten();
    // The right to create a bucket is asked for before there is one.
    if question.bucket.is_some() && bucket.is_none() && action != Action::CreateBucket {
        return Err(Refusal::not_found("there is no such bucket"));
    }
    let found = bucket.as_ref().zip(question.bucket.as_ref());
    let rules = found.map(|(row, name)| asked.admin.0.bucket_rules.of(snapshot, name, row)).transpose()?;
    let object = match (&bucket, &key, &rules) {
        (Some(bucket), Some(key), Some(rules)) if rules.acls_enabled() => snapshot.current(bucket.id, key)?,
        _ => None,
    };
    let object = object.and_then(|version| version.object);
    let object_access = bucket.as_ref().zip(object.as_ref()).map(|(bucket, object)| ObjectAccess {
        owner: object.owner.as_ref().unwrap_or(&bucket.owner),
        acl: object.acl.as_ref(),
    });
    let access = bucket.as_ref().zip(rules.as_ref()).map(|(bucket, rules)| rules.access(bucket));
    let rights = Rights { policies: &policies, bucket: access, object: object_access };
    let context = NoRequest { region: asked.admin.0.region.as_str(), was_asked: Cell::new(false) };
    let request = Request { caller, action, resource, time: asked.now, context: &context };
    let decision = evaluate(&rights, &request);
    Ok(told(&decision, context.was_asked.get(), row.as_ref()))
}

fn told(decision: &Decision<'_>, was_asked: bool, row: Option<&UserRow>) -> PolicyChecked {
    let mut reasons = vec![decision.to_string()];
    if was_asked {
        reasons.push(
            "a condition looks at something of a request, such as its address or headers: here it counted as absent"
                .to_owned(),
        );
    }
    let is_enabled = row.is_none_or(|row| row.enabled);
    if !is_enabled {
        reasons.push("denied because the user is disabled".to_owned());
    }
    PolicyChecked { allowed: decision.is_allowed() && is_enabled, reasons }
}

fn resource<'a>(
    action: Action,
    bucket: Option<&'a BucketName>,
    key: Option<&'a ObjectKey>,
) -> Result<Resource<'a>, Refusal> {
    match (action.kind(), bucket, key) {
        (Kind::Service, _, _) => Ok(Resource::Service),
        (Kind::Bucket, Some(bucket), _) => Ok(Resource::Bucket(bucket)),
        (Kind::Object, Some(bucket), Some(key)) => Ok(Resource::Object(bucket, key)),
        (Kind::Bucket, None, _) => Err(Refusal::invalid(format!("{action} is about a `bucket`"))),
        (Kind::Object, _, _) => Err(Refusal::invalid(format!("{action} is about a `key` in a `bucket`"))),
        (Kind::Admin, _, _) => Err(Refusal::invalid("this is about rights to S3, not about those of administration")),
    }
}

/// The policies of a user and of the groups.
fn policies(snapshot: &Snapshot, row: &UserRow) -> Result<Vec<Attached>, StateError> {
    let mut names = row.policies.clone();
    for group in &row.groups {
        names.extend(snapshot.group(group)?.map(|group| group.policies).unwrap_or_default());
    }
    names.into_iter().filter_map(|name| attached(snapshot, name).transpose()).collect()
}

/// What conditions see where there is no request.
struct NoRequest<'a> {
    region: &'a str,
    /// A condition asked for something that only a request has.
    was_asked: Cell<bool>,
}

impl Context for NoRequest<'_> {
    fn get(&self, key: &Key) -> Value<'_> {
        if *key == Key::RequestedRegion {
            return self.region.into();
        }
        self.was_asked.set(true);
        Value::Absent
    }
}
