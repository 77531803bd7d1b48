use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// Root's access key and secret key, which are a login as well.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key's id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret,
}

impl Credentials {
    /// Whether these are the credentials. The comparison takes the same time however much of them is right.
    pub fn accept(&self, access_key: &[u8], secret_key: &[u8]) -> bool {
        let access_key = self.access_key.as_bytes().ct_eq(access_key);
        let secret_key = self.secret_key.expose().as_bytes().ct_eq(secret_key);
        (access_key & secret_key).into()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_credentials_are_accepted() {
        let credentials = Credentials { access_key: "root".into(), secret_key: Secret::new("password".into()) };
        assert!(credentials.accept(b"root", b"password"));
        for (user, password) in [("root", "passwore"), ("roo", "password"), ("root", ""), ("", "password")] {
            assert!(!credentials.accept(user.as_bytes(), password.as_bytes()), "{user} {password}");
        }
    }
}
