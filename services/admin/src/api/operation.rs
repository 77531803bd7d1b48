//! What an operation of the API is.

use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::access::{Access, Caller, Proof};
use super::answer::{Answer, JSON};
use super::asked::Asked;
use super::method::Method;
use super::refusal::Refusal;

type Doing = BoxFuture<'static, Result<Answer, Refusal>>;

/// Who does it, and for whom: there is no way to name one without the other.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// For everybody.
    Open(fn(Asked) -> Doing),
    /// For some who have logged in.
    Known(Access, fn(Asked, Caller) -> Doing),
}

/// The schema of a document.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What can be asked.
#[derive(Clone)]
pub(super) struct Operation {
    /// What `OpenAPI` and the metrics call it.
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) handler: Handler,
    /// Whether it needs a recent proof of the password.
    pub(super) proof: Proof,
    /// The document that comes in.
    pub(super) takes: Option<Shape>,
    /// The status of success, and the document that goes out with it.
    pub(super) status: u16,
    pub(super) gives: Option<Shape>,
    /// The media type of that.
    pub(super) media: &'static str,
    /// It knows `after` and `limit`.
    pub(super) is_paged: bool,
    /// What else it knows in its query, or in headers.
    pub(super) parameters: &'static [Parameter],
}

/// Something that may be asked for beside a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// `query` or `header`.
    pub(super) place: &'static str,
    /// The type of its schema.
    pub(super) schema: &'static str,
    pub(super) about: &'static str,
}

impl Operation {
    pub(super) fn new(
        name: &'static str,
        method: Method,
        path: &'static str,
        handler: Handler,
        summary: &'static str,
    ) -> Self {
        // What changes something asks for a recent proof, unless its row says otherwise.
        let proof = match (method, handler) {
            (Method::Get, _) | (_, Handler::Open(_) | Handler::Known(Access::Known, _)) => Proof::OfSession,
            _ => Proof::Recent,
        };
        let (takes, status, gives, media, is_paged, parameters) = (None, 204, None, JSON, false, [].as_slice());
        Self { name, method, path, summary, handler, proof, takes, status, gives, media, is_paged, parameters }
    }

    pub(super) fn takes<T: JsonSchema>(self) -> Self {
        Self { takes: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    pub(super) fn gives<T: JsonSchema>(self) -> Self {
        Self { gives: Some(SchemaGenerator::subschema_for::<T>), status: 200, ..self }
    }

    /// Its success is another protocol.
    pub(super) fn switches(self) -> Self {
        Self { status: 101, ..self }
    }

    pub(super) fn makes<T: JsonSchema>(self) -> Self {
        Self { status: 201, ..self.gives::<T>() }
    }

    /// It changes nothing of who may do what, or only ends sessions, which must not wait for a password.
    pub(super) fn without_proof(self) -> Self {
        Self { proof: Proof::OfSession, ..self }
    }

    /// Of one's own it asks for the password itself.
    pub(super) fn proven_for_others(self) -> Self {
        Self { proof: Proof::RecentForOthers, ..self }
    }

    /// What it gives is of this media type.
    pub(super) fn of_media(self, media: &'static str) -> Self {
        Self { media, ..self }
    }

    pub(super) fn knows(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    pub(super) fn paged(self) -> Self {
        Self { is_paged: true, ..self }
    }

    pub(super) fn access(&self) -> Access {
        match self.handler {
            Handler::Open(_) => Access::Open,
            Handler::Known(access, _) => access,
        }
    }
}

/// A handler for callers who are known: `Known` for all of them, `Right(action)` or only the action for those who have the
/// right, and so on for the other kinds of [`Access`].
macro_rules! known {
    (Known, $handler:path) => {
        Handler::Known(Access::Known, |asked, caller| Box::pin($handler(asked, caller)))
    };
    ($access:ident($action:ident), $handler:path) => {
        Handler::Known(Access::$access(Action::$action), |asked, caller| Box::pin($handler(asked, caller)))
    };
    ($action:ident, $handler:path) => {
        known!(Right($action), $handler)
    };
}
pub(super) use known;
