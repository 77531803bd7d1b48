//! Rows that say when users, keys, groups and policies were written, and where, so that regions agree on them (ADR 57).

use std::fmt;
use std::str::FromStr;

use events::identity::{Stamp, Write};
use events::ids::{AccessKeyId, GroupName, InvalidName, PolicyName, RegionName, UserName};
use events::policy::Holder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When and where something was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampRow {
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
    /// The region; `None` for the one that the row is of, whose name the log does not say.
    pub region: Option<RegionName>,
}

impl StampRow {
    /// A stamp as a region keeps it.
    pub(crate) fn kept(stamp: &Stamp, here: &RegionName) -> Self {
        Self { at: stamp.at, region: Some(stamp.region.clone()).filter(|region| region != here) }
    }

    /// The stamp as all regions know it.
    pub(crate) fn known(&self, here: &RegionName) -> Stamp {
        Stamp { at: self.at, region: self.region.clone().unwrap_or_else(|| here.clone()) }
    }
}

/// When the user, the group or the policy of a name was made, and which of them were deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeRow {
    /// When the one that there is was made. If regions made some independently, they are one, and this is the last time.
    pub live: Option<StampRow>,
    /// Those that were made up to this stamp were deleted.
    pub dead: Option<StampRow>,
}

/// When something that has a value was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteRow {
    /// When that was made which it belongs to.
    pub of: Vec<StampRow>,
    /// When and where it was written.
    pub stamp: StampRow,
}

impl WriteRow {
    pub(crate) fn kept(write: &Write, here: &RegionName) -> Self {
        let of = write.of.iter().map(|stamp| StampRow::kept(stamp, here)).collect();
        Self { of, stamp: StampRow::kept(&write.stamp, here) }
    }

    pub(crate) fn known(&self, here: &RegionName) -> Write {
        Write { of: self.of.iter().map(|row| row.known(here)).collect(), stamp: self.stamp.known(here) }
    }
}

/// Something that is made and deleted under a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Named {
    User(UserName),
    Group(GroupName),
    Policy(PolicyName),
}

impl From<Holder> for Named {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::User(user) => Self::User(user),
            Holder::Group(group) => Self::Group(group),
        }
    }
}

/// Something that has a value which is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Written {
    /// The properties of a user, but for the password.
    Properties(UserName),
    /// The password of a user.
    Password(UserName),
    /// A key of a user.
    Key(UserName, AccessKeyId),
    /// Whether a user is in a group.
    Member(UserName, GroupName),
    /// Whether a policy is attached.
    Attachment(Holder, PolicyName),
    /// The document of a policy.
    Document(PolicyName),
}

impl Written {
    /// What it goes away with: of two, the first.
    pub fn owner(&self) -> Named {
        match self {
            Self::Properties(user) | Self::Password(user) | Self::Key(user, _) | Self::Member(user, _) => {
                Named::User(user.clone())
            }
            Self::Attachment(holder, _) => holder.clone().into(),
            Self::Document(policy) => Named::Policy(policy.clone()),
        }
    }

    /// The other that it belongs to, if there are two. Nothing that is built in is deleted.
    pub fn second_owner(&self) -> Option<Named> {
        match self {
            Self::Member(_, group) => Some(Named::Group(group.clone())),
            Self::Attachment(_, policy) => Some(Named::Policy(policy.clone())),
            Self::Properties(_) | Self::Password(_) | Self::Key(..) | Self::Document(_) => None,
        }
    }
}

// No name holds a `/`, so these texts can be told apart, and those of one owner follow each other.

const USER: &str = "user";
const GROUP: &str = "group";
const POLICY: &str = "policy";
const PROPERTIES: &str = "properties";
const PASSWORD: &str = "password";
const KEY: &str = "key";
const DOCUMENT: &str = "document";

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "{USER}/{name}"),
            Self::Group(name) => write!(f, "{GROUP}/{name}"),
            Self::Policy(name) => write!(f, "{POLICY}/{name}"),
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = self.owner();
        match self {
            Self::Properties(_) => write!(f, "{owner}/{PROPERTIES}"),
            Self::Password(_) => write!(f, "{owner}/{PASSWORD}"),
            Self::Key(_, key) => write!(f, "{owner}/{KEY}/{key}"),
            Self::Member(_, group) => write!(f, "{owner}/{GROUP}/{group}"),
            Self::Attachment(_, policy) => write!(f, "{owner}/{POLICY}/{policy}"),
            Self::Document(_) => write!(f, "{owner}/{DOCUMENT}"),
        }
    }
}

fn invalid(text: &str) -> InvalidName {
    InvalidName { what: "name of something written", text: text.into(), why: "it is none" }
}

impl FromStr for Named {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.split_once('/').ok_or_else(|| invalid(text))? {
            (USER, name) => Ok(Self::User(name.parse()?)),
            (GROUP, name) => Ok(Self::Group(name.parse()?)),
            (POLICY, name) => Ok(Self::Policy(name.parse()?)),
            _ => Err(invalid(text)),
        }
    }
}

impl FromStr for Written {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parts: Vec<&str> = text.split('/').collect();
        Ok(match *parts.as_slice() {
            [USER, user, PROPERTIES] => Self::Properties(user.parse()?),
            [USER, user, PASSWORD] => Self::Password(user.parse()?),
            [USER, user, KEY, key] => Self::Key(user.parse()?, key.parse()?),
            [USER, user, GROUP, group] => Self::Member(user.parse()?, group.parse()?),
            [USER, user, POLICY, policy] => Self::Attachment(Holder::User(user.parse()?), policy.parse()?),
            [GROUP, group, POLICY, policy] => Self::Attachment(Holder::Group(group.parse()?), policy.parse()?),
            [POLICY, policy, DOCUMENT] => Self::Document(policy.parse()?),
            _ => return Err(invalid(text)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let (user, group): (UserName, GroupName) = ("ada".parse().unwrap(), "devs".parse().unwrap());
        let policy: PolicyName = "reports".parse().unwrap();
        let all = [
            Written::Properties(user.clone()),
            Written::Password(user.clone()),
            Written::Key(user.clone(), "AKIAEXAMPLE".parse().unwrap()),
            Written::Member(user.clone(), group.clone()),
            Written::Attachment(Holder::User(user), policy.clone()),
            Written::Attachment(Holder::Group(group), policy.clone()),
            Written::Document(policy),
        ];
        for written in all {
            assert_eq!(written.to_string().parse(), Ok(written.clone()));
            assert_eq!(written.owner().to_string().parse(), Ok(written.owner()));
        }
        assert!("user/ada".parse::<Written>().is_err() && "ada".parse::<Named>().is_err());
    }
}
