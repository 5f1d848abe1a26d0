//! Deliveries, between the contract and the state.

use bytes::Bytes;
use runtime::journal::Record;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::{DepartmentCode, Institution, MessageId, Sm3Digest};

use super::decide::{Event, Settlement};
use super::recall::AtGateway;
use super::state::{Content, Delivery, Enclosed, Ending, ReturnCode, Way};
use crate::fields::{Fields, instant_to_wire};
use crate::inbox::state::Purpose;
use crate::inbox::wire;
use crate::inbox::work::{Recall, Urge};

/// How large a payload may be (relay-and-sharing.md §8.2).
const PAYLOAD_MAX: usize = 256 * 1024;

/// A delivery that was read.
#[derive(Debug)]
pub(crate) enum Read {
    /// It is for one of the inboxes.
    Known(Box<Delivery>),
    /// The town has no such inbox. That is no fault of the request: the paper goes back.
    UnknownRecipient,
}

/// Reads a delivery.
pub(crate) fn delivery(request: pb::DeliverRequest) -> Result<Read, Denial> {
    let Some(recipient) = Institution::parse(&request.recipient).ok().filter(|it| it.code() == request.recipient)
    else {
        return Ok(Read::UnknownRecipient);
    };
    let mut fields = Fields::new();
    let sender = fields.read("sender", "", DepartmentCode::parse(&request.sender));
    let number = fields.need("number", (request.number >= 1).then_some(request.number), "must be 1 or more");
    let digest = fields.read("payload_digest", "", Sm3Digest::try_from(&*request.payload_digest));
    let previous = previous(&mut fields, request.number, &request.previous_digest);
    let message = message(&request.sender, &request.paper);
    let message = fields.need("paper", message, "must be senders/{department}/papers/{message id} of the sender");
    let content = content(&mut fields, request);
    let built = (|| {
        let way = Way { recipient, sender: sender? };
        Some(Delivery {
            way,
            number: number?,
            previous: previous?,
            message: message?,
            digest: digest?,
            content: content?,
        })
    })();
    fields.finish(built).map(|delivery| Read::Known(Box::new(delivery)))
}

/// The first delivery of an order follows nothing; every other one names the digest before it.
#[expect(clippy::option_option, reason = "a fault, and the first of an order, are two things")]
fn previous(fields: &mut Fields, number: i64, digest: &Bytes) -> Option<Option<Sm3Digest>> {
    if number == 1 {
        return fields.need("previous_digest", digest.is_empty().then_some(None), "must be empty for the first");
    }
    fields.read("previous_digest", "", Sm3Digest::try_from(&**digest)).map(Some)
}

fn message(sender: &str, paper: &str) -> Option<MessageId> {
    let id = paper.strip_prefix("senders/")?.strip_prefix(sender)?.strip_prefix("/papers/")?;
    MessageId::parse(id).ok().filter(|message| message.to_string() == id)
}

/// How long a reason, a note or a number may be.
const WORDS_MAX: usize = 2_000;

/// How long the id of an urge may be.
const ID_MAX: usize = 100;

fn at_gateway(name: &str) -> Option<AtGateway> {
    let (sender, _) = name.strip_prefix("senders/")?.split_once('/')?;
    Some(AtGateway { sender: DepartmentCode::parse(sender).ok()?, message: message(sender, name)? })
}

const NAME_FORM: &str = "must be senders/{department}/papers/{message id}";

/// Reads a recall.
pub(crate) fn recall(request: pb::RecallRequest) -> Result<(AtGateway, Recall), Denial> {
    let mut fields = Fields::new();
    let paper = fields.need("paper", at_gateway(&request.paper), NAME_FORM);
    let document_number = fields.text("document_number", request.document_number, WORDS_MAX);
    let reason = fields.text("reason", request.reason, WORDS_MAX);
    let at = fields.instant("time", request.time.as_ref());
    let built = (|| Some((paper?, Recall { document_number: document_number?, reason: reason?, at: at? })))();
    fields.finish(built)
}

/// Reads an urge.
pub(crate) fn urge(request: pb::UrgeRequest) -> Result<(AtGateway, Urge), Denial> {
    let mut fields = Fields::new();
    let paper = fields.need("paper", at_gateway(&request.paper), NAME_FORM);
    let urge = fields.text("urge", request.urge, ID_MAX);
    let note = fields.text("note", request.note, WORDS_MAX);
    let at = fields.instant("time", request.time.as_ref());
    let built = (|| Some((paper?, Urge { urge: urge?, note: note?, at: at? })))();
    fields.finish(built)
}

