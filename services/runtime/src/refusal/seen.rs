//! What a client reads out of a status: for the command line, for services that pass a peer's no on, and for tests.

use prost::Message as _;
use tonic::Status;
use tonic_types::pb;

use super::TRACE_HEADER;
use super::wire::{ErrorInfo, type_url};

/// A refusal, as a client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenRefusal {
    /// The reason, such as `AU_RETRO`; empty where the status carries none.
    pub reason: String,
    /// The service that refused, such as `office.townlink`.
    pub domain: String,
    /// The code that people see, such as `AU-RETRO`.
    pub code: String,
    /// The rule that the refusal rests on.
    pub law: String,
    /// What is refused, in English.
    pub message: String,
    /// What to do next, in Chinese; empty where nothing is said.
    pub remedy: String,
    /// The variables that the message shows, in the order of their names.
    pub variables: Vec<(String, String)>,
    /// The single faults of the input.
    pub violations: Vec<SeenViolation>,
    /// The trace id of a failure; empty for a refusal.
    pub trace: String,
}

/// A fault, as a client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenViolation {
    /// The field or row.
    pub field: String,
    /// The code, such as `AU-DATE`; empty where the input is merely malformed.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

/// Reads a status that carries details: a refusal, or a malformed request with its faults. `None` for a bare status.
#[must_use]
pub fn read(status: &Status) -> Option<SeenRefusal> {
    let details = pb::Status::decode(status.details()).ok()?.details;
    if details.is_empty() {
        return None;
    }
    let mut seen = SeenRefusal { message: status.message().to_owned(), ..SeenRefusal::default() };
    if let Some(trace) = status.metadata().get(TRACE_HEADER).and_then(|trace| trace.to_str().ok()) {
        trace.clone_into(&mut seen.trace);
    }
    for detail in &details {
        let value = detail.value.as_slice();
        if detail.type_url == type_url("ErrorInfo") {
            let mut info = ErrorInfo::decode(value).ok()?;
            seen.code = info.metadata.remove("code").unwrap_or_default();
            seen.law = info.metadata.remove("law").unwrap_or_default();
            seen.variables = info.metadata.into_iter().collect();
            seen.reason = info.reason;
            seen.domain = info.domain;
        } else if detail.type_url == type_url("LocalizedMessage") {
            seen.remedy = pb::LocalizedMessage::decode(value).ok()?.message;
        } else if detail.type_url == type_url("BadRequest") {
            let faults = pb::BadRequest::decode(value).ok()?.field_violations;
            seen.violations = faults.into_iter().map(SeenViolation::from).collect();
        }
    }
    Some(seen)
}

impl From<pb::bad_request::FieldViolation> for SeenViolation {
    fn from(fault: pb::bad_request::FieldViolation) -> Self {
        Self { field: fault.field, code: fault.reason.replace('_', "-"), message: fault.description }
    }
}
