//! The principals of a statement in a bucket policy.

use events::ids::{UserId, UserName};

use crate::json::Json;
use crate::malformed::{DocumentPath, Malformed, quoted};
use crate::request::Caller;
use crate::user_arn::UserArn;

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone)]
pub(crate) struct Principals {
    /// All callers except these.
    pub(crate) negated: bool,
    everyone: bool,
    names: Vec<UserName>,
    ids: Vec<UserId>,
}

/// The maximum number of principals of one statement.
pub(crate) const PRINCIPALS_MAX: usize = 256;

impl Principals {
    pub(crate) fn parse(json: &Json, negated: bool, place: &DocumentPath<'_>) -> Result<Self, Malformed> {
        let mut found = Self { negated, everyone: false, names: Vec::new(), ids: Vec::new() };
        match json {
            Json::Text(text) if text == "*" => found.everyone = true,
            Json::Object(families) if !families.is_empty() => {
                for (family, members) in families {
                    found.family(family, members, &place.member(family))?;
                }
            }
            _ => return Err(place.wrong("a principal is \"*\" or an object like {\"AWS\": \"*\"}")),
        }
        if found.names.len() + found.ids.len() > PRINCIPALS_MAX {
            return Err(place.wrong(format!("more than {PRINCIPALS_MAX} principals")));
        }
        Ok(found)
    }

    fn family(&mut self, family: &str, members: &Json, place: &DocumentPath<'_>) -> Result<(), Malformed> {
        let one = |json: &Json, place: &DocumentPath<'_>| match json {
            Json::Text(text) => Ok(text.clone()),
            other => Err(place.wrong(format!("a principal is a string, not {}", other.what()))),
        };
        let members = match members {
            Json::List(list) if list.is_empty() => return Err(place.wrong("it names no principal")),
            Json::List(list) => {
                list.iter().enumerate().map(|(at, json)| one(json, &place.item(at))).collect::<Result<_, _>>()?
            }
            json => vec![one(json, place)?],
        };
        for member in members {
            self.member(family, &member).map_err(|problem| place.wrong(problem))?;
        }
        Ok(())
    }

    fn member(&mut self, family: &str, member: &str) -> Result<(), String> {
        let nobody = || format!("{} names no user", quoted(member));
        match family {
            "AWS" if member == "*" => self.everyone = true,
            "AWS" => match member.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':')) {
                Some((account, "root")) => self.ids.push(account.parse().map_err(|_| nobody())?),
                Some(_) => self.names.push(UserArn::parse(member).ok_or_else(nobody)?.name),
                None => self.ids.push(member.parse().map_err(|_| nobody())?),
            },
            "CanonicalUser" => self.ids.push(member.parse().map_err(|_| nobody())?),
            // AWS services send no requests here: such a statement applies to no caller, and is kept for its readers.
            "Service" if member.ends_with(".amazonaws.com") => {}
            "Service" => return Err(format!("{} is not an AWS service", quoted(member))),
            _ => return Err("principals are \"AWS\", \"CanonicalUser\" or \"Service\"".to_owned()),
        }
        Ok(())
    }

    /// Whether the statement applies to the caller. Root never gets here.
    pub(crate) fn has(&self, caller: Caller<'_>) -> bool {
        let named = self.everyone
            || match caller {
                Caller::User { name, id, .. } => self.names.contains(name) || self.ids.contains(id),
                Caller::Root | Caller::Anonymous => false,
            };
        named != self.negated
    }

    /// Whether it includes callers that are not named.
    pub(crate) fn is_open(&self) -> bool {
        self.everyone != self.negated
    }
}