/// What the delivery brings. The digest of the payload is computed here, outside the transaction.
fn content(fields: &mut Fields, request: pb::DeliverRequest) -> Option<Content> {
    if request.payload.is_empty() {
        return Some(Content::Tombstone);
    }
    if request.payload.len() > PAYLOAD_MAX {
        fields.fault("payload", "", format_args!("has more than {PAYLOAD_MAX} bytes"));
    }
    let summary = fields.need("summary", request.summary, "must be given");
    if let Some(summary) = &summary {
        read_as_stored(fields, summary);
    }
    for (index, attachment) in request.attachments.iter().enumerate() {
        fields.plain(&format!("attachments[{index}].name"), &attachment.name);
    }
    let attachments: Option<Vec<_>> = request.attachments.into_iter().map(wire::attachment).collect();
    let attachments = fields.need("attachments", attachments, "must each have an SM3 digest of 32 bytes");
    let accepted = fields.instant("accept_time", request.accept_time.as_ref());
    Some(Content::Paper(Box::new(Enclosed {
        payload_digest: Sm3Digest::of(&request.payload),
        payload: request.payload,
        purpose: if request.copy { Purpose::Information } else { Purpose::Action },
        summary: wire::summary(summary?),
        findings: request.findings.into_iter().map(wire::finding).collect(),
        attachments: attachments?,
        signatures: request.signatures.into_iter().map(wire::signature).collect(),
        accepted: accepted?,
    })))
}

/// Notes the texts of a summary that are not plain: people decide by what it shows.
fn read_as_stored(fields: &mut Fields, summary: &values::PaperSummary) {
    let values::PaperSummary {
        doc_type,
        document_number,
        title,
        issuer,
        urgency,
        main_to,
        copy_to,
        issue_date,
        due,
        action_class,
        directive_type,
        ref_document_number,
    } = summary;
    let single = [
        ("doc_type", doc_type),
        ("document_number", document_number),
        ("title", title),
        ("issuer", issuer),
        ("urgency", urgency),
        ("issue_date", issue_date),
        ("due", due),
        ("action_class", action_class),
        ("directive_type", directive_type),
        ("ref_document_number", ref_document_number),
    ];
    for (name, text) in single {
        fields.plain(&format!("summary.{name}"), text);
    }
    for (name, texts) in [("main_to", main_to), ("copy_to", copy_to)] {
        for (index, text) in texts.iter().enumerate() {
            fields.plain(&format!("summary.{name}[{index}]"), text);
        }
    }
}

/// How a delivery ended, as the contract says it.
pub(crate) fn ending(ending: &Ending) -> pb::DeliverResponse {
    match ending {
        Ending::Accepted(name) => {
            pb::DeliverResponse { inbox_paper: name.to_string(), ..pb::DeliverResponse::default() }
        }
        Ending::Tombstone => pb::DeliverResponse::default(),
        Ending::Returned(code) => returned(*code),
    }
}

/// A return without a person's look.
pub(crate) fn returned(code: ReturnCode) -> pb::DeliverResponse {
    pb::DeliverResponse { return_code: code.as_str().to_owned(), ..pb::DeliverResponse::default() }
}

