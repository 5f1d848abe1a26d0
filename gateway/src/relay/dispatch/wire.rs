//! Dispatches and their receipts, between the contract and the state.

use bytes::Bytes;
use runtime::journal::{self, Record};
use runtime::refusal::Denial;
use runtime::refusal::fields::{Fields, instant_to_wire};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::{DepartmentCode, Sm3Digest, Timestamp};

use super::state::{Acknowledge, DispatchName, Event, Kind};
use crate::relay::envelope::AttachmentRef;
use crate::relay::paper::wire::digest_to_wire;

/// The longest reason, in characters.
pub(super) const REASON_MAX: usize = 500;

/// The longest receipt of a department, in bytes.
pub(super) const RECEIPT_BYTES_MAX: usize = 16 * 1024;

/// A dispatch that is not there.
pub(super) fn not_found(name: &str) -> Denial {
    Denial::NotFound { kind: "gateway.townlink/Dispatch", name: name.to_owned() }
}

/// Reads the name of a dispatch.
pub(super) fn name(name: &str) -> Result<DispatchName, Denial> {
    let mut fields = Fields::new();
    let parsed = named(&mut fields, name);
    fields.finish(parsed)
}

fn named(fields: &mut Fields, name: &str) -> Option<DispatchName> {
    fields.need("name", DispatchName::parse(name), "must be departments/{code}/dispatches/{number}")
}

/// Reads the parent of a list: a department.
pub(super) fn parent(parent: &str) -> Result<DepartmentCode, Denial> {
    let mut fields = Fields::new();
    let code = parent.strip_prefix("departments/").map(DepartmentCode::parse).and_then(Result::ok);
    let code = fields.need("parent", code, "must be departments/{code}");
    fields.finish(code)
}

/// Reads the last number that a client has.
pub(super) fn after_number(after: i64) -> Result<i64, Denial> {
    let mut fields = Fields::new();
    let after = fields.need("after_number", (after >= 0).then_some(after), "must not be negative");
    fields.finish(after)
}

/// Reads a receipt of a department.
pub(super) fn acknowledge(request: pb::AcknowledgeDispatchRequest) -> Result<Acknowledge, Denial> {
    let mut fields = Fields::new();
    let name = named(&mut fields, &request.name);
    let kind = fields.need("type", kind(request.r#type()), "must be RECEIVED, SIGNED_FOR, RETURNED or COMPLETED");
    let reason = match kind {
        Some(Kind::Returned) => fields.text("reason", request.reason, REASON_MAX),
        Some(Kind::Received | Kind::SignedFor | Kind::Completed) | None => {
            fields.need("reason", request.reason.is_empty().then(String::new), "is given for a return only")
        }
    };
    if request.receipt.len() > RECEIPT_BYTES_MAX {
        fields.fault("receipt", "", format_args!("must have at most {RECEIPT_BYTES_MAX} bytes"));
    }
    let built = (|| Some(Acknowledge { name: name?, kind: kind?, reason: reason?, receipt: request.receipt }))();
    fields.finish(built)
}

/// The kind of a receipt.
pub(super) const fn kind(kind: pb::ReceiptType) -> Option<Kind> {
    match kind {
        pb::ReceiptType::Received => Some(Kind::Received),
        pb::ReceiptType::SignedFor => Some(Kind::SignedFor),
        pb::ReceiptType::Returned => Some(Kind::Returned),
        pb::ReceiptType::Completed => Some(Kind::Completed),
        pb::ReceiptType::Unspecified => None,
    }
}

/// A receipt of a department, as it sees it.
pub(super) fn shown(kind: Kind, reason: String, at: Timestamp, receipt: Bytes) -> pb::DispatchAcknowledgement {
    let kind = match kind {
        Kind::Received => pb::ReceiptType::Received,
        Kind::SignedFor => pb::ReceiptType::SignedFor,
        Kind::Returned => pb::ReceiptType::Returned,
        Kind::Completed => pb::ReceiptType::Completed,
    };
    pb::DispatchAcknowledgement { r#type: kind.into(), reason, time: Some(instant_to_wire(at)), receipt }
}

/// An attachment of the town's own paper. It was looked through before it was sent.
pub(super) fn attachment(named: &AttachmentRef) -> values::Attachment {
    values::Attachment {
        name: named.name.clone(),
        size_bytes: i64::try_from(named.size_bytes).unwrap_or(i64::MAX),
        digest: digest_to_wire(named.digest),
        screened: true,
    }
}

/// The digest of a department's own receipt, in hexadecimal digits; empty where it sent none.
pub(super) fn receipt_digest(receipt: &[u8]) -> String {
    if receipt.is_empty() { String::new() } else { Sm3Digest::of(receipt).to_string() }
}

impl journal::Event for Event {
    fn record(&self) -> Record {
        let Acknowledge { name, kind, reason, receipt } = &self.acknowledge;
        let event = pb::DispatchReceipt {
            dispatch: self.dispatch.clone(),
            department: name.department.to_string(),
            r#type: kind.word().to_owned(),
            reason: reason.clone(),
            time: Some(instant_to_wire(self.at)),
            receipt_digest: receipt_digest(receipt),
        };
        Record::of(&event, name.to_string())
    }
}

/// A department does not get a dispatch: the office is told as if it had come back.
pub(super) fn unsent(dispatch: &str, department: &str, reason: String, at: Timestamp) -> Record {
    let event = pb::DispatchReceipt {
        dispatch: dispatch.to_owned(),
        department: department.to_owned(),
        r#type: Kind::Returned.word().to_owned(),
        reason,
        time: Some(instant_to_wire(at)),
        receipt_digest: String::new(),
    };
    Record::of(&event, format!("{dispatch}/departments/{department}"))
}
