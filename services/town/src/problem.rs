//! What went wrong, told so that it can be mended: the fault, the place, the remedy. And the exit code that scripts see.

use std::fmt;
use std::io;
use std::process::ExitCode;

use runtime::directory::Trouble;
use runtime::log::Fault;
use runtime::refusal::{SeenRefusal, read};
use serde_json::{Value, json};
use tonic::{Code, Status};
use vocabulary::RequestId;

/// The exit codes, as `townlink --help` documents them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// The machine could not.
    Failed = 1,
    /// The command was not understood.
    Usage = 2,
    /// The town said no.
    Refused = 3,
    /// A service is away, or did not answer in time.
    Unavailable = 4,
    /// A signature, a digest or a proof does not hold.
    Unverified = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// How the town says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// By a rule, with its code.
    Refused,
    /// There is no such thing, or none that the caller may know of.
    NotFound,
    /// The request is not well formed.
    Malformed,
}

impl No {
    const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NotFound => "not found",
            Self::Malformed => "malformed",
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Problem {
    /// The command, or a file that it names, is not what it should be.
    Usage {
        /// What is wrong.
        fault: String,
        /// What to do.
        remedy: String,
    },
    /// The town says no.
    Refused {
        /// What was called.
        place: String,
        /// How it says so.
        kind: No,
        /// What the town says.
        refusal: Box<SeenRefusal>,
    },
    /// A service is away or did not answer in time. Whether the call took effect is not known.
    Unavailable {
        /// What was called.
        place: String,
        /// What is known of the cause.
        fault: String,
        /// The id under which a change can be repeated without doing it twice.
        request: Option<RequestId>,
    },
    /// A certificate or an address is wrong, so that no attempt will reach the service.
    Unreached {
        /// What was called.
        place: String,
        /// Why it is not reached.
        trouble: Trouble,
    },
    /// A signature, a digest or a proof does not hold.
    Unverified(Fault),
    /// The machine could not.
    Failed {
        /// Where.
        place: String,
        /// Why.
        fault: String,
        /// The id under which a change can be repeated without doing it twice.
        request: Option<RequestId>,
    },
    /// Whoever read the output has closed it. Not a fault.
    Closed,
}

impl Problem {
    /// A command or file that is not what it should be.
    pub fn usage(fault: impl fmt::Display, remedy: impl Into<String>) -> Self {
        Self::Usage { fault: fault.to_string(), remedy: remedy.into() }
    }

    /// Something that the machine could not do.
    pub fn failed(place: impl Into<String>, fault: impl fmt::Display) -> Self {
        Self::Failed { place: place.into(), fault: fault.to_string(), request: None }
    }

    /// What a status of a call means. `request` is the id of the call where it changes something.
    pub fn of_status(place: &str, status: &Status, request: Option<RequestId>) -> Self {
        let place = place.to_owned();
        match Trouble::of_status(status) {
            // Nothing was sent, so nothing needs to be repeated with care.
            Some(trouble) if !trouble.may_pass() => return Self::Unreached { place, trouble: trouble.clone() },
            Some(trouble) => return Self::Unavailable { place, fault: trouble.to_string(), request },
            None => {}
        }
        let seen = read(status);
        let message = status.message();
        let fault = if message.is_empty() { format!("{:?}", status.code()) } else { message.to_owned() };
        // Only a status that was made here has a cause: the call broke off before the service answered.
        if std::error::Error::source(status).is_some() && matches!(status.code(), Code::Unknown | Code::Internal) {
            return Self::Unavailable { place, fault, request };
        }
        match status.code() {
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => {
                Self::Unavailable { place, fault, request }
            }
            Code::Aborted => Self::Unavailable { place, fault, request: None },
            Code::Ok | Code::Unknown | Code::OutOfRange | Code::Unimplemented | Code::Internal | Code::DataLoss => {
                let trace = seen.map(|seen| seen.trace).or_else(|| trace(status)).unwrap_or_default();
                let fault = if trace.is_empty() { fault } else { format!("{fault} (trace {trace})") };
                Self::Failed { place, fault, request }
            }
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Unauthenticated => {
                let refusal = seen.unwrap_or_else(|| SeenRefusal { message: fault, ..SeenRefusal::default() });
                let kind = if status.code() == Code::NotFound {
                    No::NotFound
                } else if status.code() == Code::InvalidArgument && refusal.code.is_empty() {
                    No::Malformed
                } else {
                    No::Refused
                };
                Self::Refused { place, kind, refusal: Box::new(refusal) }
            }
        }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            // A malformed field is the command's fault, not a decision of the town.
            Self::Refused { kind: No::Malformed, .. } => Exit::Usage,
            Self::Refused { .. } => Exit::Refused,
            Self::Unavailable { .. } => Exit::Unavailable,
            Self::Unverified(_) => Exit::Unverified,
            Self::Failed { .. } | Self::Unreached { .. } => Exit::Failed,
            Self::Closed => Exit::Ok,
        }
    }

