use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::region::is_label;
use super::{InvalidName, text_form};

/// The name of a durable consumer: 1 to 48 of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerName(Arc<str>);

impl ConsumerName {
    const CHARS_MAX: usize = 48;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ConsumerName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_label(text, Self::CHARS_MAX) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("consumer name", text, "it has 1 to 48 of a-z, 0-9 and '-', no '-' at its ends"))
        }
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(ConsumerName, "ConsumerName", "^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$", "the name of a consumer");

/// The name of a consumer in JetStream and of its NATS user: `consumer-<name>-<16 hexadecimal digits>`. The digits are
/// fresh each time that a consumer is added, so that a login of an earlier one of the same name reads nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DurableName {
    text: Arc<str>,
    /// Where the name of the consumer ends in it.
    name_end: usize,
}

impl DurableName {
    /// What all of them begin with. Consumers of roles do not.
    pub const PREFIX: &'static str = "consumer-";

    /// Hexadecimal digits at the end.
    const DIGITS: usize = 16;

    /// The name of a consumer that is added now; `fresh` was never used before.
    pub fn new(consumer: &ConsumerName, fresh: u64) -> Self {
        let text = format!("{}{consumer}-{fresh:016x}", Self::PREFIX);
        Self { name_end: text.len() - Self::DIGITS - 1, text: text.into() }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the consumer.
    pub fn consumer(&self) -> Result<ConsumerName, InvalidName> {
        self.text[Self::PREFIX.len()..self.name_end].parse()
    }
}

impl FromStr for DurableName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName::new("durable name", text, "it is consumer-<name>-<16 hexadecimal digits>");
        let (name, digits) =
            text.strip_prefix(Self::PREFIX).and_then(|rest| rest.rsplit_once('-')).ok_or_else(wrong)?;
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if digits.len() != Self::DIGITS || !digits.bytes().all(is_digit) {
            return Err(wrong());
        }
        name.parse::<ConsumerName>().map_err(|_| wrong())?;
        Ok(Self { text: text.into(), name_end: text.len() - Self::DIGITS - 1 })
    }
}

impl fmt::Display for DurableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

text_form!(
    DurableName,
    "DurableName",
    "^consumer-[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?-[0-9a-f]{16}$",
    "the name of a consumer in JetStream"
);

/// A public key of NATS for a user: `U` and 55 of `A-Z 2-7`.
///
/// Source: <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginKey(Arc<str>);

impl LoginKey {
    const CHARS: usize = 56;

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LoginKey {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_base32 = |b: u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b);
        if text.len() == Self::CHARS && text.starts_with('U') && text.bytes().all(is_base32) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("login key", text, "it is U and 55 of A-Z and 2-7"))
        }
    }
}

impl fmt::Display for LoginKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(LoginKey, "LoginKey", "^U[A-Z2-7]{55}$", "the public key that a consumer's password belongs to");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_durable_name_has_the_name_of_its_consumer_in_it() {
        for name in ["a", "a-b", "billing-00000000000000aa"] {
            let name: ConsumerName = name.parse().unwrap();
            let durable = DurableName::new(&name, 0xaa);
            assert_eq!(durable.as_str(), format!("consumer-{name}-00000000000000aa"));
            assert_eq!(durable.as_str().parse(), Ok(durable.clone()));
            assert_eq!(durable.consumer(), Ok(name));
        }
        for wrong in [
            "",
            "consumer-",
            "consumer--00000000000000aa",
            "consumer-a-00AA",
            "consumer-a-00000000000000AA",
            "a-00000000000000aa",
            "consumer-A-00000000000000aa",
            "consumer-a.b-00000000000000aa",
        ] {
            assert!(wrong.parse::<DurableName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_of_any_other_length_or_form_is_refused_and_cut_in_the_message() {
        let long = "a".repeat(1_025);
        let refused = long.parse::<ConsumerName>().unwrap_err().to_string();
        assert!(refused.contains("1 to 48") && refused.len() < 200, "{refused}");
        for wrong in ["", "-a", "a-", "a.b", "a*", "a>", "A", "a b", "\u{e9}"] {
            assert!(wrong.parse::<ConsumerName>().is_err(), "{wrong}");
        }
        assert!("a".repeat(48).parse::<ConsumerName>().is_ok());
    }
}
