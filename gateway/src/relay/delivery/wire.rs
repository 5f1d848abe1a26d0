//! What the office and the journal are told of deliveries.

use prost::Message as _;
use runtime::journal::Record;
use runtime::refusal::Failure;
use runtime::refusal::fields::instant_to_wire;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::{Institution, Timestamp};

use super::store::{Place, Queued};
use crate::relay::findings::HELD;
use crate::relay::paper::state::PaperName;
use crate::relay::paper::wire::digest_to_wire;

/// A delivery as its sender sees it.
pub(super) fn delivery(
    recipient: String,
    number: i64,
    state: &str,
    ended: Option<Timestamp>,
    return_code: String,
) -> Result<pb::Delivery, Failure> {
    let state = match state {
        "HELD" => pb::DeliveryState::Held,
        "QUEUED" => pb::DeliveryState::Queued,
        "DELIVERED" => pb::DeliveryState::Delivered,
        "RETURNED" => pb::DeliveryState::Returned,
        other => return Err(Failure::internal(format!("a delivery is {other}"))),
    };
    Ok(pb::Delivery { recipient, number, state: state.into(), end_time: ended.map(instant_to_wire), return_code })
}

/// The word under which a receipt is kept.
pub(crate) const fn receipt_word(kind: pb::ReceiptType) -> &'static str {
    match kind {
        pb::ReceiptType::SignedFor => "SIGNED_FOR",
        pb::ReceiptType::Returned => "RETURNED",
        pb::ReceiptType::Completed => "COMPLETED",
        pb::ReceiptType::Received => "RECEIVED",
        pb::ReceiptType::Unspecified => "",
    }
}

/// The name under which the journal keeps a delivery.
fn subject(name: &PaperName, recipient: Institution) -> String {
    format!("{name}/deliveries/{recipient}")
}

/// A delivery got its number.
pub(super) fn numbered(name: &PaperName, recipient: Institution, place: Place, copy: bool) -> Record {
    let event = pb::DeliveryNumbered {
        paper: name.to_string(),
        recipient: recipient.code().to_owned(),
        number: place.number,
        previous_digest: place.previous.map(digest_to_wire).unwrap_or_default(),
        copy,
    };
    Record::of(&event, subject(name, recipient))
}

/// A delivery ended.
pub(crate) fn ended(
    name: &PaperName,
    recipient: Institution,
    number: i64,
    code: Option<&str>,
    at: Timestamp,
) -> Record {
    let state = if code.is_some() { pb::DeliveryState::Returned } else { pb::DeliveryState::Delivered };
    let event = pb::DeliveryEnded {
        paper: name.to_string(),
        recipient: recipient.code().to_owned(),
        number,
        state: state.into(),
        return_code: code.unwrap_or_default().to_owned(),
        end_time: Some(instant_to_wire(at)),
    };
    Record::of(&event, subject(name, recipient))
}

/// A delivery that had a number lost its paper.
pub(super) fn buried(name: &PaperName, recipient: Institution, code: &str) -> Record {
    let event =
        pb::DeliveryBuried { paper: name.to_string(), recipient: recipient.code().to_owned(), code: code.to_owned() };
    Record::of(&event, subject(name, recipient))
}

/// The office decided about a paper that was held, or quarantined one that was queued.
pub(crate) fn hold_ended(name: &PaperName, verdict: Result<(), String>) -> Record {
    let released = verdict.is_ok();
    let event = pb::HoldEnded { paper: name.to_string(), released, reason: verdict.err().unwrap_or_default() };
    Record::of(&event, format!("{name}/hold"))
}

/// What the office is told of a delivery. A tombstone has a number and a digest, and no content.
pub(crate) fn deliver(queued: &Queued, recipient: Institution) -> Result<office::DeliverRequest, Failure> {
    let bare = office::DeliverRequest {
        recipient: recipient.code().to_owned(),
        sender: queued.name.sender.to_string(),
        number: queued.place.number,
        previous_digest: queued.place.previous.map(digest_to_wire).unwrap_or_default(),
        paper: queued.name.to_string(),
        payload_digest: digest_to_wire(queued.digest),
        copy: queued.copy,
        ..office::DeliverRequest::default()
    };
    if queued.tombstone.is_some() {
        return Ok(bare);
    }
    let particulars = pb::PaperAccepted::decode(&*queued.particulars).map_err(Failure::internal)?;
    let summary = values::PaperSummary::decode(&*queued.summary).map_err(Failure::internal)?;
    Ok(office::DeliverRequest {
        payload: queued.payload.clone(),
        signatures: particulars.signatures,
        summary: Some(summary),
        findings: particulars.findings.into_iter().map(|finding| told(finding, recipient)).collect(),
        attachments: particulars.attachments,
        accept_time: particulars.accept_time,
        ..bare
    })
}

/// A bureau gets a held paper only after OFFICE looked at it; the finding then tells of that and stops nothing.
fn told(finding: values::Finding, recipient: Institution) -> values::Finding {
    let blocking = finding.blocking && (recipient == Institution::Office || finding.code != HELD);
    values::Finding { blocking, ..finding }
}