impl runtime::journal::Event for Event {
    fn record(&self) -> Record {
        let name = &self.name;
        let bare = pb::InboxPaper {
            name: name.to_string(),
            paper: name.at_gateway(),
            number: self.number,
            payload_digest: wire::digest_to_wire(&self.digest),
            arrive_time: Some(instant_to_wire(self.arrived)),
            ..pb::InboxPaper::default()
        };
        let mut arrived = pb::PaperArrived {
            sender: name.sender.to_string(),
            tombstone: true,
            previous_digest: self.previous.as_ref().map(wire::digest_to_wire).unwrap_or_default(),
            ..pb::PaperArrived::default()
        };
        match &self.settlement {
            Settlement::Arrived(arrival, due) => {
                arrived.tombstone = false;
                arrived.signatures = arrival.signatures.iter().map(wire::signature_to_wire).collect();
                arrived.paper = Some(pb::InboxPaper {
                    stage: pb::InboxStage::Arrived.into(),
                    summary: Some(wire::summary_to_wire(&arrival.summary)),
                    copy: arrival.purpose == Purpose::Information,
                    findings: arrival.findings.iter().map(wire::finding_to_wire).collect(),
                    attachments: arrival.attachments.iter().map(wire::attachment_to_wire).collect(),
                    accept_time: Some(instant_to_wire(arrival.accepted)),
                    payload: arrival.payload.clone(),
                    work: due.as_ref().map(|due| pb::PaperWork {
                        due: Some(wire::work::due_to_wire(due)),
                        ..pb::PaperWork::default()
                    }),
                    ..bare
                });
                // The paper is what later entries are about.
                return Record::of(&arrived, name.to_string());
            }
            Settlement::Tombstone => arrived.paper = Some(bare),
            Settlement::Returned(code) => {
                arrived.paper = Some(pb::InboxPaper { return_code: code.as_str().to_owned(), ..bare });
            }
        }
        Record::of(&arrived, format!("inboxes/{}/deliveries/{}-{}", name.inbox, name.sender, self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> pb::DeliverRequest {
        let payload = Bytes::from_static(b"{\"v\":1}");
        pb::DeliverRequest {
            recipient: "OFFICE".to_owned(),
            sender: "government".to_owned(),
            number: 2,
            previous_digest: wire::digest_to_wire(&Sm3Digest::of(b"one")),
            paper: "senders/government/papers/f81d4fae-7dec-11d0-a765-00a0c91e6bf6".to_owned(),
            payload_digest: wire::digest_to_wire(&Sm3Digest::of(&payload)),
            payload,
            summary: Some(values::PaperSummary::default()),
            copy: true,
            accept_time: Some(prost_types::Timestamp { seconds: 1_772_413_200, nanos: 0 }),
            ..pb::DeliverRequest::default()
        }
    }

    fn known(request: pb::DeliverRequest) -> Delivery {
        match delivery(request) {
            Ok(Read::Known(delivery)) => *delivery,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_delivery_is_read() {
        let read = known(request());
        assert_eq!((read.number, read.previous), (2, Some(Sm3Digest::of(b"one"))));
        let Content::Paper(paper) = read.content else { panic!("a paper came") };
        assert_eq!((paper.payload_digest, paper.purpose), (read.digest, Purpose::Information));
    }

    #[test]
    fn a_tombstone_needs_no_more_than_its_place_in_the_order() {
        let buried = pb::DeliverRequest { payload: Bytes::new(), summary: None, accept_time: None, ..request() };
        assert_eq!(known(buried).content, Content::Tombstone);
    }

    #[test]
    fn an_unknown_recipient_is_no_fault_of_the_request() {
        for recipient in ["", "MAYOR", "office"] {
            let read = delivery(pb::DeliverRequest { recipient: recipient.to_owned(), ..Default::default() });
            assert!(matches!(read, Ok(Read::UnknownRecipient)), "{recipient}");
        }
    }

    #[test]
    fn every_bad_field_is_told() {
        let bad = pb::DeliverRequest {
            sender: "人社局".to_owned(),
            number: 0,
            previous_digest: Bytes::from_static(b"short"),
            payload_digest: Bytes::new(),
            payload: Bytes::from(vec![b' '; PAYLOAD_MAX + 1]),
            summary: None,
            accept_time: None,
            attachments: vec![values::Attachment::default()],
            ..request()
        };
        let Err(Denial::Malformed(faults)) = delivery(bad) else { panic!("it is malformed") };
        let named: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
        let expected = [
            "sender",
            "number",
            "payload_digest",
            "previous_digest",
            "paper",
            "payload",
            "summary",
            "attachments",
            "accept_time",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn what_does_not_read_as_it_is_stored_is_told() {
        let odd = || "甲\u{202e}乙".to_owned();
        let summary = values::PaperSummary {
            doc_type: odd(),
            document_number: odd(),
            title: "甲\n乙".to_owned(),
            issuer: odd(),
            urgency: odd(),
            main_to: vec!["张浦镇人民政府".to_owned(), odd()],
            copy_to: vec![odd()],
            issue_date: odd(),
            due: odd(),
            action_class: odd(),
            directive_type: odd(),
            ref_document_number: odd(),
        };
        let digest = wire::digest_to_wire(&Sm3Digest::of(b"x"));
        let attachments = vec![values::Attachment { name: odd(), digest, ..values::Attachment::default() }];
        let bad = pb::DeliverRequest { summary: Some(summary), attachments, ..request() };
        let Err(Denial::Malformed(faults)) = delivery(bad) else { panic!("it is malformed") };
        let named: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
        let expected = [
            "summary.doc_type",
            "summary.document_number",
            "summary.title",
            "summary.issuer",
            "summary.urgency",
            "summary.issue_date",
            "summary.due",
            "summary.action_class",
            "summary.directive_type",
            "summary.ref_document_number",
            "summary.main_to[1]",
            "summary.copy_to[0]",
            "attachments[0].name",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn only_the_first_follows_nothing() {
        for (number, previous) in [(1, wire::digest_to_wire(&Sm3Digest::of(b"x"))), (2, Bytes::new())] {
            let read = delivery(pb::DeliverRequest { number, previous_digest: previous, ..request() });
            assert!(matches!(read, Err(Denial::Malformed(_))), "{number}");
        }
        assert_eq!(known(pb::DeliverRequest { number: 1, previous_digest: Bytes::new(), ..request() }).previous, None);
    }
}
