//! Papers, between the contract and the state.

use bytes::Bytes;
use prost::Message as _;
use runtime::journal::Record;
use runtime::refusal::fields::{Fields, instant, instant_to_wire};
use runtime::refusal::{Denial, Failure};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::text::is_plain;
use vocabulary::{DepartmentCode, RequestId, Sm3Digest, Timestamp};

use super::state::{Attachment, Destination, Examined, Incoming, PaperName, Passage, Screening, SignatureLine};
use crate::refusal::{AttachmentFault, Refusal};
use crate::relay::addressing::Purpose;
use crate::relay::envelope::Envelope;
use crate::relay::findings::{Finding, Weight};
use crate::relay::following::store::Fate;

/// The most signatures of one paper.
const SIGNATURES_MAX: usize = 4;

/// The longest id of a key and name of an algorithm, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The longest signature, in bytes.
const SIGNATURE_BYTES_MAX: usize = 256;

/// A request to issue a paper, before its payload is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// The payload.
    pub payload: Bytes,
    /// The signatures.
    pub signatures: Vec<SignatureLine>,
    /// When the sender sent it, by his own clock.
    pub send_time: Option<Timestamp>,
}

/// Reads a request to issue a paper.
pub(super) fn issue(request: pb::IssuePaperRequest) -> Result<Issue, Denial> {
    let mut fields = Fields::new();
    if request.signatures.len() > SIGNATURES_MAX {
        fields.fault("signatures", "", format_args!("must be at most {SIGNATURES_MAX}"));
    }
    let mut signatures = Vec::with_capacity(request.signatures.len());
    for (index, line) in request.signatures.into_iter().enumerate() {
        let values::Signature { key_id, algorithm, value } = line;
        let named = |name: &str| (1..=NAME_BYTES_MAX).contains(&name.len()) && is_plain(name);
        if !named(&key_id) || !named(&algorithm) || value.len() > SIGNATURE_BYTES_MAX {
            let limits = format!(
                "key_id and algorithm have 1 to {NAME_BYTES_MAX} bytes without control characters, the value at most {SIGNATURE_BYTES_MAX}"
            );
            fields.fault(format!("signatures[{index}]"), "", limits);
        }
        signatures.push(SignatureLine { key_id, algorithm, value });
    }
    let send_time = request.send_time.as_ref().and_then(|at| fields.instant("send_time", Some(at)));
    fields.finish(Some(Issue { payload: request.payload, signatures, send_time }))
}

impl Issue {
    /// The paper, once its payload was read.
    pub(super) fn with(self, request_id: RequestId, envelope: Envelope) -> Incoming {
        Incoming { request_id, payload: self.payload, envelope, signatures: self.signatures, send_time: self.send_time }
    }
}

/// Reads the name of one of the caller's own papers; another's does not exist for him.
pub(super) fn own_paper(name: &str, caller: &DepartmentCode) -> Result<PaperName, Denial> {
    let mut fields = Fields::new();
    let parsed =
        fields.need("name", PaperName::parse(name), "must be senders/{department}/papers/{message id}, in lower case");
    let parsed = fields.finish(parsed)?;
    if parsed.sender == *caller { Ok(parsed) } else { Err(not_found(name)) }
}

/// Reads the parent of a list: the caller himself.
pub(super) fn own_parent(parent: &str, caller: &DepartmentCode) -> Result<(), Denial> {
    if parent.strip_prefix("senders/") == Some(caller.as_str()) {
        return Ok(());
    }
    let department = parent.strip_prefix("senders/").map(DepartmentCode::parse);
    let mut fields = Fields::new();
    let known = fields.need("parent", department.and_then(Result::ok), "must be senders/{department}");
    fields.finish(known)?;
    Err(Denial::NotFound { kind: "gateway.townlink/Sender", name: parent.to_owned() })
}

/// Checks where a watcher wants to go on: not before the journal, nor beyond its end, where another one was read.
pub(super) fn position(after: i64, last: i64) -> Result<(), Denial> {
    let mut fields = Fields::new();
    if !(0..=last).contains(&after) {
        fields.fault("after_position", "", format_args!("must be 0 to {last}, the last position of this journal"));
    }
    fields.finish(Some(()))
}

/// A paper that is not there, or not the caller's.
pub(crate) fn not_found(name: &str) -> Denial {
    Denial::NotFound { kind: "gateway.townlink/Paper", name: name.to_owned() }
}

/// Reads a digest.
pub(crate) fn digest(field: &str, digest: &[u8]) -> Result<Sm3Digest, Denial> {
    let mut fields = Fields::new();
    let digest = fields.read(field, "ID-DIGEST", Sm3Digest::try_from(digest));
    fields.finish(digest)
}

