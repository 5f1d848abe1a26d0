//! The two kinds of no.
//!
//! A [`Refusal`] is the town's: decided, journalled and stored like an answer. A [`Failure`] is the machine's: nothing is
//! stored, the cause goes to the log, the caller gets a trace id. This file and generated code are the only places that make
//! a `tonic::Status`.
//!
//! - [`fields`]: the fields of a request, and every fault of them.
//! - [`ground`]: the code, law and status of each reason, read from the contract.
//! - [`wire`]: refusals as bytes, in the form of AIP-193.
//! - [`seen`]: what a client reads out of a status.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use tonic::{Code, Status};
use townlink_proto::townlink::errors::v1::ErrorReason;

use crate::caller::ServiceName;
use crate::telemetry;

pub mod fields;
pub mod ground;
pub mod seen;
pub mod wire;

pub use ground::{Ground, ground};
pub use seen::{SeenRefusal, SeenViolation, read};

/// The metadata key under which a failure carries its trace id.
pub const TRACE_HEADER: &str = "townlink-trace";

/// When a client may try again after a failure that passes by itself.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// One fault of one field or row of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, or `row=3,column=mode` for a row of a file.
    pub field: String,
    /// The code of the fault, such as `AU-DATE`; empty where the input is merely malformed.
    pub code: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Violation {
    /// A fault of a field that has no code of its own.
    #[must_use]
    pub fn malformed(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: "", message: message.into() }
    }
}

/// The town says no: the reason, and all that a person needs to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason; its code, law and status are fixed in the contract.
    pub reason: ErrorReason,
    /// What is refused, in English, for developers.
    pub message: String,
    /// What to do next, in Chinese, for the person at the window.
    pub remedy: String,
    /// Every variable that the message shows.
    pub variables: Vec<(&'static str, String)>,
    /// The single faults, where the input has several.
    pub violations: Vec<Violation>,
}

impl Refusal {
    /// A refusal with its message for developers and its remedy for the person at the window.
    #[must_use]
    pub fn new(reason: ErrorReason, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason, message: message.into(), remedy: remedy.into(), variables: Vec::new(), violations: Vec::new() }
    }

    /// With a variable that the message shows. `name` is the resource or subject that the refusal is about.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((key, value.into()));
        self
    }

    /// With the single faults of the input.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.violations = violations;
        self
    }

    /// The code, law and status of the reason.
    #[must_use]
    pub fn ground(&self) -> &'static Ground {
        ground(self.reason)
    }

    /// The refusal as the bytes of a `google.rpc.Status`: what is stored, and what is sent.
    #[must_use]
    pub fn encode(&self, service: ServiceName) -> Bytes {
        wire::encode(self, service)
    }
}

