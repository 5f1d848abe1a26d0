//! Refusals as bytes: a `google.rpc.Status` in the form of AIP-193, made so that one refusal has one encoding.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use prost_types::Any;
use tonic::Code;
use tonic_types::pb;

use super::{Refusal, Violation};
use crate::caller::ServiceName;

/// How many bytes of details a status may carry. They travel in a header, and the usual gRPC clients cut headers at 8 KiB;
/// base64 makes 4 bytes of 3.
const DETAILS_LENGTH_MAX: usize = 5 * 1024;

/// `google.rpc.ErrorInfo` with its metadata in order; a hash map would encode one refusal in many ways.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ErrorInfo {
    #[prost(string, tag = "1")]
    pub reason: String,
    #[prost(string, tag = "2")]
    pub domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub metadata: BTreeMap<String, String>,
}

/// The type URL of a detail.
pub(super) fn type_url(name: &str) -> String {
    format!("type.googleapis.com/google.rpc.{name}")
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: type_url(name), value: message.encode_to_vec() }
}

/// Encodes a refusal of a service.
pub(super) fn encode(refusal: &Refusal, service: ServiceName) -> Bytes {
    let ground = refusal.ground();
    let mut metadata =
        BTreeMap::from([("code".to_owned(), ground.code.clone()), ("law".to_owned(), ground.law.clone())]);
    metadata.extend(refusal.variables.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    let info = ErrorInfo { reason: ground.reason.to_owned(), domain: format!("{service}.townlink"), metadata };
    let mut details = vec![any("ErrorInfo", &info)];
    if !refusal.remedy.is_empty() {
        let message = pb::LocalizedMessage { locale: "zh-CN".to_owned(), message: refusal.remedy.clone() };
        details.push(any("LocalizedMessage", &message));
    }
    if ground.status == Code::FailedPrecondition {
        let violation = pb::precondition_failure::Violation {
            r#type: ground.code.clone(),
            subject: variable(refusal, "name"),
            description: refusal.message.clone(),
        };
        details.push(any("PreconditionFailure", &pb::PreconditionFailure { violations: vec![violation] }));
    }
    if ground.status == Code::AlreadyExists {
        let resource = pb::ResourceInfo { resource_name: variable(refusal, "name"), ..Default::default() };
        details.push(any("ResourceInfo", &resource));
    }
    if !refusal.violations.is_empty() {
        details.push(bad_request(&refusal.violations));
    }
    status(ground.status, &refusal.message, details)
}

fn variable(refusal: &Refusal, key: &str) -> String {
    refusal.variables.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Encodes a status.
pub(super) fn status(code: Code, message: &str, details: Vec<Any>) -> Bytes {
    pb::Status { code: code as i32, message: message.to_owned(), details }.encode_to_vec().into()
}

/// The code and message of an encoded status.
pub(super) fn head(bytes: &Bytes) -> Result<(Code, String), prost::DecodeError> {
    let status = pb::Status::decode(bytes.clone())?;
    Ok((Code::from_i32(status.code), status.message))
}

/// All faults of a request, as many as a header holds; the last entry then says how many are left out.
pub(super) fn bad_request(violations: &[Violation]) -> Any {
    let mut shown = Vec::new();
    let mut room = DETAILS_LENGTH_MAX;
    for violation in violations {
        let next = pb::bad_request::FieldViolation {
            field: violation.field.clone(),
            description: violation.message.clone(),
            reason: violation.code.replace('-', "_"),
            localized_message: None,
        };
        let length = next.encoded_len() + 8;
        if length > room {
            break;
        }
        room -= length;
        shown.push(next);
    }
    let left = violations.len() - shown.len();
    if left > 0 {
        let description = format!("and {left} more");
        shown.push(pb::bad_request::FieldViolation { description, ..Default::default() });
    }
    any("BadRequest", &pb::BadRequest { field_violations: shown })
}

/// The resource that a call named.
pub(super) fn resource(kind: &str, name: &str) -> Any {
    let info =
        pb::ResourceInfo { resource_type: kind.to_owned(), resource_name: name.to_owned(), ..Default::default() };
    any("ResourceInfo", &info)
}

/// When to try again.
pub(super) fn retry(after: Duration) -> Any {
    let delay = prost_types::Duration {
        seconds: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(after.subsec_nanos()).unwrap_or_default(),
    };
    any("RetryInfo", &pb::RetryInfo { retry_delay: Some(delay) })
}
