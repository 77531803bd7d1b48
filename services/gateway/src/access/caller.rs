use std::sync::Arc;

use events::ids::{AuthType, Principal, SessionId, UserId};
use s3::sigv4::{ChunkSigner, PayloadHash};

use super::account::Account;

/// How a request authenticates its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It is anonymous.
    None,
    /// By its headers.
    Headers,
    /// By its query, which makes it a presigned URL.
    Query,
    /// By the policy of a form.
    Form,
    /// By the policy of a form signed with Signature Version 2.
    FormVersion2,
    /// By a session, whose token was verified.
    Session,
    /// By a ticket of a session in the address.
    Ticket,
}

/// What a caller is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KnownBy {
    /// Nothing: the caller is anonymous.
    Nothing,
    /// The access key that signed.
    Key(String),
    /// An open session.
    Session(SessionId),
}

/// The caller of a request: an authenticated user, or anonymous.
pub(crate) struct Caller {
    /// The account whose key signed or whose session it is; `None` for an anonymous request.
    pub(crate) account: Option<Arc<Account>>,
    /// What the account is known by.
    pub(crate) known_by: KnownBy,
    /// How the caller was authenticated.
    pub(crate) proof: Proof,
    /// Milliseconds from the time of the signature to the arrival of the request.
    pub(crate) signature_age_ms: Option<i64>,
    /// The framing and hash of the body, as the signature declares them.
    pub(crate) payload: PayloadHash,
    /// Verifies the chunks of a signed streaming body.
    pub(crate) chunk_signer: Option<ChunkSigner>,
}

impl Caller {
    /// An anonymous caller.
    pub(crate) fn anonymous(payload: PayloadHash) -> Self {
        Self {
            account: None,
            known_by: KnownBy::Nothing,
            proof: Proof::None,
            signature_age_ms: None,
            payload,
            chunk_signer: None,
        }
    }

    /// The canonical id of an authenticated caller.
    pub(crate) fn user_id(&self) -> Option<&UserId> {
        self.account.as_ref().map(|account| &account.id)
    }

    /// The access key that signed, if one did.
    pub(crate) fn access_key(&self) -> Option<String> {
        match &self.known_by {
            KnownBy::Key(id) => Some(id.clone()),
            KnownBy::Session(_) | KnownBy::Nothing => None,
        }
    }

    /// The caller as events name them.
    pub(crate) fn principal(&self) -> Principal {
        match (&self.known_by, &self.account) {
            (KnownBy::Key(id), _) => Principal { kind: AuthType::ApiKey, id: id.clone() },
            (KnownBy::Session(_), Some(account)) => Principal { kind: AuthType::User, id: account.name.to_string() },
            (KnownBy::Session(_), None) | (KnownBy::Nothing, _) => {
                Principal { kind: AuthType::Unauthenticated, id: String::new() }
            }
        }
    }

    /// The caller as policies see them.
    pub(crate) fn for_policies(&self) -> policy::Caller<'_> {
        match self.account.as_deref() {
            None => policy::Caller::Anonymous,
            Some(account) if account.name.is_root() => policy::Caller::Root,
            Some(Account { name, id, role, .. }) => policy::Caller::User { name, id, role: *role },
        }
    }
}