/// The machine could not. The cause is for the log and never reaches the caller.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A service or a database is away for now; the caller may try again.
    #[error("{what} is away")]
    Unavailable {
        /// What is away.
        what: &'static str,
        /// Why.
        #[source]
        cause: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// Others kept changing the same thing.
    #[error("the state moved too often; try again")]
    Contention,
    /// A limit of this process is reached.
    #[error("{0} is full")]
    Exhausted(&'static str),
    /// A bug, or a damaged row.
    #[error("internal failure")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl Failure {
    /// A bug or a damaged row, told by a text or by its cause.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Something that is away, and why.
    pub fn unavailable(what: &'static str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable { what, cause: Some(cause.into()) }
    }
}

/// Why a call was not answered with what was asked.
#[derive(Debug)]
pub enum Denial {
    /// The town says no.
    Refused(Box<Refusal>),
    /// The town said no, and these are the exact bytes (a `google.rpc.Status`) that are stored and sent.
    Stored(Bytes),
    /// The request is malformed; all faults at once. Nothing is stored.
    Malformed(Vec<Violation>),
    /// There is no such resource.
    NotFound {
        /// The kind of resource, such as `office.townlink/Paper`.
        kind: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// The etag of the request is not the resource's.
    EtagMismatch,
    /// The machine could not.
    Failed(Failure),
}

impl Denial {
    /// What a timer or a reaction makes of a no that its own rules should have foreseen. A lost race stays one.
    #[must_use]
    pub fn unforeseen(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            denial @ (Self::Refused(_)
            | Self::Stored(_)
            | Self::Malformed(_)
            | Self::NotFound { .. }
            | Self::EtagMismatch) => Failure::internal(format!("nobody asked, and the answer is no: {denial:?}")),
        }
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Failure> for Denial {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Vec<Violation>> for Denial {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Malformed(violations)
    }
}

impl From<Violation> for Denial {
    fn from(violation: Violation) -> Self {
        Self::Malformed(vec![violation])
    }
}

impl From<Denial> for Status {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Refused(refusal) => refused(&refusal, telemetry::current_service()),
            Denial::Stored(bytes) => stored(bytes),
            Denial::Malformed(violations) => {
                with_details(Code::InvalidArgument, "the request is malformed", vec![wire::bad_request(&violations)])
            }
            Denial::NotFound { kind, name } => {
                let message = format!("{name} does not exist");
                with_details(Code::NotFound, &message, vec![wire::resource(kind, &name)])
            }
            Denial::EtagMismatch => with_details(
                Code::Aborted,
                "the resource has changed since its etag was read; read it again",
                vec![wire::retry(Duration::ZERO)],
            ),
            Denial::Failed(failure) => failed(&failure),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refused(&refusal, telemetry::current_service())
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        failed(&failure)
    }
}

/// The status of a refusal by a service.
#[must_use]
pub fn refused(refusal: &Refusal, service: ServiceName) -> Status {
    stored(refusal.encode(service))
}

/// The status that bytes of [`Refusal::encode`] stand for. Bytes that do not decode are a damaged row.
#[must_use]
pub fn stored(bytes: Bytes) -> Status {
    match wire::head(&bytes) {
        Ok((code, message)) => Status::with_details(code, message, bytes),
        Err(cause) => failed(&Failure::internal(cause)),
    }
}

/// Logs a failure with its whole chain of causes, and makes the status that hides them.
fn failed(failure: &Failure) -> Status {
    let trace = telemetry::current_trace();
    let service = telemetry::current_service();
    match failure {
        // Under load this happens to thousands of calls a second; the metrics count them.
        Failure::Exhausted(_) | Failure::Contention => tracing::debug!(%trace, %service, "call failed: {failure}"),
        Failure::Unavailable { .. } | Failure::Internal(_) => {
            tracing::error!(%trace, %service, "call failed: {}", telemetry::chain(failure));
        }
    }
    let (code, details) = match failure {
        Failure::Unavailable { .. } => (Code::Unavailable, vec![wire::retry(RETRY_AFTER)]),
        Failure::Contention => (Code::Aborted, vec![wire::retry(Duration::ZERO)]),
        Failure::Exhausted(_) => (Code::ResourceExhausted, vec![wire::retry(RETRY_AFTER)]),
        Failure::Internal(_) => (Code::Internal, Vec::new()),
    };
    let mut status = with_details(code, &failure.to_string(), details);
    if let Ok(value) = trace.to_string().parse() {
        status.metadata_mut().insert(TRACE_HEADER, value);
    }
    status
}

/// The caller's credential is absent or bad. Tells how to mend it, and nothing about the cell.
#[must_use]
pub(crate) fn unauthenticated(message: &str) -> Status {
    Status::unauthenticated(message)
}

/// The call took longer than its deadline.
#[must_use]
pub(crate) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed; whether it took effect is known by its request_id")
}

/// A message is larger than this service takes.
#[must_use]
pub(crate) fn oversize(limit: usize) -> Status {
    with_details(Code::ResourceExhausted, &format!("a message may have at most {limit} bytes"), Vec::new())
}

/// The body of a unary request is not one plain message.
#[must_use]
pub(crate) fn misframed(fault: &str) -> Status {
    with_details(Code::InvalidArgument, &format!("the body of the request {fault}"), Vec::new())
}

/// The body of a request ended before its time: the client hung up, or the connection was lost.
#[must_use]
pub(crate) fn broken_body(cause: Box<dyn StdError + Send + Sync>) -> Status {
    Status::from_error(cause)
}

/// No contract of this service has the method.
#[must_use]
pub(crate) fn unknown_method(path: &str) -> Status {
    Status::unimplemented(format!("{path} is not served here"))
}

/// A long stream ends so that its connection can be moved; the client resumes by position.
#[must_use]
pub(crate) fn stream_over() -> Status {
    with_details(Code::Unavailable, "the stream ends here; resume it by position", vec![wire::retry(Duration::ZERO)])
}

/// A watcher asked to go on from where the journal has not come.
pub(crate) fn beyond_journal(position: i64, last: i64) -> Status {
    Status::out_of_range(format!("position {position} lies beyond the end of the journal, {last}"))
}

fn with_details(code: Code, message: &str, details: Vec<prost_types::Any>) -> Status {
    Status::with_details(code, message, wire::status(code, message, details))
}

#[cfg(test)]
mod tests;