    /// The problem for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let exit = self.exit() as u8;
        let error = match self {
            Self::Usage { fault, remedy } => json!({"kind": "usage", "fault": fault, "remedy": remedy}),
            Self::Refused { place, kind, refusal } => {
                let violations: Vec<_> = refusal
                    .violations
                    .iter()
                    .map(|it| json!({"field": it.field, "code": it.code, "message": it.message}))
                    .collect();
                json!({
                    "kind": kind.name(), "place": place, "code": refusal.code, "law": refusal.law, "fault": refusal.message,
                    "remedy": refusal.remedy, "violations": violations,
                })
            }
            Self::Unavailable { place, fault, request } => {
                json!({"kind": "unavailable", "place": place, "fault": fault, "requestId": request.map(|it| it.to_string())})
            }
            Self::Unreached { place, trouble } => json!({
                "kind": "unreached", "place": place, "rule": trouble.rule(), "fault": trouble.to_string(), "remedy": trouble.remedy(),
            }),
            Self::Unverified(it) => {
                json!({"kind": "unverified", "place": it.place, "fault": it.fault, "remedy": it.remedy})
            }
            Self::Failed { place, fault, request } => {
                json!({"kind": "failed", "place": place, "fault": fault, "requestId": request.map(|it| it.to_string())})
            }
            Self::Closed => json!({"kind": "closed"}),
        };
        json!({"exit": exit, "error": error})
    }
}

/// A failure carries its trace id in the metadata even where it has no details.
fn trace(status: &Status) -> Option<String> {
    let value = status.metadata().get(runtime::refusal::TRACE_HEADER)?;
    value.to_str().ok().map(str::to_owned)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { fault, remedy } => write!(f, "error: {fault}\n  remedy: {remedy}"),
            Self::Refused { place, kind, refusal } => show_refusal(f, place, *kind, refusal),
            Self::Unavailable { place, fault, request } => {
                write!(
                    f,
                    "unavailable: {fault}\n  place:  {place}\n  remedy: try again; `townlink up` starts a town, --data-dir names another"
                )?;
                repeat(f, *request)
            }
            Self::Unreached { place, trouble } => {
                let (rule, remedy) = (trouble.rule(), trouble.remedy());
                write!(f, "not reached: {rule}: {trouble}\n  place:  {place}\n  remedy: {remedy}")
            }
            Self::Unverified(Fault { place, fault, remedy }) => {
                write!(f, "does not verify: {fault}\n  place:  {place}\n  remedy: {remedy}")
            }
            Self::Failed { place, fault, request } => {
                write!(f, "failed: {fault}\n  place:  {place}")?;
                repeat(f, *request)
            }
            Self::Closed => f.write_str("the output was closed"),
        }
    }
}

fn show_refusal(f: &mut fmt::Formatter<'_>, place: &str, kind: No, refusal: &SeenRefusal) -> fmt::Result {
    let code = if refusal.code.is_empty() { String::new() } else { format!("{}: ", refusal.code) };
    write!(f, "{}: {code}{}\n  place:  {place}", kind.name(), refusal.message)?;
    if !refusal.law.is_empty() {
        write!(f, "\n  law:    {}", refusal.law)?;
    }
    if !refusal.remedy.is_empty() {
        write!(f, "\n  remedy: {}", refusal.remedy)?;
    }
    for fault in &refusal.violations {
        let code = if fault.code.is_empty() { String::new() } else { format!("{}: ", fault.code) };
        let field = if fault.field.is_empty() { String::new() } else { format!("{}: ", fault.field) };
        write!(f, "\n  - {field}{code}{}", fault.message)?;
    }
    Ok(())
}

fn repeat(f: &mut fmt::Formatter<'_>, request: Option<RequestId>) -> fmt::Result {
    match request {
        Some(request) => {
            write!(f, "\n  repeat: the same command with --request-id {request}; it takes effect at most once")
        }
        None => Ok(()),
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Unverified(fault)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::failed("this machine", error)
    }
}