/// What is being put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The digest of the whole content.
    pub digest: Sm3Digest,
    /// Its size.
    pub size_bytes: u64,
    /// Where the first chunk belongs.
    pub offset: u64,
}

/// Reads the header of an upload.
pub(super) fn header(header: &pb::AttachmentHeader, bytes_max: u64) -> Result<Header, Denial> {
    let mut fields = Fields::new();
    let digest = fields.read("header.digest", "ID-DIGEST", Sm3Digest::try_from(&*header.digest));
    let size_bytes = fields.need("header.size_bytes", u64::try_from(header.size_bytes).ok(), "must not be negative");
    let offset = fields.need("header.offset_bytes", u64::try_from(header.offset_bytes).ok(), "must not be negative");
    if offset > size_bytes {
        fields.fault("header.offset_bytes", "", "must not be above the size");
    }
    let built = (|| Some(Header { digest: digest?, size_bytes: size_bytes?, offset: offset? }))();
    let read = fields.finish(built)?;
    if read.size_bytes > bytes_max {
        let refusal = Refusal::Attachment { index: None, fault: AttachmentFault::TooLarge };
        return Err(runtime::refusal::Refusal::from(refusal).into());
    }
    Ok(read)
}

/// How far an upload is, as the contract shows it.
pub(super) fn upload(digest: Sm3Digest, received: u64, complete: bool) -> Result<pb::AttachmentUpload, Failure> {
    Ok(pb::AttachmentUpload {
        digest: digest_to_wire(digest),
        received_bytes: i64::try_from(received).map_err(Failure::internal)?,
        complete,
    })
}

/// The metadata of a paper.
pub(crate) fn summary(envelope: &Envelope) -> values::PaperSummary {
    let day = |day: vocabulary::Date| day.to_string();
    values::PaperSummary {
        doc_type: envelope.doc_type.as_str().to_owned(),
        document_number: envelope.document_number.clone(),
        title: envelope.title.clone(),
        issuer: envelope.issuer.clone(),
        urgency: envelope.urgency.map(|urgency| urgency.as_str().to_owned()).unwrap_or_default(),
        main_to: envelope.main_to.clone(),
        copy_to: envelope.copy_to.clone(),
        issue_date: day(envelope.issue_date),
        due: envelope.due.map(day).unwrap_or_default(),
        action_class: envelope.action_class.map(|class| class.as_str().to_owned()).unwrap_or_default(),
        directive_type: envelope.directive.as_ref().map(|it| it.directive_type.clone()).unwrap_or_default(),
        ref_document_number: envelope.ref_document_number.clone().unwrap_or_default(),
    }
}

/// What the journal says of an accepted paper, but for its payload.
pub(super) fn particulars(name: &PaperName, paper: &Incoming, examined: &Examined, at: Timestamp) -> pb::PaperAccepted {
    pb::PaperAccepted {
        paper: name.to_string(),
        sender: name.sender.to_string(),
        payload: Bytes::new(),
        signatures: paper.signatures.iter().map(signature).collect(),
        findings: examined.findings.iter().map(finding).collect(),
        attachments: examined.attachments.iter().map(attachment).collect(),
        routes: examined.destinations.iter().map(route).collect(),
        accept_time: Some(instant_to_wire(at)),
    }
}

/// The journal's record of an accepted paper.
pub(super) fn accepted(particulars: pb::PaperAccepted, payload: Bytes) -> Record {
    let subject = particulars.paper.clone();
    Record::of(&pb::PaperAccepted { payload, ..particulars }, subject)
}

fn signature(line: &SignatureLine) -> values::Signature {
    let SignatureLine { key_id, algorithm, value } = line.clone();
    values::Signature { key_id, algorithm, value }
}

fn finding(finding: &Finding) -> values::Finding {
    values::Finding {
        code: finding.code.to_owned(),
        law: finding.law.to_owned(),
        message: finding.message.clone(),
        blocking: finding.weight == Weight::Blocking,
    }
}

fn attachment(attachment: &Attachment) -> values::Attachment {
    values::Attachment {
        name: attachment.name.clone(),
        size_bytes: i64::try_from(attachment.size_bytes).unwrap_or(i64::MAX),
        digest: digest_to_wire(attachment.digest),
        screened: attachment.screening == Screening::Screened,
    }
}

fn route(destination: &Destination) -> pb::Route {
    pb::Route {
        recipient: destination.recipient.code().to_owned(),
        copy: destination.purpose == Purpose::Copy,
        held: destination.passage == Passage::Held,
    }
}

/// A digest as contracts carry it.
pub(crate) fn digest_to_wire(digest: Sm3Digest) -> Bytes {
    Bytes::copy_from_slice(digest.as_bytes())
}

