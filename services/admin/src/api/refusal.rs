use domain::{IdentityRejection, LinkRejection, Rejection, TargetRejection};
use feed::{FeedError, InvalidQuery};
use http::StatusCode;
use identity::{HashError, PasswordError};
use ledger::{CommitError, StateError};
use policy::{Action, Denial};

/// The code of a refusal for want of a recent proof.
pub(super) const STEP_UP_REQUIRED: &str = "step_up_required";

/// Why something is not done, for who asked: a code for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Seconds after which it is worth to try again.
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    fn later(status: StatusCode, code: &'static str, message: &str, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(status, code, message) }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    pub(super) fn malformed_policy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_policy", message)
    }

    /// The same for every reason, so that it tells a stranger nothing.
    pub(super) fn unauthenticated() -> Self {
        let message =
            "a valid access token is needed: log in at /api/v1/login and send `Authorization: Bearer <token>`";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", message)
    }

    /// The same for unknown users, disabled ones, and wrong passwords.
    pub(super) fn login() -> Self {
        let message = "the name or the password is wrong, or this user cannot log in";
        Self::new(StatusCode::UNAUTHORIZED, "login_refused", message)
    }

    pub(super) fn session_ended() -> Self {
        let message = "this refresh token is not valid, or no longer: log in again";
        Self::new(StatusCode::UNAUTHORIZED, "session_ended", message)
    }

    pub(super) fn throttled(seconds: u64) -> Self {
        let message = "too many attempts: wait for the seconds that Retry-After says";
        Self::later(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message, seconds)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// What somebody may not, with the right that they lack: whoever manages rights has to know its name. Which
    /// statement denies it is not said.
    pub(super) fn no_right(action: Action, target: &str, denial: &Denial<'_>) -> Self {
        let why = match denial {
            Denial::Explicit(_) => "a policy denies it",
            Denial::NothingGrants => "this needs an admin, or a policy that allows it",
        };
        Self::forbidden(format!("{action} on arn:aws:admin:::{target}: {why}"))
    }

    /// A user with more rights than the caller is out of the caller's reach, and so is everything of that user.
    pub(super) fn beyond(what: &str) -> Self {
        Self::forbidden(format!("{what} has or gives more than you have yourself: this needs an admin"))
    }

    /// The session is good, but nobody has shown for some time that its owner sits before it.
    ///
    /// Source: RFC 9470, section 3.
    pub(super) fn step_up_required() -> Self {
        let message = "this needs a password that was proven in the last 15 minutes: send it to /api/v1/prove, and ask \
                       again with the access token that comes back";
        Self::new(StatusCode::UNAUTHORIZED, STEP_UP_REQUIRED, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// The same for tickets that were invented, and for those that are too old.
    pub(super) fn no_ticket() -> Self {
        let message = "this address of an object is good no longer: ask for another one at /api/v1/tickets";
        Self::new(StatusCode::FORBIDDEN, "ticket_expired", message)
    }

    /// Another refusal in place of one that says what there is not.
    pub(super) fn or_if_missing(self, other: Self) -> Self {
        if self.status == StatusCode::NOT_FOUND { other } else { self }
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        let message = format!("the body has more than {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(super) fn not_json() -> Self {
        let message = "the body must be JSON, with `Content-Type: application/json`";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message)
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time")
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "nothing is done here with this method: /api/v1/openapi.json says what is";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    pub(super) fn busy() -> Self {
        let message = "too much is asked at once: nothing was changed, try again";
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "busy", message, 1)
    }

    pub(super) fn unavailable(message: &'static str) -> Self {
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, 1)
    }

    /// A position that is none of this log. A program that had it there before must not go on as if nothing was missing.
    pub(super) fn beyond_the_log(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "beyond_the_log", message)
    }

    pub(super) fn upgrade_required(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message)
    }

    /// Too much on one connection.
    pub(super) fn too_many_subscriptions(max: usize) -> Self {
        let message = format!("a connection has {max} subscriptions at most: end one, or open another connection");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_subscriptions", message)
    }

    pub(super) fn internal() -> Self {
        let message = "this went wrong here, and the log of this process says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        tracing::error!(%error, "the state cannot be read");
        Self::internal()
    }
}

impl From<ledger::ReadError> for Refusal {
    fn from(error: ledger::ReadError) -> Self {
        tracing::warn!(%error, "the admin API cannot read");
        Self::unavailable("the state is not up to date at the moment: try again")
    }
}

impl From<InvalidQuery> for Refusal {
    fn from(error: InvalidQuery) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<FeedError> for Refusal {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Beyond { .. } => Self::beyond_the_log(error.to_string()),
            FeedError::Ended => Self::unavailable("this process is stopping: ask another one, or try again"),
            FeedError::Unavailable(error) => error.into(),
            FeedError::Unreadable { .. } => {
                tracing::error!(%error, "an event cannot be read");
                Self::internal()
            }
        }
    }
}

impl From<HashError> for Refusal {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::busy(),
            HashError::Damaged | HashError::Failed => {
                tracing::error!(%error, "a password cannot be checked");
                Self::internal()
            }
        }
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "weak_password", error.to_string())
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Rejected(rejection) => rejection.into(),
            CommitError::Unavailable(_) | CommitError::Busy => {
                tracing::warn!(%error, "a command of the admin API was refused");
                Self::unavailable("the event log takes no writes at the moment: nothing was changed, try again")
            }
            CommitError::Unknown => {
                tracing::warn!(%error, "the outcome of a command of the admin API is unknown");
                Self::unavailable("the outcome was not known in time, it may still happen: look before you try again")
            }
            CommitError::Stopped(_) => {
                tracing::error!(%error, "a command of the admin API met a stopped ledger");
                Self::unavailable("this gateway takes no writes until it is restarted")
            }
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NoSuchBucket => Self::not_found("there is no such bucket"),
            Rejection::Identity(rejection) => rejection.into(),
            Rejection::Target(TargetRejection::NoSuch(_)) => Self::not_found("there is no such target"),
            Rejection::Link(LinkRejection::NoSuch(_)) => Self::not_found("there is no such link"),
            Rejection::NoSuchNode => Self::not_found("no storage node of this name has joined"),
            Rejection::NodeRemoved => {
                Self::conflict("the storage node was removed: `planetstore node resume` takes it back")
            }
            Rejection::NodeInUse { shards } => Self::conflict(format!(
                "{shards} shards are placed on it. Have them moved first with `planetstore node drain`, and remove it \
                 once `planetstore node list` shows none. If its disk is lost for good, remove it with --force (`force` \
                 in the API): its shards are given up, and rebuilt from the others of their contents"
            )),
            Rejection::JudgedByOther => {
                Self::unavailable("who may do what changes all the time: nothing was done, try again")
            }
            // The commands of this API meet no other.
            other => Self::conflict(other.to_string()),
        }
    }
}

impl From<IdentityRejection> for Refusal {
    fn from(rejection: IdentityRejection) -> Self {
        let message = rejection.to_string();
        match rejection {
            // Nobody has the password that was proven, not any more.
            IdentityRejection::NoSuch(_) | IdentityRejection::PasswordChanged => Self::not_found(message),
            IdentityRejection::BuiltIn(_) | IdentityRejection::HeldByAdmin => Self::forbidden(message),
            IdentityRejection::Exists(_)
            | IdentityRejection::EmailTaken
            | IdentityRejection::OtherMasterKey
            | IdentityRejection::UserIdTaken
            | IdentityRejection::PolicyInUse
            | IdentityRejection::TooMany { .. } => Self::conflict(message),
        }
    }
}
