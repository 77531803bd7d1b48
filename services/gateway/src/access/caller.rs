use std::sync::Arc;

use events::ids::{AuthType, Principal, UserId};
use s3::sigv4::{ChunkSigner, PayloadHash};

use super::account::Account;

/// How a request proves whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It does not.
    None,
    /// By its headers.
    Headers,
    /// By its query, which makes it a presigned URL.
    Query,
    /// By the policy of a form.
    Form,
    /// By the policy of a form, with Signature Version 2.
    FormVersion2,
}

/// Who asks: somebody who proved it, or anybody.
pub(crate) struct Caller {
    /// Whose key signed; `None` for an anonymous request.
    pub(crate) account: Option<Arc<Account>>,
    /// The key that signed.
    pub(crate) access_key: Option<String>,
    /// How they proved it.
    pub(crate) proof: Proof,
    /// Milliseconds from the moment it says it was signed to its arrival.
    pub(crate) signature_age_ms: Option<i64>,
    /// How the body is framed and what it hashes to, as far as the signature says.
    pub(crate) payload: PayloadHash,
    /// Verifies the chunks of a signed streaming body.
    pub(crate) chunk_signer: Option<ChunkSigner>,
}

impl Caller {
    /// Nobody signed.
    pub(crate) fn anonymous(payload: PayloadHash) -> Self {
        Self {
            account: None,
            access_key: None,
            proof: Proof::None,
            signature_age_ms: None,
            payload,
            chunk_signer: None,
        }
    }

    /// The canonical id, if anybody signed.
    pub(crate) fn user_id(&self) -> Option<&UserId> {
        self.account.as_ref().map(|account| &account.id)
    }

    /// As events name who caused them.
    pub(crate) fn principal(&self) -> Principal {
        match &self.access_key {
            Some(id) => Principal { kind: AuthType::ApiKey, id: id.clone() },
            None => Principal { kind: AuthType::Unauthenticated, id: String::new() },
        }
    }

    /// As policies see who asks.
    pub(crate) fn for_policies(&self) -> policy::Caller<'_> {
        match self.account.as_deref() {
            None => policy::Caller::Anonymous,
            Some(account) if account.name.is_root() => policy::Caller::Root,
            Some(Account { name, id, role, .. }) => policy::Caller::User { name, id, role: *role },
        }
    }
}