/// A paper as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Its name.
    pub name: PaperName,
    /// When it was accepted, in microseconds.
    pub accepted_us: i64,
    /// The payload; empty where it was not asked for.
    pub payload: Bytes,
    /// The digest of the payload.
    pub payload_digest: Bytes,
    /// The encoded summary.
    pub summary: Vec<u8>,
    /// The encoded particulars.
    pub particulars: Vec<u8>,
    /// The encoded first receipt.
    pub receipt: Vec<u8>,
}

/// A paper as its sender sees it: what is stored, and what became of it.
pub(crate) fn paper(stored: Stored, fate: Fate) -> Result<pb::Paper, Failure> {
    let particulars = pb::PaperAccepted::decode(&*stored.particulars).map_err(Failure::internal)?;
    let summary = values::PaperSummary::decode(&*stored.summary).map_err(Failure::internal)?;
    let first = pb::Receipt::decode(&*stored.receipt).map_err(Failure::internal)?;
    // Deliveries get their rows moments after the acceptance; until then the plan tells of them.
    let delivery = |route: &pb::Route| {
        let row = fate.deliveries.iter().find(|delivery| delivery.recipient == route.recipient).cloned();
        row.unwrap_or_else(|| planned(route))
    };
    Ok(pb::Paper {
        name: stored.name.to_string(),
        summary: Some(summary),
        accept_time: particulars.accept_time,
        payload_digest: stored.payload_digest,
        findings: particulars.findings,
        deliveries: particulars.routes.iter().map(delivery).collect(),
        receipts: std::iter::once(first).chain(fate.receipts).collect(),
        attachments: particulars.attachments,
        payload: stored.payload,
        urges: fate.urges,
        recall: fate.recall,
        extensions: fate.extensions,
        replies: fate.replies,
    })
}

fn planned(route: &pb::Route) -> pb::Delivery {
    let state = if route.held { pb::DeliveryState::Held } else { pb::DeliveryState::Queued };
    pb::Delivery { recipient: route.recipient.clone(), state: state.into(), ..pb::Delivery::default() }
}

/// When an accepted paper was accepted.
pub(crate) fn accept_time(accepted: &pb::PaperAccepted) -> Result<Timestamp, Failure> {
    let at = accepted.accept_time.as_ref().and_then(instant);
    at.ok_or_else(|| Failure::internal("an accepted paper has no time"))
}

#[cfg(test)]
mod tests {
    use runtime::testing::faults;

    use super::*;

    #[test]
    fn a_parent_is_read_in_its_one_spelling() {
        let caller = DepartmentCode::parse("water").expect("a department");
        own_parent("senders/water", &caller).expect("his own");
        for parent in ["", "senders/", "water", "senders/水务", "senders/water/", "senders/wa\nter"] {
            assert_eq!(faults(own_parent(parent, &caller)), ["parent"], "{parent}");
        }
        assert!(matches!(own_parent("senders/other", &caller), Err(Denial::NotFound { .. })));
    }

    #[test]
    fn control_characters_stand_in_no_key_id() {
        let line = |key_id: &str| values::Signature {
            key_id: key_id.to_owned(),
            algorithm: "SM2-SM3".to_owned(),
            value: Bytes::new(),
        };
        for key_id in ["", "a\nb", "a\u{202e}b"] {
            let request = pb::IssuePaperRequest { signatures: vec![line(key_id)], ..pb::IssuePaperRequest::default() };
            assert_eq!(faults(issue(request)), ["signatures[0]"], "{key_id}");
        }
        let unnamed = values::Signature { algorithm: String::new(), ..line("k-1") };
        let long = values::Signature { value: vec![0; SIGNATURE_BYTES_MAX + 1].into(), ..line("k-1") };
        let request = pb::IssuePaperRequest { signatures: vec![line("k-1"), unnamed, long], ..Default::default() };
        assert_eq!(faults(issue(request)), ["signatures[1]", "signatures[2]"]);
    }

    #[test]
    fn an_upload_goes_on_within_its_size() {
        let put = |size_bytes, offset_bytes| {
            let digest = Sm3Digest::of(b"a").as_bytes().to_vec().into();
            header(&pb::AttachmentHeader { digest, size_bytes, offset_bytes }, 10)
        };
        assert!(put(2, 2).is_ok());
        assert_eq!(faults(put(2, 3)), ["header.offset_bytes"]);
        assert_eq!(faults(put(-1, -1)), ["header.size_bytes", "header.offset_bytes"]);
        assert!(matches!(put(11, 0), Err(Denial::Refused(_))), "too large");
    }
}
