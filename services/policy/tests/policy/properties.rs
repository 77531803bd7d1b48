//! Properties of all policies: tested with random ones, and with an independent implementation.

use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission};
use policy::{Action, Document, Kind};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{ContextValue, Who, World, id};

const ACTIONS: [(&str, &[Action]); 6] = [
    ("s3:GetObject", &[Action::GetObject]),
    ("s3:Put*", &[Action::PutObject, Action::PutBucketPolicy]),
    ("s3:listbucket", &[Action::ListBucket]),
    ("s3:*", &ASKED),
    ("*", &ASKED),
    ("s3:*BucketPolicy", &[Action::PutBucketPolicy]),
];
const ASKED: [Action; 4] = [Action::GetObject, Action::PutObject, Action::ListBucket, Action::PutBucketPolicy];
/// Whether a resource matches the bucket and each of the two requested keys.
const RESOURCES: [(&str, [bool; 3]); 6] = [
    ("*", [true, true, true]),
    ("arn:aws:s3:::photos", [true, false, false]),
    ("arn:aws:s3:::photos/*", [false, true, true]),
    ("arn:aws:s3:::photos/a*", [false, true, false]),
    ("arn:aws:s3:::p?otos/${aws:username}b", [false, false, false]),
    ("arn:aws:s3:::ph*/b", [false, false, true]),
];
const KEYS: [&str; 2] = ["a/x", "b"];
/// Principals, and whether Alice, Olga, the admin and an anonymous caller are among them.
const PRINCIPALS: [(&str, [bool; 4]); 3] = [
    (r#""*""#, [true, true, true, true]),
    (r#"{"AWS":"arn:aws:iam:::user/alice"}"#, [true, false, false, false]),
    (r#"{"CanonicalUser":["olga-id","admin-id"]}"#, [false, true, true, false]),
];
const PEOPLE: [Who; 4] = [Who::Alice, Who::Olga, Who::Admin, Who::Anonymous];

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "a statement has that many elements that come in two kinds")]
struct Spec {
    allow: bool,
    principal: usize,
    not_principal: bool,
    actions: Vec<usize>,
    not_action: bool,
    resources: Vec<usize>,
    not_resource: bool,
    /// The required prefix.
    prefix: Option<bool>,
}

fn spec() -> impl Strategy<Value = Spec> {
    let actions = proptest::collection::vec(0..ACTIONS.len(), 1..3);
    let resources = proptest::collection::vec(0..RESOURCES.len(), 1..3);
    let negations = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    let all = (negations, 0..PRINCIPALS.len(), actions, resources, any::<Option<bool>>());
    all.prop_map(|((allow, not_principal, not_action, not_resource), principal, actions, resources, prefix)| Spec {
        allow,
        principal,
        not_principal,
        actions,
        not_action,
        resources,
        not_resource,
        prefix,
    })
}

impl Spec {
    fn json(&self, in_bucket: bool) -> String {
        let not = |negated: bool| if negated { "Not" } else { "" };
        let list = |names: Vec<&str>| format!("{names:?}");
        let effect = if self.allow { "Allow" } else { "Deny" };
        let actions = list(self.actions.iter().map(|at| ACTIONS[*at].0).collect());
        let resources = list(self.resources.iter().map(|at| RESOURCES[*at].0).collect());
        let (action, resource) = (not(self.not_action), not(self.not_resource));
        let principal = match PRINCIPALS[self.principal].0 {
            _ if !in_bucket => String::new(),
            principal => format!(r#""{}Principal":{principal},"#, not(self.not_principal)),
        };
        let condition = match self.prefix {
            None => String::new(),
            Some(wanted) => format!(r#","Condition":{{"StringEquals":{{"s3:prefix":"{wanted}"}}}}"#),
        };
        format!(
            r#"{{"Effect":"{effect}",{principal}"{action}Action":{actions},"{resource}Resource":{resources}{condition}}}"#
        )
    }

    /// Whether it applies, in the simplest implementation. A variable in the resources has no value here: no key
    /// matches it.
    fn applies(&self, asked: &Asked, in_bucket: bool) -> bool {
        let who = PEOPLE.iter().position(|who| *who == asked.who).unwrap();
        let principal = !in_bucket || PRINCIPALS[self.principal].1[who] != self.not_principal;
        let action = self.actions.iter().any(|at| ACTIONS[*at].1.contains(&asked.action)) != self.not_action;
        let target = if asked.action.kind() == Kind::Bucket { 0 } else { 1 + asked.key };
        let has_no_value = self.not_resource && self.allow && asked.who == Who::Anonymous;
        let hit = |at: &usize| RESOURCES[*at].1[target] || (*at == 4 && has_no_value);
        let resource = self.resources.iter().any(hit) != self.not_resource;
        principal && action && resource && self.prefix.is_none_or(|wanted| wanted == asked.prefix)
    }

    fn is_public(&self) -> bool {
        self.allow && (self.principal == 0) != self.not_principal
    }
}

#[derive(Debug, Clone)]
struct Asked {
    who: Who,
    action: Action,
    key: usize,
    prefix: bool,
    restricted: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let all = (select(&PEOPLE[..]), select(&ASKED[..]), 0..KEYS.len(), any::<bool>(), any::<bool>());
    all.prop_map(|(who, action, key, prefix, restricted)| Asked { who, action, key, prefix, restricted })
}

fn document(specs: &[Spec], in_bucket: bool) -> String {
    let statements: Vec<_> = specs.iter().map(|spec| spec.json(in_bucket)).collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// Whether a bucket policy is valid: it may contain only what fits its bucket. The same rule as in the product, applied
/// to single statements.
fn fits(spec: &Spec) -> bool {
    Document::bucket(&document(std::slice::from_ref(spec), true), &crate::world::bucket()).is_ok()
}

fn world(asked: &Asked, own: &[Spec], of_bucket: &[Spec]) -> World {
    let mut world = World::new().who(asked.who).action(asked.action).key(KEYS[asked.key]);
    world = world.with("s3:prefix", ContextValue::Text(if asked.prefix { "true" } else { "false" }));
    world.public_access.restrict_public_buckets = asked.restricted;
    for spec in own {
        world = world.policy(&document(std::slice::from_ref(spec), false));
    }
    if of_bucket.is_empty() { world } else { world.bucket_policy(&document(of_bucket, true)) }
}

/// The rules, implemented again.
fn expected(asked: &Asked, own: &[Spec], of_bucket: &[Spec]) -> bool {
    let own = if asked.who == Who::Anonymous { &[] } else { own };
    let any = |specs: &[Spec], allow, in_bucket| {
        specs.iter().any(|spec| spec.allow == allow && spec.applies(asked, in_bucket))
    };
    let above = matches!(asked.who, Who::Olga | Who::Admin);
    let keeps = above && asked.action == Action::PutBucketPolicy;
    if any(own, false, false) || (any(of_bucket, false, true) && !keeps) {
        return false;
    }
    let open = !(asked.restricted && of_bucket.iter().any(Spec::is_public));
    above || any(own, true, false) || (open && any(of_bucket, true, true))
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    proptest::collection::vec(spec(), 0..4)
}

fn bucket_specs() -> impl Strategy<Value = Vec<Spec>> {
    proptest::collection::vec(spec().prop_filter("it must fit the bucket", fits), 0..4)
}

fn shuffled<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    (Just(all.clone()), Just(all).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decides_what_the_rules_say(asked in asked(), own in specs(), of_bucket in bucket_specs()) {
        prop_assert_eq!(world(&asked, &own, &of_bucket).allowed(), expected(&asked, &own, &of_bucket));
    }

    #[test]
    fn the_order_of_statements_and_policies_is_nothing(
        asked in asked(), own in specs().prop_flat_map(shuffled), of_bucket in bucket_specs().prop_flat_map(shuffled)
    ) {
        let one = world(&asked, &own.0, &of_bucket.0).allowed();
        prop_assert_eq!(world(&asked, &own.1, &of_bucket.1).allowed(), one);
    }

    #[test]
    fn one_more_allow_never_takes_a_right(asked in asked(), own in specs(), of_bucket in bucket_specs(), more in spec()) {
        let more = Spec { allow: true, ..more };
        if world(&asked, &own, &of_bucket).allowed() {
            let more_own = [&own[..], std::slice::from_ref(&more)].concat();
            prop_assert!(world(&asked, &more_own, &of_bucket).allowed());
            // A statement that makes a policy public may remove access, if public policies are restricted.
            if !asked.restricted && fits(&more) {
                let more_of_bucket = [&of_bucket[..], &[more]].concat();
                prop_assert!(world(&asked, &own, &more_of_bucket).allowed());
            }
        }
    }

    #[test]
    fn one_more_deny_never_gives_a_right(asked in asked(), own in specs(), of_bucket in bucket_specs(), more in spec()) {
        let more = Spec { allow: false, ..more };
        if !world(&asked, &own, &of_bucket).allowed() {
            let more_own = [&own[..], std::slice::from_ref(&more)].concat();
            prop_assert!(!world(&asked, &more_own, &of_bucket).allowed());
            if fits(&more) {
                let more_of_bucket = [&of_bucket[..], &[more]].concat();
                prop_assert!(!world(&asked, &own, &more_of_bucket).allowed());
            }
        }
    }

    #[test]
    fn an_explicit_deny_wins(asked in asked(), own in specs(), of_bucket in bucket_specs(), at: prop::sample::Index) {
        let everything = Spec {
            allow: false, principal: 0, not_principal: false, actions: vec![4], not_action: false,
            resources: vec![0], not_resource: false, prefix: None,
        };
        let insert = |specs: &[Spec]| {
            let mut specs = specs.to_vec();
            specs.insert(at.index(specs.len() + 1), everything.clone());
            specs
        };
        if asked.who != Who::Anonymous {
            prop_assert!(!world(&asked, &insert(&own), &of_bucket).allowed());
        }
        let keeps = matches!(asked.who, Who::Olga | Who::Admin) && asked.action.manages_bucket_policy();
        prop_assert!(keeps || !world(&asked, &own, &insert(&of_bucket)).allowed());
    }

    #[test]
    fn nobody_has_nothing_where_the_bucket_says_nothing(asked in asked(), own in specs()) {
        let asked = Asked { who: Who::Anonymous, ..asked };
        prop_assert!(!world(&asked, &own, &[]).allowed());
    }

    #[test]
    fn a_document_read_again_says_the_same(asked in asked(), own in specs()) {
        let first = world(&asked, &own, &[]);
        let again = own.iter().zip(&first.policies).fold(world(&asked, &[], &[]), |world, (_, attached)| {
            world.policy(attached.document.text())
        });
        prop_assert_eq!(first.told(), again.told());
    }

    #[test]
    fn a_grant_more_never_takes_a_right(grants in grants(), more in grant(), who in select(&PEOPLE[..]), action in select(Action::ALL)) {
        let with = |grants: Vec<Grant>| {
            let acl = Some(Acl { grants });
            let mut world = World::new().who(who).action(action);
            world.ownership = ObjectOwnership::ObjectWriter;
            world.bucket_acl.clone_from(&acl);
            world.object = Some((id("bob-id"), acl));
            world
        };
        let (few, many) = (with(grants.clone()), with([&grants[..], &[more]].concat()));
        prop_assert!(many.allowed() || !few.allowed());
    }

    #[test]
    fn whatever_the_text_it_is_read_or_refused(text in ".{0,200}") {
        let _ = Document::identity(&text);
        let _ = Document::bucket(&text, &crate::world::bucket());
    }

    #[test]
    fn whatever_the_json_it_is_read_or_refused(spec in spec(), at: prop::sample::Index, junk in select(&JUNK[..]), cut in 0..9_usize) {
        let text = document(&[spec], true);
        let at = at.index(text.len());
        let end = (at + cut).min(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary(end) {
            let text = format!("{}{junk}{}", &text[..at], &text[end..]);
            if let Ok(document) = Document::bucket(&text, &crate::world::bucket()) {
                prop_assert_eq!(document.text(), text);
            }
        }
    }
}

const JUNK: [&str; 14] =
    ["", "{", "}", "[", "]", "\"", ",", ":", "null", "1e999", "\\ud800", "${aws:username}", "*", "{\"a\":[[]]}"];

fn grant() -> impl Strategy<Value = Grant> {
    let grantees =
        [Grantee::Everyone, Grantee::Authenticated, Grantee::LogDelivery, Grantee::User("alice-id".parse().unwrap())];
    let permissions =
        [Permission::Read, Permission::Write, Permission::ReadAcp, Permission::WriteAcp, Permission::FullControl];
    (select(grantees.to_vec()), select(permissions.to_vec()))
        .prop_map(|(grantee, permission)| Grant { grantee, permission })
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    proptest::collection::vec(grant(), 0..4)
}
