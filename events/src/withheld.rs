//! Withholds from facts what users must not learn.

use uuid::Uuid;

use crate::fact::Fact;
use crate::ids::{ContentId, Generation, Sha256Digest};
use crate::object::Body;

impl Fact {
    /// The fact as users may see it who may list its key. It does not tell whether its bytes were stored already, which
    /// would tell what others have stored (ADR 18), nor which content they are, nor on which nodes: any bytes are a known
    /// content whose name is zeros.
    #[must_use]
    pub fn without_contents(mut self) -> Self {
        let body = match &mut self {
            Self::ObjectCreated(fact) => Some(&mut fact.body),
            Self::ObjectAppended(fact) => Some(&mut fact.part.body),
            Self::UploadPartStored(fact) => Some(&mut fact.body),
            _ => None,
        };
        if let Some(body @ (Body::Stored { .. } | Body::Known { .. })) = body {
            let generation = Generation::from_fresh(Uuid::nil());
            *body = Body::Known { content: ContentId { sha256: Sha256Digest([0; 32]), generation } };
        }
        self
    }
}
