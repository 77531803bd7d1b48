use crate::secret::Secret;

/// Shortest password, in characters (NIST SP 800-63B, section 5.1.1.1).
pub const PASSWORD_CHARS_MIN: usize = 8;

/// Longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// A valid password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password(Secret);

/// Why a password is refused. It repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters, and this one has {chars}")]
    Length {
        /// Its length.
        chars: usize,
    },
    /// It has control characters, which cannot be typed.
    #[error("a password must not contain control characters")]
    Control,
    /// It is the user's name.
    #[error("the password must not be the user's name")]
    IsName,
}

impl Password {
    /// Checks a new password of a user.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn new(text: Secret, user_name: &str) -> Result<Self, PasswordError> {
        let chars = text.expose().chars().count();
        if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) {
            return Err(PasswordError::Length { chars });
        }
        if text.expose().chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        if text.expose().to_lowercase() == user_name.to_lowercase() {
            return Err(PasswordError::IsName);
        }
        Ok(Self(text))
    }

    pub(crate) fn into_secret(self) -> Secret {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Password, PasswordError> {
        Password::new(Secret::new(text.into()), "a-long-name")
    }

    #[test]
    fn the_rules_hold() {
        for good in ["12345678", "öäüößßßß", &"x".repeat(128), "a-long-name-", "pass phrase with blanks"] {
            assert!(check(good).is_ok(), "{good}");
        }
        assert_eq!(check("1234567").unwrap_err(), PasswordError::Length { chars: 7 });
        assert_eq!(check(&"ß".repeat(129)).unwrap_err(), PasswordError::Length { chars: 129 });
        assert_eq!(check("with\ttabs!").unwrap_err(), PasswordError::Control);
        for name in ["a-long-name", "A-Long-Name"] {
            assert_eq!(check(name).unwrap_err(), PasswordError::IsName);
        }
        assert!(!format!("{:?}", check("hunter2hunter2")).contains("hunter"));
    }
}
